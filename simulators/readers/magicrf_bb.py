"""A simulated MagicRF module (M100, QM100, R200): one antenna, polls single and repeated, reads and writes one tag.

Bytes and times come in, frames come out; the link is somebody else's. Written from the protocol document alone. Where it
is silent: a set power is clamped to the module's 26 dBm and told back so; a parameter of the wrong length is answered by
17 (command error), as an unknown command is; a poll is refused by nothing, since the module starts in region 01 (China)
and transmits there. Not modelled: session persistence, and less reach with less power.
"""

from collections.abc import Callable
from typing import Final

from simulators.gen2 import (
    PasswordError,
    Query,
    Select,
    TagError,
    answering,
    gen2_checksum,
    protocol_control,
    read_words,
    with_words,
)
from simulators.pace import Pace
from simulators.radio import Hearing, Radio
from simulators.readers.asked_rounds import EMPTY_ROUND_S, AskedRounds
from simulators.readers.magicrf_frames import (
    COMMAND,
    FRAMINGS,
    NOTIFICATION,
    RESPONSE,
    Command,
    CommandReader,
    encode_frame,
)
from simulators.tags import Tag, parse_tags

POLL, MULTI_POLL, STOP, ERROR = 0x22, 0x27, 0x28, 0xFF
READ_FAILED, WRITE_FAILED, NO_TAG, WRONG_PASSWORD, COMMAND_ERROR = 0x09, 0x10, 0x15, 0x16, 0x17
READ_ERROR, WRITE_ERROR = 0xA0, 0xB0
"""Added to the Gen2 code of a tag that refuses."""
REGION_AT_START: Final = 0x01
REGIONS: Final = frozenset((0x01, 0x02, 0x03, 0x04, 0x06))
POWER_CDBM_MAX: Final = 2600
SELECT_ALWAYS, SELECT_NEVER, SELECT_FOR_ACCESS = 0x00, 0x01, 0x02
QUERY_AT_START: Final = bytes.fromhex("1020")
MASK_BYTES_MAX: Final = 12
WRITE_WORDS_MAX: Final = 32
ANTENNA: Final = 1
TEXTS: Final = {0x00: b"M100 V1.00", 0x01: b"V2.3.5", 0x02: b"MagicRf"}
"""Hardware, firmware, maker: the answers of common modules to command 03."""
DONE: Final = b"\x00"


class _Refused(ValueError):
    """A command that is not obeyed; `parameters` of the error response."""

    def __init__(self, parameters: bytes) -> None:
        super().__init__(parameters.hex())
        self.parameters = parameters


