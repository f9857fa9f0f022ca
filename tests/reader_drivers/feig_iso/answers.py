"""Answers of a FEIG reader written out by hand, and short ways to look at what the session makes of them."""

from reader_drivers.driver import Event, Output, ReadPlan, Region
from reader_drivers.feig_iso.frames import encode_command, encode_reply
from reader_drivers.feig_iso.machine import FeigIsoDriver
from reader_drivers.reads import TagRead

PLAN = ReadPlan(region=Region.EU, power_cdbm=0, antennas=(1,))
VERSION, ON, OFF = encode_command(0x65), encode_command(0x6A, b"\x01"), encode_command(0x6A, b"\x00")
RESET = encode_command(0x69)
INVENTORY, MORE = encode_command(0xB0, b"\x01\x00"), encode_command(0xB0, b"\x01\x80")
RESET_DONE, SWITCHED = encode_reply(0x69, 0), encode_reply(0x6A, 0)
VERSION_ANSWER = encode_reply(0x65, 0, bytes.fromhex("0300 03 00 44 530D"))
NO_TAG = encode_reply(0xB0, 1)


def inventory(*uids: str, has_more: bool = False) -> bytes:
    records = b"".join(b"\x03\x00" + bytes.fromhex(uid) for uid in uids)
    return encode_reply(0xB0, 0x94 if has_more else 0, bytes((len(uids),)) + records)


A, B = "E0040150A05F02B7", "E0040150A05F02B8"


def uids(events: tuple[Event, ...]) -> list[str]:
    return [event.id_hex for event in events if isinstance(event, TagRead)]


def of(kind: type, events: tuple[Event, ...]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


def next_pass(driver: FeigIsoDriver, now: int) -> Output:
    return driver.feed(RESET_DONE, now)
