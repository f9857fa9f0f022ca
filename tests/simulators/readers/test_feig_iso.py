"""The simulated FEIG reader answers published frames with published frames, and keeps what its tags have been told.

Sources of the frames: tests/vectors/feig_iso.jsonl (Amarok79/InlayTester.Drivers.FeigReader); record layout with antennas
from the RF290R manual C79000-G8976-C377-01, page 62.
"""

import pytest

from simulators.pace import Pace
from simulators.radio import Hearing, Radio
from simulators.readers.feig_frames import CommandReader, encode_command, encode_reply, reply_body
from simulators.readers.feig_iso import FeigReader
from simulators.tags import Tag, TagsFileError, encode_tag
from tests.reader_drivers.conformance import load_vectors

UID = "E0040150A05F02B7"
PUBLISHED = {vector["id"]: bytes.fromhex(vector["hex"]) for vector in load_vectors("feig_iso")}
INVENTORY, MORE = b"\x01\x00", b"\x01\x80"


class Sure(Radio):
    """Hears every tag of the antenna in each pass, so that a test says what comes."""

    def __init__(self, *tags: Tag) -> None:
        super().__init__(tags)
        self.tags = tags

    def hear(self, antenna: int) -> list[Hearing]:
        return [Hearing(tag, antenna, tag.rssi_dbm) for tag in self.tags if tag.antenna == antenna]


def tag(number: int, antenna: int = 1) -> Tag:
    return Tag(antenna, bytes.fromhex(f"E004{number:012X}"), rssi_dbm=-40)


def reader(*tags: Tag, model: str = "pad", upsets: float = 0.0) -> FeigReader:
    return FeigReader(Sure(*tags), pace=Pace(pass_s_min=0.0), model=model, upsets=upsets)


def ask(one: FeigReader, command: int, payload: bytes = b"", *, is_advanced: bool = False) -> bytes:
    """Status and data of the reply."""
    (frame,) = one.feed(encode_command(command, payload, is_advanced=is_advanced), 0.0)
    return reply_body(frame)[2:]


def test_published_commands_are_what_a_host_would_encode() -> None:
    assert encode_command(0x65) == PUBLISHED["feig-002"]
    assert encode_command(0x80, b"\x07", address=0x12, is_advanced=True) == PUBLISHED["feig-003"]
    assert encode_command(0xB0, INVENTORY, is_advanced=True) == PUBLISHED["feig-011"]


def test_inventory_of_one_tag_is_the_published_reply() -> None:
    one = reader(Tag(1, bytes.fromhex(UID)))

    assert one.feed(encode_command(0xB0, INVENTORY), 0.0) == [PUBLISHED["feig-007"]]
    assert one.tags_of(PUBLISHED["feig-007"]) == (UID,)


def test_reader_without_tags_says_so_as_published() -> None:
    assert reader().feed(PUBLISHED["feig-011"], 0.0) == [PUBLISHED["feig-015"]]


def test_version_is_the_published_one_in_the_framing_of_the_command() -> None:
    version = bytes.fromhex("00650003030044530D30")

    assert reply_body(reader().feed(PUBLISHED["feig-002"], 0.0)[0]) == version
    assert reader().feed(encode_command(0x65, is_advanced=True), 0.0)[0] in PUBLISHED["feig-017"]


def test_more_data_is_the_published_reply() -> None:
    record = bytes.fromhex("010300" + UID)

    assert encode_reply(0xB0, record, status=0x94, is_advanced=True) == PUBLISHED["feig-014"]


def test_tag_once_told_is_quiet_until_the_field_is_reset() -> None:
    one = reader(tag(1))

    first = ask(one, 0xB0, INVENTORY)
    again = ask(one, 0xB0, INVENTORY)
    reset = ask(one, 0x69)
    after = ask(one, 0xB0, INVENTORY)

    assert (first[0], again, reset, after) == (0x00, b"\x01", b"\x00", first)


def test_tags_beyond_one_reply_wait_for_the_host_to_ask_for_more() -> None:
    one = reader(*(tag(n) for n in range(60)))
    parts = [ask(one, 0xB0, INVENTORY), ask(one, 0xB0, MORE), ask(one, 0xB0, MORE)]

    assert [(part[0], part[1]) for part in parts] == [(0x94, 24), (0x94, 24), (0x00, 12)]
    assert b"".join(part[2:] for part in parts) == b"".join(b"\x03\x00" + tag(n).epc for n in range(60))
    assert ask(one, 0xB0, MORE) == b"\x01"
    assert one.reads_told == 60


def test_reply_too_long_for_the_standard_framing_takes_the_advanced_one() -> None:
    one = reader(*(tag(n) for n in range(60)), model="long")
    (frame,) = one.feed(encode_command(0xB0, INVENTORY), 0.0)

    assert frame[:3] == b"\x02" + len(frame).to_bytes(2, "big")
    assert reply_body(frame)[2:4] == bytes((0x00, 60))