class MagicRfModule:
    """One module on one link: feed it bytes, ask it for the frames that are due."""

    def __init__(self, radio: Radio, *, framing: str = "BB", pace: Pace | None = None) -> None:
        self._radio = radio
        self._framing = FRAMINGS[framing]
        self._pace = pace or Pace()
        self._commands = CommandReader(self._framing)
        self._rounds = AskedRounds(self._pace)
        self._rounds_left = 0
        self._next_round_s = 0.0
        self._region = REGION_AT_START
        self._power_cdbm = POWER_CDBM_MAX
        self._channel = b"\x00"
        self._query = QUERY_AT_START
        self._select_parameters = bytes.fromhex("01 00000020 00 00")
        self._select_mode = SELECT_NEVER
        self._settings: dict[int, bytes] = {0xF1: bytes.fromhex("030601B0")}
        self._answers: dict[int, Callable[[bytes], bytes]] = {
            0x03: self._text, 0x07: self._set_region, 0x08: lambda _: bytes((self._region,)),
            0x0B: lambda _: self._select_parameters, 0x0C: self._set_select, 0x0D: lambda _: self._query,
            0x0E: self._set_query, 0x11: self._done, 0x12: self._set_select_mode, 0x1D: lambda given: given,
            0x39: self._read, 0x49: self._write, 0xA9: self._done, 0xAA: lambda _: self._channel,
            0xAB: self._set_channel, 0xAD: self._done, 0xB0: self._done, 0xB6: self._set_power,
            0xB7: lambda _: self._power_cdbm.to_bytes(2, "big"), 0xF0: self._set_demodulator,
            0xF1: lambda _: self._settings[0xF1],
        }  # fmt: skip

    @property
    def reads_told(self) -> int:
        """Tag notifications given out since the module was switched on."""
        return self._rounds.reads_told

    def load(self, text: str) -> None:
        """Lay the tags of a tags file in the field; the round under way still tells what it heard.

        Raises: TagsFileError: the text is no tags file; the field stays as it was.
        """
        self._radio.set_tags(parse_tags(text))

    def tags_of(self, frame: bytes) -> tuple[str, ...]:
        """EPC, upper hex, of a tag notification; every other frame tells none."""
        if frame[1:3] != bytes((NOTIFICATION, POLL)):
            return ()
        words = frame[6] >> 3
        return (frame[8 : 8 + words * 2].hex().upper(),)

    def feed(self, chunk: bytes, now_s: float) -> list[bytes]:
        """The responses to the commands that `chunk` completes."""
        return [frame for command in self._commands.feed(chunk, now_s) for frame in self._obey(command, now_s)]

    def next_due_s(self) -> float | None:
        """When frames are due next (monotonic seconds); None: not before a command comes."""
        if self._rounds.is_busy:
            return self._rounds.next_due_s
        return self._next_round_s if self._rounds_left else None

    def due(self, now_s: float) -> list[bytes]:
        """The frames due by `now_s`: tags, and a "no tag" response for each round that heard none."""
        if not self._rounds.is_busy and self._rounds_left and now_s >= self._next_round_s:
            self._begin_round(now_s)
        return self._rounds.due(now_s)

    def _obey(self, command: Command, now_s: float) -> list[bytes]:
        match command.code:
            case 0x22:
                self._poll(1, now_s)
                return []
            case 0x27:
                if len(command.parameters) != 3:
                    return [self._error(bytes((COMMAND_ERROR,)))]
                # The module acknowledges no poll: the first thing it says is a tag or "no tag".
                self._poll(int.from_bytes(command.parameters[1:], "big"), now_s)
                return []
            case 0x28:
                # The stop is at once: a tag that was not told yet was not heard.
                self._rounds_left = 0
                self._rounds.cut()
                return [self._response(STOP, DONE)]
        answer = self._answers.get(command.code)
        if answer is None:
            return [self._error(bytes((COMMAND_ERROR,)))]
        try:
            # The published answer to "set select mode" bears the number of "set select".
            return [self._response(0x0C if command.code == 0x12 else command.code, answer(command.parameters))]
        except _Refused as error:
            return [self._error(error.parameters)]

    def _response(self, code: int, parameters: bytes) -> bytes:
        return encode_frame(self._framing, RESPONSE, code, parameters=parameters)

    def _error(self, parameters: bytes) -> bytes:
        return self._response(ERROR, parameters)

    def _poll(self, rounds: int, now_s: float) -> None:
        self._rounds_left, self._next_round_s = rounds, now_s

    def _begin_round(self, now_s: float) -> None:
        self._rounds_left -= 1
        heard = self._heard(is_access=False)
        told = [
            (encode_frame(self._framing, NOTIFICATION, POLL, parameters=_tag_fields(hearing)), 1) for hearing in heard
        ]
        self._rounds.begin(told, [] if told else [self._error(bytes((NO_TAG,)))], now_s=now_s)
        self._next_round_s = now_s + max(self._pace.pass_s_min, 0.0 if told else EMPTY_ROUND_S)

    def _heard(self, *, is_access: bool) -> list[Hearing]:
        modes = {SELECT_ALWAYS, SELECT_FOR_ACCESS} if is_access else {SELECT_ALWAYS}
        select = _parse_select(self._select_parameters) if self._select_mode in modes else None
        heard = self._radio.hear(ANTENNA)
        meant = {id(tag) for tag in answering((one.tag for one in heard), _parse_query(self._query), select)}
        return [one for one in heard if id(one.tag) in meant]

    def _accessed(self, failed: int) -> Tag:
        heard = self._heard(is_access=True)
        if not heard:
            raise _Refused(bytes((failed,)))
        return heard[0].tag

    def _text(self, given: bytes) -> bytes:
        if given[:1] not in {bytes((kind,)) for kind in TEXTS}:
            raise _Refused(bytes((COMMAND_ERROR,)))
        return given[:1] + TEXTS[given[0]]

    def _done(self, given: bytes) -> bytes:
        if not given:
            raise _Refused(bytes((COMMAND_ERROR,)))
        return DONE

    def _set_region(self, given: bytes) -> bytes:
        if len(given) != 1 or given[0] not in REGIONS:
            raise _Refused(bytes((COMMAND_ERROR,)))
        self._region = given[0]
        return DONE

    def _set_power(self, given: bytes) -> bytes:
        if len(given) != 2:
            raise _Refused(bytes((COMMAND_ERROR,)))
        self._power_cdbm = min(POWER_CDBM_MAX, int.from_bytes(given, "big"))
        return DONE

    def _set_channel(self, given: bytes) -> bytes:
        self._channel = given[:1]
        return self._done(given)

    def _set_demodulator(self, given: bytes) -> bytes:
        self._settings[0xF1] = given
        return self._done(given)

    def _set_query(self, given: bytes) -> bytes:
        if len(given) != 2:
            raise _Refused(bytes((COMMAND_ERROR,)))
        self._query = given
        return DONE

    def _set_select(self, given: bytes) -> bytes:
        mask = given[7:]
        if len(given) < 7 or len(mask) > MASK_BYTES_MAX or len(mask) * 8 < given[5]:
            raise _Refused(bytes((COMMAND_ERROR,)))
        self._select_parameters, self._select_mode = given, SELECT_FOR_ACCESS
        return DONE

    def _set_select_mode(self, given: bytes) -> bytes:
        if len(given) != 1 or given[0] > SELECT_FOR_ACCESS:
            raise _Refused(bytes((COMMAND_ERROR,)))
        self._select_mode = given[0]
        return DONE

    def _read(self, given: bytes) -> bytes:
        if len(given) != 9:
            raise _Refused(bytes((COMMAND_ERROR,)))
        password, bank = given[:4], given[4]
        first, words = int.from_bytes(given[5:7], "big"), int.from_bytes(given[7:9], "big")
        tag = self._accessed(READ_FAILED)
        if any(password) and password != (tag.access_password or bytes(4)):
            raise _Refused(bytes((WRONG_PASSWORD,)) + _named(tag))
        try:
            return _named(tag) + read_words(tag, bank, first=first, words=words)
        except TagError as error:
            raise _Refused(bytes((READ_ERROR | error.code,)) + _named(tag)) from error

    def _write(self, given: bytes) -> bytes:
        words = given[9:]
        count = int.from_bytes(given[7:9], "big")
        if len(given) < 9 or len(words) != count * 2 or not 1 <= count <= WRITE_WORDS_MAX:
            raise _Refused(bytes((COMMAND_ERROR,)))
        tag = self._accessed(WRITE_FAILED)
        try:
            first = int.from_bytes(given[5:7], "big")
            written = with_words(tag, words, bank=given[4], first=first, password=given[:4])
        except PasswordError as error:
            raise _Refused(bytes((WRONG_PASSWORD,)) + _named(tag)) from error
        except TagError as error:
            raise _Refused(bytes((WRITE_ERROR | error.code,)) + _named(tag)) from error
        self._radio.replace(tag, written)
        return _named(tag) + DONE


