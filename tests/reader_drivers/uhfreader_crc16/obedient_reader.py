"""A reader for tests that takes its settings and tells them; inventories are left to the test."""

from reader_drivers.driver import Event, ReadPlan
from reader_drivers.errors import Rejected
from reader_drivers.uhfreader_crc16.frames import Direction, Frame, FrameHunt, encode_reply
from reader_drivers.uhfreader_crc16.machine import UhfReaderDriver

ROUND = 0x01


class Reader:
    """One reader with address 07. `obeys` False: it takes orders and goes on as before."""

    def __init__(self, kind: str = "0C", *, band: str = "4E00", power: int = 30, obeys: bool = True) -> None:
        self.kind, self.band, self.power = bytes.fromhex(kind), bytes.fromhex(band), power
        self.obeys = obeys
        self.mode = b"\x00"
        self.orders: list[tuple[str, str]] = []
        self.addresses: list[int] = []

    def answer(self, sent: bytes) -> bytes:
        return b"".join(self._one(part) for part in FrameHunt(Direction.HOST_TO_READER).feed(sent))

    def _one(self, order: Frame | Rejected) -> bytes:
        assert isinstance(order, Frame)
        self.orders.append((f"{order.order:02X}", order.payload.hex().upper()))
        self.addresses.append(order.address)
        is_18 = self.kind == b"\x09"
        match order.order:
            case 0x21:
                short = b"\x00\x16" + self.kind + b"\x03" + self.band + bytes((self.power, 10))
                payload = short if is_18 else short + bytes(4)
            case 0x36:
                payload = bytes(4) + self.mode + bytes(7)
            case 0x77:
                payload = self.mode + bytes(40)
            case 0x22 if self.obeys:
                self.band, payload = order.payload, b""
            case 0x2F if self.obeys:
                self.power, payload = order.payload[0], b""
            case 0x01:
                return b""
            case _:
                payload = b""
        return reply(order.order, 0, payload)


def reply(order: int, status: int, payload: bytes) -> bytes:
    """An answer of the reader with address 07."""
    return encode_reply(order, status, payload, address=7)


def rounds(sent: bytes) -> list[str]:
    parts = FrameHunt(Direction.HOST_TO_READER).feed(sent)
    return [part.payload.hex().upper() for part in parts if isinstance(part, Frame) and part.order == ROUND]


def tags(*epcs: str, status: int = 0x01, mask: int = 1) -> bytes:
    listed = b"".join(bytes((len(epc) // 2,)) + bytes.fromhex(epc) + b"\x50" for epc in epcs)
    return reply(ROUND, status, bytes((mask, len(epcs))) + listed)


def bring_up(driver: UhfReaderDriver, reader: Reader, plan: ReadPlan) -> list[Event]:
    output = driver.start(plan)
    events = list(output.events)
    while answer := reader.answer(output.sent):
        output = driver.feed(answer, 0)
        events.extend(output.events)
    return events


def of(kind: type, events: tuple[Event, ...] | list[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]
