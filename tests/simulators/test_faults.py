"""Faults harm frames as often as asked, the same way for the same seed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.faults import Chunk, Faults, FaultsError, FaultyWire, parse_faults

FRAMES = [bytes((n, n + 1, n + 2)) for n in range(100)] * 20


def carried(faults: Faults, *, seed: int = 1, frames: list[bytes] = FRAMES) -> list[Chunk]:
    wire = FaultyWire(faults, seed=seed)
    return [*wire.carry(frames), *wire.release()]


def test_every_fault_is_read_from_its_text() -> None:
    faults = parse_faults("split=0.2, glue=0.1,drop=0.01,repeat=0.02,corrupt=0.03,burst=0.04,delay=0.05:30")

    assert faults == Faults(
        split=0.2, glue=0.1, drop=0.01, repeat=0.02, corrupt=0.03, burst=0.04, delay=0.05, delay_ms=30.0
    )
    assert parse_faults("").are_none


@pytest.mark.parametrize(
    "text", ["rust=1", "drop", "drop=x", "drop=1.5", "drop=-1", "drop=0.1:3", "delay=0.1:99999999"]
)
def test_fault_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(FaultsError, match="Fault"):
        parse_faults(text)


def test_perfect_cable_changes_nothing() -> None:
    assert b"".join(chunk.octets for chunk in carried(Faults())) == b"".join(FRAMES)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=30), st.integers(0, 2**32))
def test_split_glue_and_delay_lose_no_byte(frames: list[bytes], seed: int) -> None:
    chunks = carried(Faults(split=0.5, glue=0.5, delay=0.3), seed=seed, frames=frames)

    assert b"".join(chunk.octets for chunk in chunks) == b"".join(frames)


def test_drop_and_repeat_come_as_often_as_asked() -> None:
    dropped = len(b"".join(chunk.octets for chunk in carried(Faults(drop=0.3)))) / 6000
    repeated = len(b"".join(chunk.octets for chunk in carried(Faults(repeat=0.3)))) / 6000

    assert abs(dropped - 0.7) < 0.06
    assert abs(repeated - 1.3) < 0.06


@pytest.mark.parametrize(("faults", "count"), [(Faults(corrupt=1.0), 1), (Faults(burst=1.0), 2)])
def test_damage_turns_as_many_bits_as_asked_and_the_frame_counts_as_not_intact(faults: Faults, count: int) -> None:
    wire = FaultyWire(faults, seed=4)

    harmed = [chunk.octets for chunk in wire.carry(FRAMES)]

    turned = [int.from_bytes(a, "big") ^ int.from_bytes(b, "big") for a, b in zip(FRAMES, harmed, strict=True)]
    assert all(bits.bit_count() == count for bits in turned)
    assert wire.intact_frames == 0


def test_frames_that_went_out_whole_are_told_and_no_others() -> None:
    whole: list[bytes] = []
    wire = FaultyWire(Faults(drop=0.3, corrupt=0.3, split=0.5, glue=0.5), seed=2, watch=whole.append)
    stream = b"".join(chunk.octets for chunk in [*wire.carry(FRAMES), *wire.release()])

    assert 0 < len(whole) == wire.intact_frames < len(FRAMES)
    assert all(frame in stream for frame in whole)


def test_same_seed_harms_the_same_frames() -> None:
    faults = parse_faults("split=0.2,glue=0.2,drop=0.1,repeat=0.1,corrupt=0.1,delay=0.1")

    assert carried(faults, seed=6) == carried(faults, seed=6)
    assert carried(faults, seed=6) != carried(faults, seed=7)
