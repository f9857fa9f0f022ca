"""A simulated ThingMagic module: obeys commands with a right checksum and streams the tags its radio hears.

Bytes and times come in, frames come out; the link is somebody else's. Written from the protocol document alone, so that
a misreading in our driver cannot hide behind the same misreading here. Not modelled: session persistence (a tag answers
every pass whatever the session) and what the module would do with less power.
"""

import collections
import struct
from collections.abc import Callable
from typing import Final

from simulators.pace import Pace
from simulators.radio import Hearing, Radio
from simulators.readers import thingmagic_records as records
from simulators.readers.thingmagic_frames import DATA_BYTES_MAX, Command, CommandReader, encode_reply
from simulators.readers.thingmagic_memory import parse_epc_write, written_epc, written_words
from simulators.readers.thingmagic_search import NO_TAG, ContinuousSearch, Setting
from simulators.tags import Tag, parse_tags

ANTENNA_PORTS: Final = 4
BOOT_LOADER: Final = 0x11
APPLICATION: Final = 0x12
VERSION: Final = bytes.fromhex("07102300 01000003 20141007 01070209 00000010")
"""Boot loader, hardware, date, firmware, protocol mask: the published answer of an M5e to op 04."""
TEMPERATURE_C: Final = 0x1E
POWER_CDBM_MIN: Final = 500
POWER_CDBM_MAX: Final = 3150
POWER_MODE_MAX: Final = 4
ACCESS_PASSES: Final = 4
"""Inventories in which an access command looks for its tag."""

REGIONS_KHZ: Final = {
    0x01: (915_250, 903_250, 926_750),
    0x02: (865_700, 866_300, 866_900, 867_500),
    0x03: (917_300, 920_300),
    0x04: (865_700, 866_300),
    0x05: (916_800, 920_800),
    0x06: (920_625, 922_375, 924_125),
    0x07: (865_700, 867_500),
    0x08: (865_700, 866_300, 866_900, 867_500),
    0x09: (917_300, 920_300),
    0x0A: (840_625, 844_375),
    0x0B: (920_750, 925_250),
    0x0C: (922_250, 927_250),
    0x0D: (915_250, 926_750),
    0x0E: (915_250, 926_750),
    0x0F: (915_500, 916_500),
    0xFF: (915_000,),
}
"""Channels by region code: some of each band, enough to see that the band follows the region."""

INVALID_LENGTH, INVALID_OPCODE, INVALID_PARAMETER = 0x0100, 0x0101, 0x0105
INVALID_REGION, NO_PROTOCOL, INVALID_PROTOCOL = 0x010B, 0x0401, 0x0402


