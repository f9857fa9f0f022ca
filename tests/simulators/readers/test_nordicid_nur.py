"""The simulated NUR reader answers as the documents show; nurapy, a foreign library, reads what it streams."""

import json
import struct
from pathlib import Path

import pytest
from nurapy.protocol.command.inventory_stream import parse_inventory_stream_notification

from simulators.pace import Pace
from simulators.radio import Radio
from simulators.readers.nordicid_nur import ROUNDS_IN_STREAM, NurReader, encode_frame

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "nordicid_nur.jsonl"
TAGS = "".join(
    f'{{"antenna": {1 + n % 2}, "epc": "30{n:022X}", "tid": "E28011602000{n:012X}", "rssi_dbm": -50}}\n'
    for n in range(6)
)
SETUP = struct.pack("<IBBBBB", 0x2154, 7, 0, 1, 3, 2)


def vector(name: str) -> bytes:
    lines = [json.loads(line) for line in VECTORS.read_text().splitlines()]
    return bytes.fromhex(next(line["hex"] for line in lines if line["id"] == name))


def reader(tags: str = TAGS) -> NurReader:
    made = NurReader(Radio(seed=1), pace=Pace(rate=500))
    made.load(tags)
    return made


def status(one: NurReader, command: int, body: bytes = b"") -> int:
    (answer,) = one.feed(encode_frame(command, body), 0.0)
    return answer[7]


def told(one: NurReader, until_s: float) -> list[bytes]:
    return [frame for step in range(int(until_s * 1000)) for frame in one.due(step / 1000)]


def test_get_mode_is_answered_byte_for_byte() -> None:
    assert reader().feed(vector("nur-004"), 0.0) == [vector("nur-016")]


@pytest.mark.parametrize("words", [0, 6])
def test_a_foreign_library_reads_its_notifications(words: int) -> None:
    one = reader()
    assert status(one, 0x22, SETUP) == 0
    assert status(one, 0x41, bytes((1, 0, 2, 0, 0, 0, 0, words)) if words else b"\0") == 0
    assert status(one, 0x39, b"\0") == 0

    frames = told(one, 0.2)

    known = {f"30{n:022X}": f"E28011602000{n:012X}" for n in range(6)}
    heard = set()
    for frame in frames:
        _, tags = parse_inventory_stream_notification(bytearray(frame[8:-2]), with_ir_data=bool(words))
        assert [bytes(tag.epc).hex().upper() for tag in tags] == list(one.tags_of(frame))
        heard |= {(bytes(tag.epc).hex().upper(), bytes(tag.user_mem or b"").hex().upper()) for tag in tags}
        assert {tag.antenna_id for tag in tags} <= {0, 1}
    assert heard == {(epc, tid if words else "") for epc, tid in known.items()}


def test_an_empty_field_is_told_and_the_stream_ends_by_itself() -> None:
    one = reader("")
    status(one, 0x39, b"\0")

    frames = told(one, 6.0)

    assert len(frames) == ROUNDS_IN_STREAM
    assert {frame[7] for frame in frames} == {0x20}
    assert [frame[8] for frame in frames[-2:]] == [0, 1]
    assert one.next_due_s() is None


def test_a_stop_tells_the_rest_first() -> None:
    one = NurReader(Radio(seed=1), pace=Pace(rate=10))
    one.load("".join(f'{{"antenna": 1, "epc": "30{n:022X}"}}\n' for n in range(40)))
    status(one, 0x39, b"\0")
    before = told(one, 0.001)

    *rest, stopped = one.feed(vector("nur-009"), 0.1)

    assert stopped == encode_frame(0x0E, b"\0")
    assert one.reads_told == sum(len(one.tags_of(frame)) for frame in [*before, *rest]) > 16
    assert one.due(9.0) == []


@pytest.mark.parametrize(
    ("command", "body", "code"),
    [
        (0x22, SETUP[:5], 2),
        (0x22, struct.pack("<IBBBBB", 0x2154, 20, 0, 1, 3, 2), 3),
        (0x22, struct.pack("<IBBBBB", 0x2154, 7, 18, 1, 3, 2), 3),
        (0x22, struct.pack("<IBBBBB", 0x2154, 7, 0, 1, 0x10, 2), 3),
        (0x41, b"\1", 3),
        (0x77, b"", 1),
    ],
)
def test_orders_that_cannot_be_carried_out_are_refused(command: int, body: bytes, code: int) -> None:
    assert status(reader(), command, body) == code


def test_noise_and_broken_orders_are_passed_over_and_an_acknowledgement_has_no_answer() -> None:
    order = vector("nur-004")
    broken = order[:-1] + bytes((order[-1] ^ 1,))

    assert reader().feed(b"\0\xa5\xa5" + broken + encode_frame(0x02) + order, 0.0) == [vector("nur-016")]
