"""A job of the server goes on whatever one of its turns meets."""

import asyncio
from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from server.api.jobs import keep
from server.core.errors import Conflict


class EnoughSeen(BaseException):
    """Ends the job from within its step, as a cancellation does."""


class Busy(Conflict):
    code = "busy"


def turns(*outcomes: int | Exception) -> tuple[list[int], list[MutableMapping[str, Any]]]:
    """What each turn was given, and what was said, when the turns have these outcomes."""
    given: list[int] = []
    left: Iterator[int | Exception] = iter(outcomes)

    async def step(reached: int) -> int:
        given.append(reached)
        match next(left, None):
            case None:
                raise EnoughSeen
            case int(size):
                return size
            case defect:
                raise defect

    with capture_logs() as said, pytest.raises(EnoughSeen):
        asyncio.run(keep(step, every_s=0, failure="not_done"))
    return given, said


def test_a_defect_of_one_turn_is_said_and_the_next_turn_goes_on_from_the_last_good_one() -> None:
    given, said = turns(7, RuntimeError("the disk was full"), 9)

    assert given == [0, 7, 7, 9]
    assert [(line["event"], line["code"]) for line in said] == [("not_done", "defect")]


def test_a_reason_is_said_once_until_it_changes_or_a_turn_went_well() -> None:
    _, said = turns(Busy("wait"), Busy("wait"), RuntimeError("a"), RuntimeError("a"), 1, Busy("wait"))

    assert [line["code"] for line in said] == ["busy", "defect", "busy"]
