"""A simulated FEIG OBID reader of ISO 15693 tags: an HF pad, a long-range reader, or one with several antennas.

Bytes and times come in, frames come out; the link is somebody else's. Written from the protocol document and FEIG's public
manuals (H60301-3e-ID-B for MR/PR101, the Siemens RF290R manual C79000-G8976-C377-01 for records with antenna numbers), not
from our driver. The reader does the anticollision: one order inventories, and each tag it has told falls quiet until the
field is reset, its antenna is switched away, or it leaves the pad. Not modelled: locked blocks, AFI, power, buffered mode.
"""

import collections
import dataclasses
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from simulators.pace import Pace
from simulators.radio import Hearing, Radio
from simulators.readers.feig_frames import Command, CommandReader, encode_reply
from simulators.readers.feig_memory import TagMemory, parse_access
from simulators.readers.feig_status import (
    COLLISION,
    LENGTH_ERROR,
    MORE_DATA,
    NO_TRANSPONDER,
    PARAMETER_RANGE,
    RF_COMMUNICATION,
    RF_WARNING,
    UNKNOWN_COMMAND,
    Refusal,
)
from simulators.tags import Tag, TagsFileError, parse_tags

ISO15693: Final = 0x03
UID_BYTES: Final = 8
UID_FIRST: Final = 0xE0
"""Every ISO 15693 UID begins so, most significant byte first (ISO/IEC 15693-3, 4.1)."""
FLAG_ANTENNAS: Final = 0x10
MODE_MORE, MODE_ANTENNAS = 0x80, 0x10
SETS_MAX: Final = 255
"""The count of records in one reply is one byte."""
CONFIG_BYTES: Final = 14
BOOT_S: Final = 0.3
"""How long the reader is deaf after a CPU reset."""
UPSET_CHANCE: Final = 0.03
"""Share of inventories in which the radio is disturbed; a shop's lamp or till does that."""


@dataclasses.dataclass(frozen=True, slots=True)
class Model:
    """What kinds of readers differ in."""

    version: bytes
    """Answer to 65: firmware (2), development (1), hardware, reader type, kinds of tags (2)."""
    reply_bytes_max: int
    """Its transmit buffer: tags that do not fit in one reply wait for the next."""
    antennas: int = 1
    """More than one: an inventory may name antennas, and the records tell them."""


MODELS: Final = {
    "pad": Model(bytes.fromhex("030300 44 53 0D30"), 255),
    "long": Model(bytes.fromhex("021000 00 4D 0008"), 1024),
    "mux": Model(bytes.fromhex("010100 00 2B 0008"), 512, antennas=8),
}
"""`pad` answers 65 as the published capture does; reader types 4D and 2B are MR102 and LRM2500-B."""


@dataclasses.dataclass(slots=True)
class _Found:
    tag: Tag
    heard: list[Hearing]


