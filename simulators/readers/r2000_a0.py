"""A simulated R2000 reader with four antennas: obeys commands with a right check byte and tells what its radio hears.

Written from the protocol document and public programs alone, so that a misreading in our driver cannot hide behind the same
misreading here. Not modelled: session persistence (a tag answers every round) and what less power would do. An order that
comes during a round waits for its end: the document knows no stop. Model `old` is firmware that ends a round without the
tags a second.
"""

import collections
from collections.abc import Callable
from typing import Final

from simulators.pace import Pace
from simulators.radio import Hearing, Radio
from simulators.readers import r2000_access as access
from simulators.readers import r2000_rounds as rounds
from simulators.readers.asked_rounds import AskedRounds
from simulators.readers.r2000_access import Refused
from simulators.readers.r2000_frames import BROADCAST, FACTORY_ADDRESS, Command, CommandReader, encode_reply
from simulators.tags import Tag, parse_tags

MODELS: Final = ("new", "old")
INVENTORIES: Final = {rounds.REAL_TIME, rounds.FAST_SWITCH, rounds.BY_SESSION}
ROUND_S_MAX: Final = 2.0
"""A round is over before the watchdog that the document gives hosts; tags it did not come to answer the next one."""
WAITING_MAX: Final = 16
"""Orders kept while a round goes on; what the UART of such a reader holds of short frames."""
FIRMWARE: Final = bytes((1, 9))
TEMPERATURE_C: Final = 28
RETURN_LOSS_DB: Final = 17
POWER_DBM_MAX: Final = 33
FCC_BAND: Final = bytes.fromhex("01073B")
"""How it comes from the factory: everybody outside the United States must change it."""
REGION_CHANNELS: Final = {0x01: (7, 59), 0x02: (0, 6), 0x03: (43, 53)}
"""First and last frequency index: FCC 902-928 MHz, ETSI 865-868 MHz, CHN 920-925 MHz."""
OWN_CHANNELS: Final = 0x04