def encode_command(code: int, parameters: bytes = b"", *, framing: str = "BB") -> bytes:
    """The command frame a host would send; for the simulator's own tests."""
    return encode_frame(FRAMINGS[framing], COMMAND, code, parameters=parameters)


def _tag_fields(hearing: Hearing) -> bytes:
    pc_epc = protocol_control(hearing.tag) + hearing.tag.epc
    return hearing.rssi_dbm.to_bytes(1, "big", signed=True) + pc_epc + gen2_checksum(pc_epc).to_bytes(2, "big")


def _named(tag: Tag) -> bytes:
    """UL, PC and EPC: which tag an access was done with."""
    pc_epc = protocol_control(tag) + tag.epc
    return bytes((len(pc_epc),)) + pc_epc


def _parse_query(word: bytes) -> Query:
    # DR 1, M 2, TRext 1, Sel 2, Session 2, Target 1, Q 4, padding 3 bits.
    bits = int.from_bytes(word, "big")
    return Query(session=bits >> 8 & 3, wants_a=not bits & 0x80, selected=bits >> 10 & 3)


def _parse_select(given: bytes) -> Select:
    return Select(
        target=given[0] >> 5,
        action=given[0] >> 2 & 7,
        bank=given[0] & 3,
        pointer=int.from_bytes(given[1:5], "big"),
        length=given[5],
        mask=given[7:],
    )