class ThingMagicModule:
    """One module on one link: feed it bytes, ask it for the frames that are due."""

    def __init__(self, radio: Radio, *, seed: int = 0, pace: Pace | None = None) -> None:
        self.program = APPLICATION
        """What op 0C tells: application, or boot loader until op 04; tests set it."""
        self._radio = radio
        self._serial = f"SIM{seed:08d}".encode()
        self._pace = pace or Pace()
        self._commands = CommandReader()
        self._protocol = 0
        self._region = 0
        self._power_cdbm = {"read": POWER_CDBM_MAX, "write": POWER_CDBM_MAX}
        self._power_mode = 0
        self._antenna = (1, 1)
        self._search_list: tuple[tuple[int, int], ...] = ((1, 1),)
        self._options: dict[int, bytes] = {0x0C: b"\x01"}
        self._gen2: dict[int, bytes] = {0x00: b"\x00", 0x01: b"\x01\x00", 0x12: b"\x00"}
        self._buffer: collections.deque[Hearing] = collections.deque()
        self._search: ContinuousSearch | None = None
        self._reads_told_before = 0
        self._answers: dict[int, Callable[[bytes], bytes]] = {
            0x03: self._version, 0x04: self._boot, 0x06: self._baud, 0x0C: self._running, 0x10: self._hardware,
            0x21: self._read_single, 0x22: self._read_multiple, 0x29: self._get_buffer, 0x2A: self._clear_buffer,
            0x23: self._write_epc, 0x24: self._write_words, 0x68: self._get_power_mode, 0x98: self._set_power_mode,
            0x61: self._get_antenna, 0x62: self._get_power, 0x63: self._get_protocol, 0x64: self._get_write_power,
            0x65: self._get_hops, 0x67: self._get_region, 0x6A: self._get_option, 0x6B: self._get_gen2,
            0x72: self._temperature, 0x91: self._set_antenna, 0x92: self._set_power, 0x93: self._set_protocol,
            0x94: self._set_write_power, 0x97: self._set_region, 0x9A: self._set_option, 0x9B: self._set_gen2,
        }  # fmt: skip

    @property
    def is_streaming(self) -> bool:
        """True between a start that was accepted and the stop."""
        return self._search is not None

    @property
    def reads_told(self) -> int:
        """Streamed tag frames given out since the module was switched on."""
        return self._reads_told_before + (self._search.reads_told if self._search else 0)

    def load(self, text: str) -> None:
        """Lay the tags of a tags file in the field; the pass under way still tells what it heard.

        Raises: TagsFileError: the text is no tags file; the field stays as it was.
        """
        self._radio.set_tags(parse_tags(text))

    def tags_of(self, frame: bytes) -> tuple[str, ...]:
        """EPC, upper hex, that a streamed frame of this module tells; replies and keep-alives tell none."""
        epc = records.decode_stream_epc(frame)
        return (epc.hex().upper(),) if epc is not None else ()

    def feed(self, chunk: bytes, now_s: float) -> list[bytes]:
        """The reply frames to the commands that `chunk` completes."""
        return [frame for command in self._commands.feed(chunk, now_s) for frame in self._obey(command, now_s)]

    def next_due_s(self) -> float | None:
        """When frames are due next (monotonic seconds); None: not before a command comes."""
        return self._search.next_at_s if self._search else None

    def due(self, now_s: float) -> list[bytes]:
        """The frames due by `now_s`, at most `BURST_FRAMES_MAX`: tags, keep-alives, status reports."""
        return self._search.due(now_s) if self._search else []

    def _ports(self, search_flags: int) -> tuple[int, ...]:
        match search_flags & records.SEARCH_ANTENNAS:
            case 0:
                return (self._antenna[0],)
            case 1:
                return (1, 2)
            case 2:
                return (2, 1)
            case _:
                return tuple(transmit for transmit, _ in self._search_list)

    def _obey(self, command: Command, now_s: float) -> list[bytes]:
        try:
            if command.opcode == 0x2F:
                return self._start_or_stop(command.payload, now_s)
            answer = self._answers.get(command.opcode)
            if answer is None or (self.program == BOOT_LOADER and command.opcode not in {0x03, 0x04, 0x06, 0x0C}):
                return [encode_reply(command.opcode, status=INVALID_OPCODE)]
            if self._search is not None:
                # The module is busy with its search; a host stops it first.
                return [encode_reply(command.opcode, status=INVALID_OPCODE)]
            return [encode_reply(command.opcode, answer(command.payload))]
        except records.PlanError as error:
            return [encode_reply(command.opcode, status=error.status)]

    def _start_or_stop(self, payload: bytes, now_s: float) -> list[bytes]:
        if len(payload) < 3:
            raise records.PlanError(INVALID_LENGTH, "op 2F needs a timeout and an action")
        match payload[2]:
            case 1:
                return self._start(payload, now_s)
            case 2:
                return self._stop(now_s)
            case _:
                raise records.PlanError(INVALID_PARAMETER, "action is neither start nor stop")

    def _start(self, payload: bytes, now_s: float) -> list[bytes]:
        plan = records.parse_start(payload)
        self._require_radio()
        if self._search is not None:
            raise records.PlanError(INVALID_PARAMETER, "a search is already running")
        setting = Setting(
            ports=self._ports(plan.search_flags),
            channels_khz=REGIONS_KHZ[self._region],
            is_filtered=self._options[0x0C] != b"\x00",
            temperature_c=TEMPERATURE_C,
        )
        self._search = ContinuousSearch(plan, setting, self._radio, pace=self._pace, now_s=now_s)
        return [encode_reply(0x2F, b"\x01")]

    def _stop(self, now_s: float) -> list[bytes]:
        frames = []
        if self._search:
            frames = self._search.drain(now_s)
            self._reads_told_before += self._search.reads_told
            self._search = None
        return [*frames, encode_reply(0x2F, b"\x02")]

    def _require_radio(self) -> None:
        if self.program == BOOT_LOADER:
            raise records.PlanError(INVALID_OPCODE, "the boot loader has no radio")
        if self._region == 0:
            raise records.PlanError(INVALID_REGION, "no region was set, so nothing may be transmitted")
        if self._protocol != records.PROTOCOL_GEN2:
            raise records.PlanError(NO_PROTOCOL, "no tag protocol was set")

    def _circumstances(self) -> records.Circumstances:
        return records.Circumstances(freq_khz=REGIONS_KHZ[self._region][0], since_keep_alive_ms=0, phase_deg=0)

    def _version(self, payload: bytes) -> bytes:
        return _empty(payload, VERSION)

    def _boot(self, payload: bytes) -> bytes:
        self.program = APPLICATION
        return _empty(payload, VERSION)

    def _baud(self, payload: bytes) -> bytes:
        if len(payload) != 4 or not 9_600 <= int.from_bytes(payload, "big") <= 921_600:
            raise records.PlanError(INVALID_PARAMETER, "baud is 9600 to 921600 in four bytes")
        return b""

    def _running(self, payload: bytes) -> bytes:
        return _empty(payload, bytes((self.program,)))

    def _hardware(self, payload: bytes) -> bytes:
        # Option 00 with flag 40 asks for the serial number: option, flags, length, text.
        if payload[:2] == b"\x00\x40":
            return b"\x00\x40" + bytes((len(self._serial),)) + self._serial
        return VERSION[4:8]

    def _temperature(self, payload: bytes) -> bytes:
        return _empty(payload, bytes((TEMPERATURE_C,)))

    def _get_power_mode(self, payload: bytes) -> bytes:
        return _empty(payload, bytes((self._power_mode,)))

    def _set_power_mode(self, payload: bytes) -> bytes:
        if len(payload) != 1 or payload[0] > POWER_MODE_MAX:
            raise records.PlanError(INVALID_PARAMETER, "power mode is 0 (full) to 4 (sleep)")
        self._power_mode = payload[0]
        return b""

    def _get_protocol(self, payload: bytes) -> bytes:
        return _empty(payload, self._protocol.to_bytes(2, "big"))

    def _set_protocol(self, payload: bytes) -> bytes:
        if payload != b"\x00\x05":
            raise records.PlanError(INVALID_PROTOCOL, "only Gen2 (0005) is simulated")
        self._protocol = payload[1]
        return b""

    def _get_region(self, payload: bytes) -> bytes:
        return _empty(payload, bytes((self._region,)))

    def _set_region(self, payload: bytes) -> bytes:
        if len(payload) != 1 or payload[0] not in REGIONS_KHZ:
            raise records.PlanError(INVALID_REGION, "not a region this module knows")
        self._region = payload[0]
        return b""

    def _get_hops(self, payload: bytes) -> bytes:
        return _empty(payload, b"".join(khz.to_bytes(4, "big") for khz in REGIONS_KHZ.get(self._region, ())))

    def _get_power(self, payload: bytes) -> bytes:
        return _power(payload, self._power_cdbm["read"])

    def _get_write_power(self, payload: bytes) -> bytes:
        return _power(payload, self._power_cdbm["write"])

    def _set_power(self, payload: bytes) -> bytes:
        self._power_cdbm["read"] = _parse_power(payload)
        return b""

    def _set_write_power(self, payload: bytes) -> bytes:
        self._power_cdbm["write"] = _parse_power(payload)
        return b""

    def _get_antenna(self, payload: bytes) -> bytes:
        match payload:
            case b"":
                return bytes(self._antenna)
            case b"\x01":
                return b"\x01" + bytes(self._antenna)
            case b"\x02":
                return b"\x02" + bytes(port for pair in self._search_list for port in pair)
            case b"\x05":
                return b"\x05" + bytes(n for port in range(1, ANTENNA_PORTS + 1) for n in (port, 1))
            case _:
                raise records.PlanError(INVALID_PARAMETER, "antenna option is not simulated")

    def _set_antenna(self, payload: bytes) -> bytes:
        is_list = len(payload) % 2 == 1 and payload[0] == 2
        ports = payload[1:] if is_list else payload
        if not ports or len(ports) % 2 or (len(ports) != 2 and not is_list):
            raise records.PlanError(INVALID_LENGTH, "antenna ports come in pairs")
        if not all(1 <= port <= ANTENNA_PORTS for port in ports):
            raise records.PlanError(INVALID_PARAMETER, "the module has four antenna ports")
        if is_list:
            self._search_list = tuple(zip(ports[::2], ports[1::2], strict=True))
        else:
            self._antenna = (ports[0], ports[1])
        return b""

    def _get_option(self, payload: bytes) -> bytes:
        if len(payload) != 2 or payload[0] != 1:
            raise records.PlanError(INVALID_LENGTH, "a reader option is asked by 01 and its key")
        return payload + self._options.get(payload[1], b"\x00")

    def _set_option(self, payload: bytes) -> bytes:
        if len(payload) < 3 or payload[0] != 1:
            raise records.PlanError(INVALID_LENGTH, "a reader option is 01, key and value")
        self._options[payload[1]] = payload[2:]
        return b""

    def _get_gen2(self, payload: bytes) -> bytes:
        if len(payload) != 2 or payload[0] != records.PROTOCOL_GEN2:
            raise records.PlanError(INVALID_LENGTH, "a protocol parameter is asked by 05 and its key")
        return payload + self._gen2.get(payload[1], b"\x00")

    def _set_gen2(self, payload: bytes) -> bytes:
        if len(payload) < 3 or payload[0] != records.PROTOCOL_GEN2:
            raise records.PlanError(INVALID_LENGTH, "a protocol parameter is 05, key and value")
        self._gen2[payload[1]] = payload[2:]
        return b""

    def _read_single(self, payload: bytes) -> bytes:
        self._require_radio()
        if len(payload) < 2:
            raise records.PlanError(INVALID_LENGTH, "op 21 needs a timeout")
        heard = self._radio.hear(self._antenna[0])
        if not heard:
            raise records.PlanError(NO_TAG, "no tag answered")
        tag_memory = records.encode_epc(heard[0].tag.epc)[4:]
        if payload[2:3] != bytes((records.OPTION_METADATA,)):
            return payload[2:3] + tag_memory
        if len(payload) != 5:
            raise records.PlanError(INVALID_LENGTH, "option 10 needs metadata flags")
        flags = int.from_bytes(payload[3:5], "big")
        metadata = records.encode_metadata(heard[0], flags, circumstances=self._circumstances(), embedded=None)
        return payload[2:5] + metadata + tag_memory

    def _write_epc(self, payload: bytes) -> bytes:
        order = parse_epc_write(payload)
        tag = self._first_heard(order.means)
        self._radio.replace(tag, written_epc(tag, order))
        return b""

    def _write_words(self, payload: bytes) -> bytes:
        tag = self._first_heard(lambda _: True)
        self._radio.replace(tag, written_words(tag, payload))
        return b""

    def _first_heard(self, is_meant: Callable[[Tag], bool]) -> Tag:
        """The first tag that answers of those meant, within the passes that a command's time-out has room for."""
        self._require_radio()
        for _ in range(ACCESS_PASSES):
            for hearing in self._radio.hear(self._antenna[0]):
                if is_meant(hearing.tag):
                    return hearing.tag
        raise records.PlanError(NO_TAG, "no tag answered")

    def _read_multiple(self, payload: bytes) -> bytes:
        self._require_radio()
        if len(payload) != 5:
            raise records.PlanError(INVALID_LENGTH, "op 22 needs option, flags and timeout")
        flags = int.from_bytes(payload[1:3], "big")
        heard = [hearing for port in self._ports(flags) for hearing in self._radio.hear(port)]
        if not heard:
            raise records.PlanError(NO_TAG, "no tag answered")
        self._buffer.extend(heard)
        return payload[:3] + len(heard).to_bytes(4 if flags & records.SEARCH_LARGE else 1, "big")

    def _get_buffer(self, payload: bytes) -> bytes:
        if len(payload) != 3:
            raise records.PlanError(INVALID_LENGTH, "op 29 needs metadata flags and an option")
        flags = int.from_bytes(payload[:2], "big")
        body = b""
        count = 0
        while self._buffer:
            hearing = self._buffer[0]
            record = records.encode_metadata(
                hearing, flags, circumstances=self._circumstances(), embedded=None
            ) + records.encode_epc(hearing.tag.epc)
            if len(payload) + 1 + len(body) + len(record) > DATA_BYTES_MAX:
                break
            self._buffer.popleft()
            body += record
            count += 1
        if count == 0:
            raise records.PlanError(NO_TAG, "the tag buffer is empty")
        return payload + bytes((count,)) + body

    def _clear_buffer(self, payload: bytes) -> bytes:
        self._buffer.clear()
        return _empty(payload, b"")


def _empty(payload: bytes, answer: bytes) -> bytes:
    if payload:
        raise records.PlanError(INVALID_LENGTH, "this command has no data")
    return answer


def _power(payload: bytes, power_cdbm: int) -> bytes:
    if payload == b"\x01":
        return struct.pack(">BHHH", 1, power_cdbm, POWER_CDBM_MAX, POWER_CDBM_MIN)
    return _empty(payload, power_cdbm.to_bytes(2, "big"))


def _parse_power(payload: bytes) -> int:
    power_cdbm = int.from_bytes(payload, "big")
    if len(payload) != 2 or not POWER_CDBM_MIN <= power_cdbm <= POWER_CDBM_MAX:
        raise records.PlanError(INVALID_PARAMETER, "power is 500 to 3150 cdBm in two bytes")
    return power_cdbm
