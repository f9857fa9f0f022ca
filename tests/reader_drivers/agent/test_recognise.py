"""Which protocol some bytes speak: with the published frames of every protocol."""

import pytest

from reader_drivers.agent.protocols import PROTOCOLS
from reader_drivers.agent.recognise import BYTES_MAX, KINDS, recognise
from tests.reader_drivers.conformance import CASES, Case

NOT_ON_A_LINE = {"pcsc", "hid_keyboard"}
"""Their records are made by the adapter; nobody finds them on a port."""
ON_A_LINE = [case for case in CASES if case.entry.name not in NOT_ON_A_LINE]
each_case = pytest.mark.parametrize("case", ON_A_LINE, ids=lambda case: str(case.entry.name))


@each_case
def test_published_frames_are_recognised_as_their_protocol(case: Case) -> None:
    assert recognise(b"".join(case.frames)) is case.entry


@each_case
def test_each_published_frame_alone_is_recognised_too(case: Case) -> None:
    assert {recognise(frame) for frame in case.frames} == {case.entry}


@each_case
def test_noise_around_a_frame_hides_it_from_nobody(case: Case) -> None:
    frame = max(case.frames, key=len)

    assert recognise(case.noise + frame + case.noise + frame) is case.entry


def test_noise_and_silence_are_nobody() -> None:
    assert recognise(b"") is None
    assert recognise(bytes(range(0x80, 0xFF)) * 20) is None


def test_a_long_stream_is_judged_by_its_end() -> None:
    case = next(case for case in CASES if case.entry.name == "r2000_a0")

    assert recognise(b"\x00" * 10 * BYTES_MAX + b"".join(case.frames) * 60) is case.entry


def test_every_protocol_has_a_name_for_people() -> None:
    assert {entry.name for entry in PROTOCOLS} <= set(KINDS)