def test_records_of_a_reader_with_antennas_tell_them() -> None:
    one = reader(tag(1, antenna=1), tag(2, antenna=3), tag(3, antenna=2), model="mux")
    answer = ask(one, 0xB0, bytes((0x01, 0x10, 0b101)))

    records = [f"10 03 00 08 {tag(n).epc.hex()} 01 {ant:02x} 00 28 00000000" for n, ant in ((1, 1), (2, 3))]
    assert answer == bytes.fromhex("00 02" + "".join(records))


def test_antenna_switched_away_wakes_its_tags() -> None:
    one = reader(tag(1, antenna=1), tag(2, antenna=2), model="mux")
    both = bytes((0x01, 0x10, 0b11))

    assert ask(one, 0xB0, both)[1] == 2
    assert ask(one, 0xB0, both)[1] == 2


def test_reader_with_one_antenna_refuses_to_tell_antennas() -> None:
    assert ask(reader(tag(1)), 0xB0, bytes((0x01, 0x10, 0x01))) == b"\x11"
    assert ask(reader(model="mux"), 0xB0, bytes((0x01, 0x10, 0x00))) == b"\x11"


def test_field_that_is_off_hears_nothing() -> None:
    one = reader(tag(1))
    ask(one, 0x6A, b"\x00")
    silent = ask(one, 0xB0, INVENTORY)
    ask(one, 0x6A, b"\x01")

    assert silent == b"\x01"
    assert ask(one, 0xB0, INVENTORY)[0] == 0x00


def test_disturbed_inventory_ends_with_a_status_that_carries_tags_or_says_collision() -> None:
    seen = set()
    for seed in range(40):
        one = FeigReader(Sure(tag(1)), seed=seed, pace=Pace(pass_s_min=0.0), upsets=1.0)
        answer = ask(one, 0xB0, INVENTORY)
        seen.add(answer[0])
        assert (answer[1:] == b"") == (answer[0] == 0x0B)

    assert seen == {0x0B, 0x83, 0x84}


@pytest.mark.parametrize(
    ("command", "payload", "answer"),
    [
        (0x65, "00", "81"),
        (0x66, "00", "00 03030044530D30 0400 00FF"),
        (0x66, "10", "11"),
        (0x6A, "02", "11"),
        (0x80, "07", "00" + "00" * 14),
        (0x81, "07", "81"),
        (0x52, "00", "00"),
        (0xA5, "", "80"),
        (0xB0, "01", "81"),
        (0xB0, "7700", "80"),
        (0xB0, "2301E0040150A05F02B8 00 01", "01"),
        (0xB0, "2301E0040150A05F02B7 1B 02", "95 10"),
        (0xB0, "2301E0040150A05F02B7 00 02", "00 02 04 00 00000000 00 00000000"),
        (0xB0, "2321E0040150A05F02B7 00 0000 01", "00 01 04 00 00000000"),
        (0xB0, "2500", "00"),
        (0xB0, "2302 00 01", "01"),
    ],
)
def test_orders_and_mistakes_have_their_answer(command: int, payload: str, answer: str) -> None:
    assert ask(reader(Tag(1, bytes.fromhex(UID))), command, bytes.fromhex(payload)) == bytes.fromhex(answer)


def test_written_block_is_read_back_and_two_tags_refuse_a_nameless_write() -> None:
    one = reader(Tag(1, bytes.fromhex(UID)))
    name = b"\x01" + bytes.fromhex(UID)

    assert ask(one, 0xB0, b"\x24" + name + b"\x05\x01\x04BAGU") == b"\x00"
    assert ask(one, 0xB0, b"\x23" + name + b"\x05\x01") == b"\x00\x01\x04\x00BAGU"
    assert ask(reader(tag(1), tag(2)), 0xB0, b"\x24\x00\x05\x01\x04BAGU") == b"\x0b"


def test_reset_reader_is_deaf_for_a_while_and_forgets() -> None:
    one = reader(tag(1))
    ask(one, 0xB0, INVENTORY)

    assert reply_body(one.feed(encode_command(0x63), 1.0)[0])[2:] == b"\x00"
    assert one.feed(encode_command(0xB0, INVENTORY), 1.1) == []
    assert reply_body(one.feed(encode_command(0xB0, INVENTORY), 2.0)[0])[2:4] == b"\x00\x01"


def test_code_that_is_no_uid_is_refused() -> None:
    with pytest.raises(TagsFileError, match="E0"):
        FeigReader(Radio()).load(encode_tag(Tag(1, bytes.fromhex("B7025FA0500104E0"))))


def test_noise_and_broken_commands_before_one_are_passed_over() -> None:
    broken = bytearray(encode_command(0x65))
    broken[-1] ^= 1
    found = CommandReader().feed(b"\x00\x01\x04" + bytes(broken) + PUBLISHED["feig-011"] + PUBLISHED["feig-002"], 0.0)

    assert [(one.code, one.is_advanced) for one in found] == [(0xB0, True), (0x65, False)]


def test_answer_takes_the_time_of_its_tags() -> None:
    one = FeigReader(Sure(*(tag(n) for n in range(10))), pace=Pace(rate=50.0), upsets=0.0)

    assert one.feed(encode_command(0xB0, INVENTORY), 5.0) == []
    assert one.next_due_s() == pytest.approx(5.2)
    assert len(one.due(5.2)) == 1