class FeigReader:
    """One reader on one link: feed it bytes, ask it for the frames that are due."""

    def __init__(
        self, radio: Radio, *, seed: int = 0, pace: Pace | None = None, model: str = "pad", upsets: float = UPSET_CHANCE
    ) -> None:
        self.reads_told = 0
        """Tags given out."""
        self._radio = radio
        self._chance = random.Random(seed ^ 0xFE16)
        self._pace = pace or Pace()
        self._model = MODELS[model]
        self._upsets = upsets
        self._serial = seed & 0xFFFFFFFF
        self._commands = CommandReader()
        self._memory = TagMemory()
        self._config: dict[int, bytes] = {}
        self._antenna = 1
        self._quiet: set[bytes] = set()
        self._waiting: collections.deque[_Found] = collections.deque()
        self._ending = 0
        self._deaf_until_s = 0.0
        self._replies: collections.deque[tuple[float, bytes, tuple[str, ...]]] = collections.deque()
        self._telling: dict[bytes, tuple[str, ...]] = {}
        self._answers: dict[int, Callable[[bytes], bytes]] = {
            0x52: self._nothing, 0x63: self._reset, 0x65: self._version, 0x66: self._about, 0x69: self._reset_field,
            0x6A: self._switch_field, 0x72: self._nothing, 0x80: self._get_config, 0x81: self._set_config,
            0x82: self._nothing, 0x83: self._forget_config,
        }  # fmt: skip

    def load(self, text: str) -> None:
        """Lay the tags of a tags file on the pad; `epc` holds the UID, E0 first.

        Raises: TagsFileError: the text is no tags file, or a code is no UID; the pad stays as it was.
        """
        tags = parse_tags(text)
        for tag in tags:
            if len(tag.epc) != UID_BYTES or tag.epc[0] != UID_FIRST:
                raise TagsFileError(f"{tag.epc.hex().upper()} is no UID of 8 bytes that begins with E0. Mend the line.")
        self._radio.set_tags(tags)
        self._quiet &= {tag.epc for tag in tags}

    def tags_of(self, frame: bytes) -> tuple[str, ...]:
        """UIDs, upper hex, that a frame of this reader tells, as long as it is the frame given out last."""
        return self._telling.get(frame, ())

    def feed(self, chunk: bytes, now_s: float) -> list[bytes]:
        """The replies to the commands that `chunk` completes, as far as they are due at once."""
        if now_s < self._deaf_until_s:
            return []
        for command in self._commands.feed(chunk, now_s):
            if command.address in {0xFF, 0}:
                self._obey(command, now_s)
        return self.due(now_s)

    def next_due_s(self) -> float | None:
        """When a reply is due next (monotonic seconds); None: not before a command comes."""
        return self._replies[0][0] if self._replies else None

    def due(self, now_s: float) -> list[bytes]:
        """The replies due by `now_s`."""
        frames = []
        self._telling = {}
        while self._replies and self._replies[0][0] <= now_s:
            _, frame, uids = self._replies.popleft()
            self._telling[frame] = uids
            self.reads_told += len(uids)
            frames.append(frame)
        return frames

    def _obey(self, command: Command, now_s: float) -> None:
        status, payload, uids = 0, b"", tuple[str, ...]()
        try:
            if command.code == 0xB0:
                status, payload, uids = self._host_command(command)
            else:
                payload = self._answers.get(command.code, _unknown)(command.payload)
        except Refusal as refusal:
            status, payload = refusal.status, refusal.payload
        if command.code == 0x63:
            self._deaf_until_s = now_s + BOOT_S
        reply = encode_reply(command.code, payload, status=status, is_advanced=command.is_advanced)
        # Only inventories take time on the air: the slots of the anticollision.
        is_inventory = command.code == 0xB0 and command.payload[:1] == b"\x01"
        wait_s = max(self._pace.pass_s_min, len(uids) * self._pace.interval_s) if is_inventory else 0.0
        ready_s = max(now_s, self._replies[-1][0]) if self._replies else now_s
        self._replies.append((ready_s + wait_s, reply, uids))

    def _host_command(self, command: Command) -> tuple[int, bytes, tuple[str, ...]]:
        if len(command.payload) < 2:
            raise Refusal(LENGTH_ERROR)
        if command.payload[0] != 0x01:
            return 0, self._access(command.payload), ()
        mode = command.payload[1]
        if mode & ~(MODE_MORE | (MODE_ANTENNAS if self._model.antennas > 1 else 0)):
            raise Refusal(PARAMETER_RANGE)
        if len(command.payload) != (3 if mode & MODE_ANTENNAS else 2):
            raise Refusal(LENGTH_ERROR)
        if not mode & MODE_MORE:
            self._inventory(self._named(command.payload[2]) if mode & MODE_ANTENNAS else (self._antenna,))
        if not self._waiting:
            raise Refusal(NO_TRANSPONDER)
        return self._next_part(is_advanced=command.is_advanced, has_antennas=bool(mode & MODE_ANTENNAS))

    def _named(self, mask: int) -> tuple[int, ...]:
        named = tuple(antenna for antenna in range(1, 9) if mask >> (antenna - 1) & 1)
        if not named or named[-1] > self._model.antennas:
            raise Refusal(PARAMETER_RANGE)
        return named

    def _inventory(self, antennas: Sequence[int]) -> None:
        self._waiting.clear()
        self._ending = 0
        if self._antenna == 0:
            return
        if self._chance.random() < self._upsets:
            self._ending = self._chance.choice((COLLISION, RF_WARNING, RF_COMMUNICATION))
            if self._ending == COLLISION:
                raise Refusal(COLLISION)
        found: dict[bytes, _Found] = {}
        for antenna in antennas:
            for hearing in self._heard(antenna):
                if hearing.tag.epc not in self._quiet:
                    found.setdefault(hearing.tag.epc, _Found(hearing.tag, [])).heard.append(hearing)
            self._quiet |= found.keys()
        self._waiting.extend(found.values())

    def _heard(self, antenna: int) -> list[Hearing]:
        if antenna != self._antenna:
            # A tag without a field forgets that it was told to be quiet.
            self._quiet.clear()
            self._antenna = antenna
        return self._radio.hear(antenna)

    def _next_part(self, *, is_advanced: bool, has_antennas: bool) -> tuple[int, bytes, tuple[str, ...]]:
        # Length, address, command, status, count and checksum leave this much room.
        room = self._model.reply_bytes_max - (9 if is_advanced or self._model.reply_bytes_max > 255 else 7)
        records = b""
        uids: list[str] = []
        while self._waiting and len(uids) < SETS_MAX:
            record = _encode_record(self._waiting[0], has_antennas=has_antennas)
            if len(records) + len(record) > room:
                break
            records += record
            uids.append(self._waiting.popleft().tag.epc.hex().upper())
        status = MORE_DATA if self._waiting else self._ending
        return status, bytes((len(uids),)) + records, tuple(uids)

    def _access(self, request: bytes) -> bytes:
        access = parse_access(request)
        if access.order == 0x02:
            self._quiet.add(access.uid)
            return b""
        if self._antenna == 0:
            raise Refusal(NO_TRANSPONDER)
        uid = self._memory.addressed(access, {heard.tag.epc for heard in self._radio.hear(self._antenna)})
        if access.order == 0x26:
            self._quiet.discard(uid)
            return b""
        return self._memory.obey(access, uid)

    def _nothing(self, payload: bytes) -> bytes:
        del payload
        return b""

    def _version(self, payload: bytes) -> bytes:
        return _empty(payload, self._model.version)

    def _about(self, payload: bytes) -> bytes:
        if len(payload) != 1:
            raise Refusal(LENGTH_ERROR)
        if payload[0] == 0x00:
            return self._model.version + (1024).to_bytes(2, "big") + self._model.reply_bytes_max.to_bytes(2, "big")
        if payload[0] == 0x80:
            return self._serial.to_bytes(4, "big") + bytes(12)
        raise Refusal(PARAMETER_RANGE)

    def _reset(self, payload: bytes) -> bytes:
        self._antenna = 1
        return self._reset_field(payload)

    def _reset_field(self, payload: bytes) -> bytes:
        # No tag hears anything for some 6 ms, so each forgets that it was told to be quiet.
        self._quiet.clear()
        self._waiting.clear()
        return _empty(payload, b"")

    def _switch_field(self, payload: bytes) -> bytes:
        if len(payload) != 1:
            raise Refusal(LENGTH_ERROR)
        if payload[0] > self._model.antennas:
            raise Refusal(PARAMETER_RANGE)
        if payload[0] != self._antenna:
            self._quiet.clear()
        self._antenna = payload[0]
        return b""

    def _get_config(self, payload: bytes) -> bytes:
        if len(payload) != 1:
            raise Refusal(LENGTH_ERROR)
        return self._config.get(payload[0] & 0x3F, bytes(CONFIG_BYTES))

    def _set_config(self, payload: bytes) -> bytes:
        if len(payload) != 1 + CONFIG_BYTES:
            raise Refusal(LENGTH_ERROR)
        self._config[payload[0] & 0x3F] = payload[1:]
        return b""

    def _forget_config(self, payload: bytes) -> bytes:
        del payload
        self._config.clear()
        return b""


def _unknown(payload: bytes) -> bytes:
    del payload
    raise Refusal(UNKNOWN_COMMAND)


def _empty(payload: bytes, answer: bytes) -> bytes:
    if payload:
        raise Refusal(LENGTH_ERROR)
    return answer


def _encode_record(found: _Found, *, has_antennas: bool) -> bytes:
    uid, dsfid = found.tag.epc, 0
    if not has_antennas:
        return bytes((ISO15693, dsfid)) + uid
    return (
        bytes((FLAG_ANTENNAS, ISO15693, dsfid, len(uid)))
        + uid
        + bytes((len(found.heard),))
        + b"".join(_antennas(found))
    )


def _antennas(found: _Found) -> Iterator[bytes]:
    for heard in found.heard:
        # Number, status, strength (an unsigned number without a published scale), four reserved bytes.
        yield bytes((heard.antenna, 0, -heard.rssi_dbm)) + bytes(4)
