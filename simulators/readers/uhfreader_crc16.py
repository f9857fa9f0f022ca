"""A simulated UHFReader18 or UHFReader288: obeys commands with a right CRC and tells what its radio hears when asked.

Written from the manuals alone (UHFReader288MP V1.15, RRU9813M V1.10, UHFReader18), so that a misreading in our driver
cannot hide behind the same misreading here. Not modelled: session persistence (a tag answers every round), the reader's own
tag buffer, and what less power would do. What arrives while it answers is ignored, as the manual says. Models `288-active`
and `18-active` tell tags before anybody asked: many are sold like that.
"""

from collections.abc import Callable, Sequence
from typing import Final

from simulators.pace import Pace
from simulators.radio import Hearing, Radio
from simulators.readers import uhfreader_orders as orders
from simulators.readers.asked_rounds import AskedRounds
from simulators.readers.uhfreader_frames import (
    ANSWER_BYTES_MAX,
    BROADCAST,
    Command,
    CommandReader,
    encode_reply,
)
from simulators.readers.uhfreader_orders import Refused
from simulators.tags import Tag, parse_tags

MODELS: Final = ("288", "18", "288-active", "18-active")
OK, FINISHED, OUT_OF_TIME, MORE, STATISTICS, NO_TAG, ILLEGAL = 0x00, 0x01, 0x02, 0x03, 0x26, 0xFB, 0xFE
PUSHED: Final = 0xEE
"""Command number of frames that a Reader288 in active mode sends unasked."""
PUSH_ALLOWED: Final = {0x21, 0x76, 0x77, 0x35, 0x36}
"""What a reader in active mode still answers: information and the way out."""
TAGS_A_FRAME: Final = 2
"""A Reader288 tells tags as it hears them, one or two a frame; a Reader18 fills its frames."""
POWER_DBM_MAX: Final = 30
ANTENNA_PORTS: Final = {"288": 4, "18": 1}
TYPES: Final = {"288": 0x20, "18": 0x09}
VERSION: Final = bytes.fromhex("0301")
SERIAL: Final = bytes.fromhex("17439015")
TEMPERATURE_C: Final = 31
RSSI_OFFSET: Final = 155
"""Raw strength is dBm + 155 here. No manual says what the byte means; published rooms show 40 to 6C hex."""
BAND_CHANNELS: Final = {
    0b0001: 20, 0b0010: 50, 0b0011: 32, 0b0100: 15, 0b0110: 7, 0b0111: 12, 0b1000: 20, 0b1001: 4, 0b1010: 12, 0b1100: 53,
}  # fmt: skip
"""Channels of each band, whose number is bits 7-6 of the upper and of the lower frequency byte."""
US_BAND: Final = bytes.fromhex("3180")
"""How it comes from the factory: everybody outside the United States must change it."""
FAST_TID_BIT: Final = 0x80
FAST_TID_BYTES: Final = 12
IMPINJ: Final = 0x001


