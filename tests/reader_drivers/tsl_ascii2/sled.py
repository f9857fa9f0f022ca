"""A TSL sled written out by hand: its answers, and a driver that has been set up with it."""

from reader_drivers.driver import Event, Output, ReadPlan, Region
from reader_drivers.reads import TagRead
from reader_drivers.tsl_ascii2.machine import TslDriver

PLAN = ReadPlan(region=Region.EU, power_cdbm=2_000, antennas=(1,))
SETTINGS = ".iv -x -n -al off -c on -e on -r on -ie on -io on -ql all -qs s1 -qt a -o 20"
BRING_UP = [".ab", ".vr", ".sr -p", SETTINGS, ".iv -n -p", ".iv -n -fi on", ".bc -n -e on -t 2", ".sa -a on -s bar"]
SERIAL = "US: 1128-S1-EU-000001\r\n"
EMPTY = b"CS: .iv\r\nME: No Transponder found\r\nER: 005\r\n\r\n"
# PC, EPC and CRC of real tags: R200 user protocol V2.3.3, a YRM100 bring-up log.
RING = "EP: 30751FEB705C5904E3D50D70\r\nPC: 3400\r\nCR: 3A76\r\nRI: -55\r\n"
CHAIN = "EP: E28011704000021D35AE4008\r\nPC: 3400\r\nCR: D444\r\nRI: -42\r\n"


def block(echo: str, *lines: str, end: str = "OK:") -> bytes:
    return f"CS: {echo}\r\n{''.join(lines)}{end}\r\n\r\n".encode()


def sent(output: Output) -> list[str]:
    return output.sent.decode().split("\r\n")[:-1]


def bring_up(
    driver: TslDriver, answers: dict[str, bytes] | None = None, plan: ReadPlan = PLAN
) -> tuple[list[str], list[Event]]:
    """Orders before the first inventory, and the events; `answers` = order → what the sled says instead of just OK."""
    told = {".vr": block(".vr", SERIAL)} | (answers or {})
    orders: list[str] = []
    events: list[Event] = []
    output = driver.start(plan)
    while output.sent and not sent(output)[0].startswith(".iv -qt"):
        orders += sent(output)
        events += output.events
        output = driver.feed(told.get(orders[-1], block(orders[-1])), 0)
    return orders, [*events, *output.events]


def of(kind: type, events: tuple[Event, ...] | list[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


def reads(output: Output) -> list[str]:
    return [event.id_hex for event in output.events if isinstance(event, TagRead)]