class R2000Reader:
    """One reader on one link: feed it bytes, ask it for the frames that are due."""

    def __init__(self, radio: Radio, *, model: str = "new", pace: Pace | None = None) -> None:
        self.missing_antennas: set[int] = set()
        """0-based ports with nothing connected; tests set them."""
        self._radio = radio
        self._is_old = model == "old"
        self._address = FACTORY_ADDRESS
        self._rounds = AskedRounds(pace or Pace())
        self._commands = CommandReader()
        self._waiting: collections.deque[Command] = collections.deque(maxlen=WAITING_MAX)
        self._rounds_begun = 0
        self._buffer: dict[bytes, tuple[Hearing, int]] = {}
        self._identifier = b"BAGUIER-SIM1"
        self._kept = {"detector": b"\x00", "profile": b"\xd1", "match": b""}
        self._switch_on()
        self._answers: dict[int, Callable[[bytes], bytes]] = {
            0x60: lambda _: b"\x00\x00", 0x61: _success, 0x62: self._set_detector, 0x63: lambda _: self._kept["detector"],
            0x66: self._set_temporary_power, 0x67: self._set_identifier, 0x68: lambda _: self._identifier,
            0x69: self._set_profile, 0x6A: lambda _: self._kept["profile"], 0x71: self._set_baud,
            0x72: lambda _: FIRMWARE, 0x73: self._set_address, 0x74: self._set_antenna,
            0x75: lambda _: bytes((self._antenna,)), 0x76: self._set_power, 0x77: self._get_power,
            0x78: self._set_region, 0x79: lambda _: self.region, 0x7A: _success,
            0x7B: lambda _: bytes((1, TEMPERATURE_C)), 0x7E: lambda _: bytes((RETURN_LOSS_DB,)),
            0x80: self._buffered, 0x85: self._set_match, 0x86: self._get_match,
            0x92: lambda _: len(self._buffer).to_bytes(2, "big"), 0x93: self._clear_buffer,
        }  # fmt: skip

    def _switch_on(self) -> None:
        """What a power cut or a reset forgets is at its first value."""
        self.region = FCC_BAND
        """Region, first and last frequency index in force."""
        self.power_dbm = bytes((POWER_DBM_MAX,))
        """One value for all antennas, or one for each."""
        self._temporary_dbm: bytes | None = None
        self._antenna = 0

    @property
    def reads_told(self) -> int:
        """Tags given out so far."""
        return self._rounds.reads_told

    def load(self, text: str) -> None:
        """Lay the tags of a tags file in the field. Raises: TagsFileError: the text is no tags file."""
        self._radio.set_tags(parse_tags(text))

    def tags_of(self, frame: bytes) -> tuple[str, ...]:
        """The EPC, upper hex, that a report frame tells."""
        epc = rounds.decode_epc(frame)
        return (epc.hex().upper(),) if epc is not None else ()

    def feed(self, chunk: bytes, now_s: float) -> list[bytes]:
        """The replies to the commands that `chunk` completes, unless a round goes on: then they wait."""
        self._waiting.extend(
            command for command in self._commands.feed(chunk, now_s) if command.address in {self._address, BROADCAST}
        )
        return self._work(now_s)

    def next_due_s(self) -> float | None:
        """When frames are due next (monotonic seconds); None: not before a command comes."""
        return self._rounds.next_due_s

    def due(self, now_s: float) -> list[bytes]:
        """The frames due by `now_s`, and when the round is over the replies to what waited for it."""
        return self._rounds.due(now_s) + self._work(now_s)

    def _work(self, now_s: float) -> list[bytes]:
        frames = []
        while self._waiting and not self._rounds.is_busy:
            frames += self._obey(self._waiting.popleft(), now_s)
        return frames

    def _reply(self, command: int, answer: bytes) -> bytes:
        return encode_reply(command, answer, address=self._address)

    def _obey(self, command: Command, now_s: float) -> list[bytes]:
        number, parameters = command.command, command.parameters
        address = self._address
        try:
            if number in INVENTORIES:
                self._inventory(number, parameters, now_s)
                return []
            if number == 0x70:
                # A reset is answered by silence.
                self._switch_on()
                return []
            if number in {0x81, 0x82, 0x94}:
                return [self._reply(number, answer) for answer in self._access(number, parameters)]
            if number in {0x90, 0x91}:
                return [self._reply(number, answer) for answer in self._told_buffer(is_cleared=number == 0x91)]
            answer = self._answers.get(number)
            return [encode_reply(number, answer(parameters), address=address)] if answer else []
        except Refused as refused:
            return [encode_reply(number, bytes((refused.error,)), address=address)]

    # --- rounds

    def _inventory(self, number: int, parameters: bytes, now_s: float) -> None:
        asked = rounds.parse_rounds(number, parameters, work_antenna=self._antenna)
        if asked is None:
            raise Refused(access.WRONG_PARAMETER)
        if not asked.is_switching and self._antenna in self.missing_antennas:
            raise Refused(access.ANTENNA_MISSING)
        total = 0
        for port in asked.ports:
            if port in self.missing_antennas:
                self._rounds.begin([], [self._reply(number, bytes((port, access.ANTENNA_MISSING)))], now_s=now_s)
                continue
            heard = self._hear(port)
            total += len(heard)
            told = [(self._reply(number, rounds.encode_tag(one, self._channel())), 1) for one in heard]
            end = rounds.encode_round_end(port, len(heard), is_short=self._is_old)
            self._rounds.begin(told, [] if asked.is_switching else [self._reply(number, end)], now_s=now_s)
        if asked.is_switching:
            end = rounds.encode_switch_end(total, 10 * len(asked.ports))
            self._rounds.begin([], [self._reply(number, end)], now_s=now_s)

    def _hear(self, port: int) -> list[Hearing]:
        self._rounds_begun += 1
        return self._radio.hear(port + 1)[: self._rounds.tags_within(ROUND_S_MAX)]

    def _channel(self) -> int:
        """Frequency index of this round: a reader hops over the channels of its region."""
        first, last = self.region[1:3] if self.region[0] != OWN_CHANNELS else (0, 0)
        return first + self._rounds_begun % (last - first + 1)

    def _buffered(self, parameters: bytes) -> bytes:
        _sized(1, parameters)
        if self._antenna in self.missing_antennas:
            raise Refused(access.ANTENNA_MISSING)
        heard = self._hear(self._antenna)
        for one in heard:
            _, count = self._buffer.get(one.tag.epc, (one, 0))
            self._buffer[one.tag.epc] = (one, min(count + 1, 0xFF))
        counts = (len(self._buffer), min(len(heard) * 10, 0xFFFF))
        return bytes((self._antenna,)) + b"".join(n.to_bytes(2, "big") for n in counts) + len(heard).to_bytes(4, "big")

    def _told_buffer(self, *, is_cleared: bool) -> list[bytes]:
        if not self._buffer:
            raise Refused(access.BUFFER_EMPTY)
        answers = []
        for one, count in self._buffer.values():
            result = bytes((rounds.encode_strength(one.rssi_dbm),))
            place = self._channel() << 2 | one.antenna - 1
            told = access.encode_answer(one.tag, result, tags=len(self._buffer), place=place)
            answers.append(told[:-1] + bytes((count,)))
        if is_cleared:
            self._buffer.clear()
        return answers

    def _clear_buffer(self, parameters: bytes) -> bytes:
        self._buffer.clear()
        return _success(parameters)

    # --- tags

    def _access(self, number: int, parameters: bytes) -> list[bytes]:
        asked = access.parse_read(parameters) if number == 0x81 else access.parse_write(parameters)
        match = self._kept["match"]
        meant = [one.tag for one in self._hear(self._antenna) if not match or one.tag.epc == match]
        if not meant:
            raise Refused(access.NO_TAG)
        answers = []
        for tag in meant:
            result = self._accessed(number, asked, tag)
            place = self._channel() << 2 | self._antenna
            answers.append(access.encode_answer(tag, result, tags=len(meant), place=place))
        return answers

    def _accessed(self, number: int, asked: access.Access, tag: Tag) -> bytes:
        if number == 0x81:
            words = asked.read(tag)
            return words + bytes((len(words),))
        self._radio.replace(tag, asked.written(tag))
        return bytes((access.SUCCESS,))

    def _set_match(self, parameters: bytes) -> bytes:
        self._kept["match"] = access.parse_match(parameters)
        return bytes((access.SUCCESS,))

    def _get_match(self, parameters: bytes) -> bytes:
        _sized(0, parameters)
        match = self._kept["match"]
        return bytes((0, len(match))) + match if match else b"\x01"

    # --- the reader itself

    def _set_antenna(self, parameters: bytes) -> bytes:
        (port,) = _sized(1, parameters)
        if port >= rounds.ANTENNA_PORTS:
            raise Refused(access.WRONG_ANTENNA)
        self._antenna = port
        return bytes((access.SUCCESS,))

    def _set_power(self, parameters: bytes) -> bytes:
        if len(parameters) not in {1, rounds.ANTENNA_PORTS}:
            raise Refused(access.WRONG_PARAMETER)
        if max(parameters) > POWER_DBM_MAX:
            raise Refused(access.WRONG_POWER)
        self.power_dbm, self._temporary_dbm = parameters, None
        return bytes((access.SUCCESS,))

    def _get_power(self, parameters: bytes) -> bytes:
        _sized(0, parameters)
        powers = self._temporary_dbm or self.power_dbm
        return powers[:1] if len(set(powers)) == 1 else powers

    def _set_temporary_power(self, parameters: bytes) -> bytes:
        # From 20 dBm on in the document: below, this order is refused and 76 is not.
        if not 20 <= _sized(1, parameters)[0] <= POWER_DBM_MAX:
            raise Refused(access.WRONG_POWER)
        self._temporary_dbm = parameters
        return bytes((access.SUCCESS,))

    def _set_region(self, parameters: bytes) -> bytes:
        if len(parameters) == 6 and parameters[0] == OWN_CHANNELS:
            self.region = parameters
            return bytes((access.SUCCESS,))
        region, first, last = _sized(3, parameters)
        if region not in REGION_CHANNELS:
            raise Refused(access.WRONG_REGION)
        lowest, highest = REGION_CHANNELS[region]
        if not lowest <= first <= last <= highest:
            raise Refused(access.WRONG_FREQUENCY)
        self.region = parameters
        return bytes((access.SUCCESS,))

    def _set_baud(self, parameters: bytes) -> bytes:
        if _sized(1, parameters)[0] not in {3, 4}:
            raise Refused(access.WRONG_BAUD)
        return bytes((access.SUCCESS,))

    def _set_address(self, parameters: bytes) -> bytes:
        (self._address,) = _sized(1, parameters)
        return bytes((access.SUCCESS,))

    def _set_identifier(self, parameters: bytes) -> bytes:
        self._identifier = _sized(12, parameters)
        return bytes((access.SUCCESS,))

    def _set_detector(self, parameters: bytes) -> bytes:
        self._kept["detector"] = _sized(1, parameters)
        return bytes((access.SUCCESS,))

    def _set_profile(self, parameters: bytes) -> bytes:
        if not 0xD0 <= _sized(1, parameters)[0] <= 0xD3:
            raise Refused(access.WRONG_PARAMETER)
        self._kept["profile"] = parameters
        return bytes((access.SUCCESS,))


def _success(_: bytes) -> bytes:
    return bytes((access.SUCCESS,))


def _sized(length: int, parameters: bytes) -> bytes:
    """The parameters, if they have this length. Raises: Refused (41)."""
    if len(parameters) != length:
        raise Refused(access.WRONG_PARAMETER)
    return parameters
