"""A reader for tests that takes its settings and tells them; inventories are left to the test."""

from reader_drivers.driver import Event, ReadPlan
from reader_drivers.errors import Rejected
from reader_drivers.r2000_a0.frames import Frame, FrameHunt, encode_frame
from reader_drivers.r2000_a0.machine import R2000Driver

ROUND = 0x8B
ETSI = bytes.fromhex("02 00 06")
EU = bytes.fromhex("04 3C 04 0D35A4")


class Reader:
    """One reader with address 01. `obeys` False: it takes orders and goes on as before."""

    def __init__(self, *, region: bytes = ETSI, power: bytes = b"\x1e", obeys: bool = True) -> None:
        self.region, self.power, self.obeys = region, power, obeys
        self.missing: set[int] = set()
        self.orders: list[tuple[str, str]] = []
        self.addresses: list[int] = []

    def answer(self, sent: bytes) -> bytes:
        """The answers to all orders in `sent`, in their order."""
        return b"".join(self._one(part) for part in FrameHunt().feed(sent))

    def _one(self, order: Frame | Rejected) -> bytes:
        assert isinstance(order, Frame)
        self.orders.append((f"{order.order:02X}", order.payload.hex().upper()))
        self.addresses.append(order.address)
        payload = b"\x10"
        match order.order:
            case 0x72:
                payload = b"\x08\x02"
            case 0x74 if order.payload[0] + 1 in self.missing:
                payload = b"\x22"
            case 0x76 if self.obeys:
                self.power = order.payload * len(self.power)
            case 0x77:
                payload = self.power
            case 0x78 if self.obeys:
                self.region = order.payload
            case 0x79:
                payload = self.region
            case 0x8B:
                return b""
        return encode_frame(order.order, payload, address=1)


def tag(epc: str, antenna: int = 1, *, rssi: int = 69, pc: int | None = None, order: int = ROUND) -> bytes:
    """The report of one tag; frequency index 1."""
    code = bytes.fromhex(epc)
    words = (len(code) // 2 << 11) if pc is None else pc
    head = bytes((1 << 2 | (antenna - 1) & 3,)) + words.to_bytes(2, "big")
    return encode_frame(order, head + code + bytes((rssi | (0x80 if antenna > 4 else 0),)), address=1)


def end(total: int = 0, antenna: int = 1) -> bytes:
    """The end of a round."""
    return encode_frame(ROUND, bytes((antenna - 1, 0, 25)) + total.to_bytes(4, "big"), address=1)


def failed(code: int, order: int = ROUND) -> bytes:
    """An error code in place of an answer."""
    return encode_frame(order, bytes((code,)), address=1)


def orders_in(sent: bytes) -> list[tuple[str, str]]:
    """Orders with their payloads."""
    return [
        (f"{part.order:02X}", part.payload.hex().upper()) for part in FrameHunt().feed(sent) if isinstance(part, Frame)
    ]


def bring_up(driver: R2000Driver, reader: Reader, plan: ReadPlan) -> list[Event]:
    output = driver.start(plan)
    events = list(output.events)
    while answer := reader.answer(output.sent):
        output = driver.feed(answer, 0)
        events.extend(output.events)
    return events


def of(kind: type, events: tuple[Event, ...] | list[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]