class UhfReader:
    """One reader on one link: feed it bytes, ask it for the frames that are due."""

    def __init__(self, radio: Radio, *, model: str = "288", pace: Pace | None = None) -> None:
        self.region = US_BAND
        """Upper and lower frequency byte in force."""
        self.power_dbm = POWER_DBM_MAX
        self.antennas = 0b0001
        """Antennas switched on, bit 0 = antenna 1."""
        self.is_active = model.endswith("-active")
        """True: it tells tags unasked."""
        self._model = model.removesuffix("-active")
        self._radio = radio
        self._address = 0
        self._scan_100ms = 20 if self._model == "288" else 10
        self._rounds = AskedRounds(pace or Pace())
        self._commands = CommandReader()
        self._told: set[bytes] = set()
        common: dict[int, Callable[[bytes], bytes]] = {
            0x02: self._read, 0x03: self._write, 0x04: self._write_epc, 0x0F: self._single,
            0x21: self._information, 0x22: self._set_band, 0x24: self._set_address, 0x25: self._set_scan_time,
            0x28: self._set_baud, 0x2F: self._set_power, 0x33: _accepted(3),
        }  # fmt: skip
        own: dict[int, Callable[[bytes], bytes]] = (
            {0x3F: self._set_antennas, 0x40: _accepted(1), 0x4C: self._serial, 0x66: _accepted(1),
             0x76: self._set_active, 0x77: self._get_active, 0x92: self._temperature}
            if self._model == "288"
            else {0x35: self._set_active, 0x36: self._get_active}
        )  # fmt: skip
        self._answers = common | own

    @property
    def reads_told(self) -> int:
        """Tags given out so far."""
        return self._rounds.reads_told

    def load(self, text: str) -> None:
        """Lay the tags of a tags file in the field. Raises: TagsFileError: the text is no tags file."""
        self._radio.set_tags(parse_tags(text))

    def tags_of(self, frame: bytes) -> tuple[str, ...]:
        """EPCs that a frame of this reader tells, upper hex; a TID told instead of an EPC is none."""
        if frame[2] not in {0x01, 0x0F, PUSHED} or frame[3] not in {OK, FINISHED, OUT_OF_TIME, MORE}:
            return ()
        answer = frame[4:-2]
        if frame[2] == PUSHED and self._model == "18":
            return (answer.hex().upper(),)
        at = 1 if frame[2] == PUSHED or self._model == "18" else 2
        found = []
        while at < len(answer):
            length = answer[at] & ~FAST_TID_BIT
            whole = answer[at + 1 : at + 1 + length]
            found.append(whole[:-FAST_TID_BYTES] if answer[at] & FAST_TID_BIT else whole)
            at += 1 + length + (1 if self._model == "288" else 0)
        return tuple(epc.hex().upper() for epc in found if epc in self._told)

    def feed(self, chunk: bytes, now_s: float) -> list[bytes]:
        """The replies to the commands that `chunk` completes; while it answers one it hears no other."""
        frames = []
        for command in self._commands.feed(chunk, now_s):
            if command.address in {self._address, BROADCAST} and not (self._rounds.is_busy and not self.is_active):
                frames += self._obey(command, now_s)
        return frames

    def next_due_s(self) -> float | None:
        """When frames are due next (monotonic seconds); None: not before a command comes."""
        return self._rounds.next_due_s if self._rounds.is_busy or not self.is_active else 0.0

    def due(self, now_s: float) -> list[bytes]:
        """The frames due by `now_s`."""
        if self.is_active and not self._rounds.is_busy:
            self._push(now_s)
        return self._rounds.due(now_s)

    def _obey(self, command: Command, now_s: float) -> list[bytes]:
        answer = self._answers.get(command.command)
        if not command.is_intact or (answer is None and command.command != 0x01):
            return [self._reply(0x00, ILLEGAL)]
        if self.is_active and command.command not in PUSH_ALLOWED:
            return []
        address = self._address
        try:
            if answer is None:
                self._inventory(command.parameters, now_s)
                return []
            status = FINISHED if command.command == 0x0F else OK
            return [encode_reply(command.command, status, answer(command.parameters), address=address)]
        except Refused as refused:
            return [encode_reply(command.command, refused.status, refused.answer, address=address)]

    def _reply(self, command: int, status: int, answer: bytes = b"") -> bytes:
        return encode_reply(command, status, answer, address=self._address)

    # --- rounds

    def _inventory(self, parameters: bytes, now_s: float) -> None:
        asked = orders.parse_inventory(parameters) if self._model == "288" else _parse_plain_inventory(parameters)
        limit = self._rounds.tags_within((self._scan_100ms if asked.scan_100ms is None else asked.scan_100ms) / 10)
        entries: list[tuple[int, bytes]] = []
        for antenna in self._ports(asked.antenna):
            heard = [one for one in self._radio.hear(antenna) if asked.mask.means(one.tag)]
            entries += [(antenna, self._entry(one, asked)) for one in heard]
        if not entries:
            self._rounds.begin([], [self._reply(0x01, NO_TAG)], now_s=now_s)
            return
        is_cut = len(entries) > limit
        told = self._packed(entries[:limit] if is_cut else entries)
        last_answer, last_tags = told.pop()
        status = OUT_OF_TIME if is_cut else FINISHED
        frames = [(self._reply(0x01, MORE, answer), tags) for answer, tags in told]
        if asked.has_statistics:
            answer = (
                last_answer[:1] + min(len(entries) * 10, 0xFFFF).to_bytes(2, "big") + len(entries).to_bytes(4, "big")
            )
            frames.append((self._reply(0x01, STATISTICS, answer), 0))
        frames.append((self._reply(0x01, status, last_answer), last_tags))
        self._rounds.begin(frames[:-1], [], now_s=now_s)
        self._rounds.begin(frames[-1:], [], now_s=now_s)

    def _packed(self, entries: Sequence[tuple[int, bytes]]) -> list[tuple[bytes, int]]:
        """Answers of the frames of a round, each with the number of tags in it: one antenna a frame."""
        packed: list[tuple[bytes, int]] = []
        open_at, body, tags = 0, b"", 0
        for antenna, entry in [*entries, (0, b"")]:
            is_full = tags == TAGS_A_FRAME if self._model == "288" else len(body) + len(entry) + 1 > ANSWER_BYTES_MAX
            if tags and (antenna != open_at or is_full):
                packed.append((self._head(open_at) + bytes((tags,)) + body, tags))
                body, tags = b"", 0
            open_at, body, tags = antenna, body + entry, tags + 1
        return packed

    def _head(self, antenna: int) -> bytes:
        return bytes((1 << antenna - 1,)) if self._model == "288" else b""

    def _entry(self, hearing: Hearing, asked: orders.Inventory) -> bytes:
        tag = hearing.tag
        told = tag.epc
        length = len(told)
        if asked.tid_words is not None:
            first, words = asked.tid_words
            told = tag.tid[first * 2 : (first + words) * 2]
            length = len(told)
        else:
            self._told.add(tag.epc)
            if asked.has_fast_tid and _is_impinj(tag):
                told += tag.tid[:FAST_TID_BYTES]
                length = len(told) | FAST_TID_BIT
        return bytes((length,)) + told + self._strength(hearing)

    def _strength(self, hearing: Hearing) -> bytes:
        return bytes((max(0, min(255, hearing.rssi_dbm + RSSI_OFFSET)),)) if self._model == "288" else b""

    def _ports(self, antenna: int | None) -> tuple[int, ...]:
        if antenna is not None:
            return (antenna,)
        return tuple(n for n in range(1, ANTENNA_PORTS[self._model] + 1) if self.antennas >> (n - 1) & 1)

    def _push(self, now_s: float) -> None:
        """One round nobody asked for. A Reader18 tells the EPC and nothing else."""
        frames = []
        for one in (heard for antenna in self._ports(None) for heard in self._radio.hear(antenna)):
            epc = one.tag.epc
            self._told.add(epc)
            head = self._head(one.antenna) + bytes((len(epc),)) if self._model == "288" else b""
            frames.append((self._reply(PUSHED, OK, head + epc + self._strength(one)), 1))
        self._rounds.begin(frames, [], now_s=now_s)

    # --- tags

    def _single(self, parameters: bytes) -> bytes:
        _sized(0, parameters)
        one = self._first(orders.EVERY_TAG)
        return self._head(one.antenna) + b"\x01" + self._entry(one, orders.Inventory())

    def _first(self, mask: orders.Mask) -> Hearing:
        """Whichever tag that the mask means answers first. Raises: Refused: none does."""
        for antenna in self._ports(None):
            for one in self._radio.hear(antenna):
                if mask.means(one.tag):
                    return one
        raise Refused(NO_TAG)

    def _read(self, parameters: bytes) -> bytes:
        access = orders.parse_access(parameters, is_write=False)
        return orders.read_words(self._first(access.mask).tag, access)

    def _write(self, parameters: bytes) -> bytes:
        return self._written(orders.parse_access(parameters, is_write=True))

    def _write_epc(self, parameters: bytes) -> bytes:
        # Whichever tag answers is written: the command names none.
        return self._written(orders.parse_epc_write(parameters))

    def _written(self, access: orders.Access) -> bytes:
        tag = self._first(access.mask).tag
        self._radio.replace(tag, orders.written(tag, access))
        return b""

    # --- the reader itself

    def _information(self, parameters: bytes) -> bytes:
        _sized(0, parameters)
        told = VERSION + bytes((TYPES[self._model], 0x02, *self.region, self.power_dbm, self._scan_100ms))
        return told + (bytes((self.antennas, 0, 0, 0)) if self._model == "288" else b"")

    def _set_band(self, parameters: bytes) -> bytes:
        upper, lower = _sized(2, parameters)
        channels = BAND_CHANNELS.get(upper >> 4 & 0b1100 | lower >> 6, 0)
        if not lower & 0x3F <= upper & 0x3F < channels:
            raise Refused(orders.WRONG_PARAMETER)
        self.region = parameters
        return b""

    def _set_address(self, parameters: bytes) -> bytes:
        (address,) = _sized(1, parameters)
        if address == BROADCAST:
            raise Refused(orders.WRONG_PARAMETER)
        self._address = address
        return b""

    def _set_scan_time(self, parameters: bytes) -> bytes:
        (self._scan_100ms,) = _sized(1, parameters)
        return b""

    def _set_baud(self, parameters: bytes) -> bytes:
        if _sized(1, parameters)[0] not in {0, 1, 2, 5, 6}:
            raise Refused(orders.WRONG_PARAMETER)
        return b""

    def _set_power(self, parameters: bytes) -> bytes:
        # Bit 7 of a Reader288: do not keep it over a power cut.
        power_dbm = _sized(1, parameters)[0] & (0x7F if self._model == "288" else 0xFF)
        if power_dbm > POWER_DBM_MAX:
            raise Refused(orders.WRONG_PARAMETER)
        self.power_dbm = power_dbm
        return b""

    def _set_antennas(self, parameters: bytes) -> bytes:
        antennas = _sized(1, parameters)[0] & 0x0F
        if not antennas:
            raise Refused(orders.WRONG_PARAMETER)
        self.antennas = antennas
        return b""

    def _serial(self, parameters: bytes) -> bytes:
        return _sized(0, parameters) or SERIAL

    def _temperature(self, parameters: bytes) -> bytes:
        return _sized(0, parameters) or bytes((1, TEMPERATURE_C))

    def _set_active(self, parameters: bytes) -> bytes:
        mode = _sized(1 if self._model == "288" else 6, parameters)[0]
        if mode > (2 if self._model == "288" else 1):
            raise Refused(orders.WRONG_PARAMETER)
        self.is_active = mode == 1
        return b""

    def _get_active(self, parameters: bytes) -> bytes:
        _sized(0, parameters)
        mode = int(self.is_active)
        return bytes((mode,)) if self._model == "288" else bytes.fromhex("001E0A0F") + bytes((mode,)) + bytes(7)


def _sized(length: int, parameters: bytes) -> bytes:
    """The parameters, if they have this length. Raises: Refused (FD)."""
    if len(parameters) != length:
        raise Refused(orders.WRONG_LENGTH)
    return parameters


def _accepted(length: int) -> Callable[[bytes], bytes]:
    """What answers a setting that changes nothing here, such as the beeper."""
    return lambda parameters: _sized(length, parameters)[:0]


def _parse_plain_inventory(parameters: bytes) -> orders.Inventory:
    """01 of a Reader18: nothing, or the place of the TID to tell instead."""
    if parameters:
        first, words = _sized(2, parameters)
        return orders.Inventory(tid_words=(first, words))
    return orders.Inventory()


def _is_impinj(tag: Tag) -> bool:
    """Only chips of this maker add their TID to an inventory answer (class E2, maker in the next twelve bits but three)."""
    return tag.tid[:1] == b"\xe2" and int.from_bytes(tag.tid[1:3], "big") >> 4 & 0x1FF == IMPINJ
