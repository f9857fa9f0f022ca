"""A MagicRF module written out by hand: its answers, and a session that has been set up with it."""

from reader_drivers.driver import Event, Output, ReadPlan, Region
from reader_drivers.framing import crc_gen2
from reader_drivers.magicrf_bb.frames import BB, Frame, FrameHunt, encode_answer, encode_notification
from reader_drivers.magicrf_bb.machine import MagicRfDriver
from reader_drivers.reads import TagRead

PLAN = ReadPlan(region=Region.EU, power_cdbm=2_000, antennas=(1,))
STOP = ("28", "")
POLL = ("27", "222710")
BRING_UP = [
    STOP,
    ("03", "00"),
    ("07", "03"),
    ("08", ""),
    ("A9", "040306090C"),
    ("AD", "FF"),
    ("B6", "07D0"),
    ("B7", ""),
    ("12", "01"),
    ("0E", "1130"),
    POLL,
]
QUERY_A, QUERY_B = ("0E", "1130"), ("0E", "11B0")
DONE = b"\x00"
REFUSED = encode_answer(0xFF, b"\x17")
STOPPED = encode_answer(0x28, DONE)
NO_TAG = bytes.fromhex("BB 01 FF 0001 15 16 7E")


def tag(epc: str, rssi: int = -50, start: int = BB) -> bytes:
    code = bytes.fromhex(epc)
    memory = (len(code) // 2 << 11).to_bytes(2, "big") + code
    return encode_notification(bytes((rssi & 0xFF,)) + memory + crc_gen2(memory).to_bytes(2, "big"), start=start)


def orders(output: Output) -> list[tuple[str, str]]:
    parts = FrameHunt().feed(output.sent)
    return [(f"{part.command:02X}", part.parameter.hex().upper()) for part in parts if isinstance(part, Frame)]


def answer(order: tuple[str, str], *, told: dict[str, bytes] | None = None, start: int = BB) -> bytes:
    """What the module says to an order; `told` = order number → other bytes than the usual ones."""
    usual = {"03": b"\x00M100 26dBm V1.0", "08": b"\x03", "B7": b"\x07\xd0"} | (told or {})
    return encode_answer(int(order[0], 16), usual.get(order[0], DONE), start=start)


def bring_up(
    driver: MagicRfDriver, *, told: dict[str, bytes] | None = None, plan: ReadPlan = PLAN
) -> tuple[list[tuple[str, str]], list[Event]]:
    """All orders in the sequence in which the module gets them, and the events."""
    sent: list[tuple[str, str]] = []
    events: list[Event] = []
    output = driver.start(plan)
    while output.sent and sent[-1:] != [POLL]:
        (order,) = orders(output)
        sent.append(order)
        events += output.events
        output = Output() if order == POLL else driver.feed(answer(order, told=told), 0)
    return sent, [*events, *output.events]


def of(kind: type, events: tuple[Event, ...] | list[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


def reads(output: Output) -> list[str]:
    return [event.id_hex for event in output.events if isinstance(event, TagRead)]
