"""Findings: what can be said of a pack, one property at a time. There is never one tick for all."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from server.core.errors import Malformed


class Property(StrEnum):
    """What a pack can be asked, in the order in which the answers build on each other."""

    BYTES = "BYTES"
    APPEND_ONLY = "APPEND-ONLY"
    COMPLETE = "COMPLETE"
    TWO_PEOPLE = "TWO PEOPLE"
    BLIND = "BLIND"
    DRAW = "DRAW"
    RECORDS = "RECORDS"
    TIME = "TIME"
    TAIL = "TAIL"


NEEDED: Final = frozenset(
    {Property.BYTES, Property.APPEND_ONLY, Property.COMPLETE, Property.TWO_PEOPLE, Property.BLIND}
)
"""Without these a pack is not verified; the others are reported."""

NOT_CLAIMED: Final = (
    "that a tag heard was still on its jewel",
    "that what people entered was true when they entered it",
    "that two people did not agree beforehand",
)
"""What no pack can show, said with every answer."""


class State(StrEnum):
    """One property's answer."""

    OK = "ok"
    BROKEN = "broken"
    CANNOT_TELL = "cannot tell"


class RecordBroken(Malformed):
    """A record of the pack contradicts another. `record` names the first such record."""

    code: ClassVar[str] = "record_broken"

    def __init__(self, record: str, sentence: str) -> None:
        super().__init__(sentence, record=record)
        self.record = record


@dataclass(frozen=True, slots=True)
class Finding:
    """One property of one pack."""

    property: Property
    state: State
    sentence: str
    first_bad: str | None = None
    """First record that breaks the property: a member's path or `leaf N`; None unless broken."""


@dataclass(frozen=True, slots=True)
class Verification:
    """All findings about one pack, in the order of `Property`."""

    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """0 verified, 1 broken, 2 cannot tell. Broken beats cannot tell."""
        if any(finding.state is State.BROKEN for finding in self.findings):
            return 1
        needed = {finding.property for finding in self.findings if finding.state is State.OK}
        return 0 if needed >= NEEDED else 2

    @property
    def verdict(self) -> str:
        """`verified`, `broken` or `cannot tell`."""
        return ("verified", "broken", "cannot tell")[self.exit_code]
