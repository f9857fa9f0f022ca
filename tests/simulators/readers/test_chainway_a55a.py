"""The simulated Chainway reader against frames of the vendor's libraries and of recorded readers."""

import pytest

from simulators.pace import Pace
from simulators.radio import Hearing, Radio
from simulators.readers.chainway_a55a import ChainwayReader, encode_frame
from simulators.tags import Tag

TAGS = '{"antenna": 1, "epc": "E200001B260C02562050E0F8", "tid": "E28011602000000000000001", "rssi_dbm": -64}\n'
RECORDED = "A55A0019833000E200001B260C02562050E0F800C001840D0A"
START = "A55A000A820000880D0A"
STOP = "A55A00088C840D0A"
VERSION = "A55A0008020A0D0A"


def reader(model: str = "tenths") -> ChainwayReader:
    made = ChainwayReader(Radio(seed=1), model=model, pace=Pace(rate=100))
    made.load(TAGS)
    return made


def ask(one: ChainwayReader, order: str) -> list[str]:
    return [frame.hex().upper() for frame in one.feed(bytes.fromhex(order), 0.0)]


def order(command: int, payload: str) -> str:
    return encode_frame(command, bytes.fromhex(payload)).hex()


def test_an_older_reader_tells_a_recorded_frame_byte_for_byte() -> None:
    one = reader("whole")

    frame = one._tell(Hearing(Tag(1, bytes.fromhex("E200001B260C02562050E0F8")), antenna=1, rssi_dbm=-64))

    assert frame.hex().upper() == RECORDED
    assert one.tags_of(frame) == ("E200001B260C02562050E0F8",)


def test_strength_in_tenths_and_the_tid_when_the_mode_asks_for_it() -> None:
    one = reader()
    ask(one, order(0x70, "00010000"))

    frame = one._tell(Hearing(Tag(3, bytes(4), bytes.fromhex("E28011602000000000000001")), antenna=3, rssi_dbm=-60))

    assert frame[5:-3].hex().upper() == "1000" + "00000000" + "E28011602000000000000001" + "FDA8" + "03"


def test_it_streams_until_the_stop_and_answers_nothing_else_meanwhile() -> None:
    one = reader()
    assert ask(one, START) == []
    frames = [frame for step in range(500) for frame in one.due(step / 1000)]
    assert len(frames) == one.reads_told > 20

    assert ask(one, VERSION) == []
    assert ask(one, STOP)[-1] == "A55A00098D01850D0A"
    assert one.due(9.0) == []
    assert len(ask(one, VERSION)) == 1


@pytest.mark.parametrize(
    ("command", "payload", "taken"),
    [
        (0x2C, "0004", True), (0x2C, "0003", False), (0x2C, "04", False),
        (0x28, "000001", True), (0x28, "000010", False), (0x28, "000000", False),
        (0x10, "020107D007D0", True), (0x10, "020507D007D0", False), (0x10, "0107D0", False),
        (0x70, "00010000", True), (0x70, "00050000", False), (0x20, "0340F521", True), (0x20, "03", False),
    ],
)  # fmt: skip
def test_settings_are_taken_or_refused(command: int, payload: str, *, taken: bool) -> None:
    (answer,) = ask(reader(), order(command, payload))

    assert answer == encode_frame(command + 1, b"\x01" if taken else b"\x00").hex().upper()


def test_a_power_beyond_its_own_is_cut_and_only_reading_back_tells() -> None:
    one = reader()
    ask(one, order(0x10, "02010CE40CE4"))

    (told,) = ask(one, order(0x12, ""))

    assert told[10:22] == "00" + "010BB80BB8"


def test_noise_and_broken_orders_are_passed_over() -> None:
    broken = VERSION.replace("0A0D0A", "0B0D0A")

    assert ask(reader(), "00" + "A55A" + broken + "A5" + VERSION) == [
        encode_frame(0x03, bytes((7, 1, 2))).hex().upper()
    ]
