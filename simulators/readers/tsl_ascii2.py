"""A simulated TSL sled (ASCII 2 protocol): inventories one at a time, reads and writes the tags that answer.

Bytes and times come in, blocks of lines come out; the link is somebody else's. Written from the protocol document and the
maker's published library. Parameters stay until they are changed or reset by ``-x``, each command has its own.

Where the document is silent: an unknown command or parameter is error 001 with a message (the document numbers only 005
and 006); an abort breaks the round under way off with error 015, as the maker's library names it; a write or read that a
tag refuses gives EA or EB in that tag's lines and the block ends with OK, because tags did answer. Not
modelled: session persistence, less reach with less power, the trigger and the barcode engine.
"""

from collections.abc import Callable
from typing import Final

from simulators.gen2 import (
    BANK_EPC,
    BANK_TID,
    BANK_USER,
    FLAG_SELECTED,
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
from simulators.readers.asked_rounds import AskedRounds
from simulators.readers.tsl_lines import Command, CommandError, CommandReader, done, failed, line, parse_command
from simulators.tags import Tag, parse_tags

ANTENNA: Final = 1
ABORT: Final = ".ab"
SYNTAX_ERROR, NO_TRANSPONDER, NO_BARCODE, ABORTED = 1, 5, 6, 15
INVALID_PASSWORD: Final = 4
"""EA, the access error of a wrong password (the maker's library)."""
REGIONS: Final = ("EU", "US")
"""A sled is made for one; its serial number says which."""
POWER_DBM: Final = range(10, 30)
BANKS: Final = {"epc": BANK_EPC, "tid": BANK_TID, "usr": BANK_USER, "res": 0}
SESSIONS: Final = {"s0": 0, "s1": 1, "s2": 2, "s3": 3, "sl": FLAG_SELECTED}
SELECTED: Final = {"all": 0, "nsl": 2, "sl": 3}
IMPINJ_TIDS: Final = ("E2801", "E2001")
"""Fast ID is an extension of Impinj's chips: no other tells its TID in an inventory."""
DEFAULTS: Final = {
    "al": "on", "c": "off", "dr": "off", "e": "off", "fi": "off", "ie": "on", "ix": "off", "o": "29", "qa": "dyn",
    "ql": "all", "qs": "s1", "qt": "a", "qv": "4", "r": "off", "sa": "0", "sb": "epc", "sd": "", "sl": "00", "so": "0020",
    "st": "s1", "ap": "00000000", "db": "epc", "do": "0000", "dl": "01", "da": "",
}  # fmt: skip
SELECTS: Final = {"iv": "on", "rd": "off", "wr": "off"}
"""Default of -io, inventory only: published inventories select only with ``-io off``, published writes without it."""


class TslSled:
    """One sled on one link: feed it bytes, ask it for the lines that are due."""

    def __init__(self, radio: Radio, *, region: str = "EU", pace: Pace | None = None) -> None:
        self._radio = radio
        self._region = region
        self._rounds = AskedRounds(pace or Pace())
        self._commands = CommandReader()
        self._parameters = {name: DEFAULTS | {"io": select} for name, select in SELECTS.items()}
        self._answers: dict[str, Callable[[Command], bytes]] = {
            "vr": self._version, "bl": lambda _: line("BP", "78%") + line("CH", "Off") + done(), "ab": lambda _: done(),
            "al": lambda _: done(), "bc": lambda _: failed(NO_BARCODE, "No barcode found"), "fd": self._factory_defaults,
            "sa": lambda _: done(), "sl": lambda _: done(),
        }  # fmt: skip

    @property
    def reads_told(self) -> int:
        """Transponders told in inventories since the sled was switched on."""
        return self._rounds.reads_told

    def load(self, text: str) -> None:
        """Lay the tags of a tags file in the field; the round under way still tells what it heard.

        Raises: TagsFileError: the text is no tags file; the field stays as it was.
        """
        self._radio.set_tags(parse_tags(text))

    def tags_of(self, frame: bytes) -> tuple[str, ...]:
        """EPC of the lines of one transponder; every other frame tells none."""
        header, _, value = frame.partition(b": ")
        return (value.split(b"\r")[0].decode(),) if header == b"EP" else ()

    def feed(self, chunk: bytes, now_s: float) -> list[bytes]:
        """Nothing at once: a block may have to wait for the one before it."""
        for text in self._commands.feed(chunk):
            self._obey(text, now_s)
        return []

    def next_due_s(self) -> float | None:
        """When lines are due next (monotonic seconds); None: not before a command comes."""
        return self._rounds.next_due_s

    def due(self, now_s: float) -> list[bytes]:
        """The lines due by `now_s`; those of one transponder are one frame."""
        return self._rounds.due(now_s)

    def _obey(self, text: str, now_s: float) -> None:
        told, end = list[tuple[bytes, int]](), b""
        if text.split(maxsplit=1)[0] == ABORT and self._rounds.is_busy:
            self._rounds.cut()
            self._rounds.begin([], [failed(ABORTED, "Command aborted")], now_s=now_s)
        try:
            command = parse_command(text)
            if command.name in self._parameters:
                told, end = self._with_radio(command)
            else:
                end = self._answers.get(command.name, _unknown)(command)
        except (CommandError, ValueError) as error:
            end = failed(SYNTAX_ERROR, str(error))
        self._rounds.begin([(line("CS", text), 0), *told], [end], now_s=now_s)

    def _with_radio(self, command: Command) -> tuple[list[tuple[bytes, int]], bytes]:
        parameters = self._take(command)
        if "p" in command.parameters:
            return [(line("PR", " ".join(f"-{name} {value}" for name, value in sorted(parameters.items()))), 0)], done()
        if "n" in command.parameters:
            return [], done()
        heard = self._heard(parameters)
        if not heard:
            return [], failed(NO_TRANSPONDER, "No Transponder found")
        access = {"rd": self._read, "wr": self._write}.get(command.name)
        counts = 1 if access is None else 0
        told = []
        for index, hearing in enumerate(heard):
            lines = _identity(hearing, parameters, index)
            told.append((lines + (access(hearing.tag, parameters) if access else b""), counts))
        return told, done()

    def _take(self, command: Command) -> dict[str, str]:
        """The parameters of a command after this line: sticky, checked before any is taken."""
        kept = self._parameters[command.name]
        if "x" in command.parameters:
            kept = DEFAULTS | {"io": SELECTS[command.name]}
        taken = kept | {name: value for name, value in command.parameters.items() if name not in {"n", "p", "x"}}
        if int(taken["o"]) not in POWER_DBM:
            raise CommandError("Parameter out of range")
        _parse_query(taken)
        _parse_select(taken)
        self._parameters[command.name] = taken
        return taken

    def _heard(self, parameters: dict[str, str]) -> list[Hearing]:
        select = None if parameters["io"] == "on" else _parse_select(parameters)
        heard = self._radio.hear(ANTENNA)
        meant = {id(tag) for tag in answering((one.tag for one in heard), _parse_query(parameters), select)}
        return [one for one in heard if id(one.tag) in meant]

    def _read(self, tag: Tag, parameters: dict[str, str]) -> bytes:
        try:
            first, count = int(parameters["do"], 16), int(parameters["dl"], 16)
            words = read_words(tag, BANKS[parameters["db"]], first=first, words=count)
        except TagError as error:
            return line("EB", f"{error.code:03d}")
        return line("RD", words.hex().upper())

    def _write(self, tag: Tag, parameters: dict[str, str]) -> bytes:
        words, password = bytes.fromhex(parameters["da"]), bytes.fromhex(parameters["ap"])
        if len(words) != int(parameters["dl"], 16) * 2 or not words:
            raise CommandError("Length and data do not agree")
        try:
            first = int(parameters["do"], 16)
            written = with_words(tag, words, bank=BANKS[parameters["db"]], first=first, password=password)
        except PasswordError:
            return line("EA", f"{INVALID_PASSWORD:03d}")
        except TagError as error:
            return line("EB", f"{error.code:03d}")
        self._radio.replace(tag, written)
        return line("WW", f"{len(words) // 2}")

    def _version(self, command: Command) -> bytes:
        del command
        facts = (
            ("MF", "Technology Solutions (UK) Ltd"), ("US", f"1128-S1-{self._region}-000001"), ("PV", "2.6.0"),
            ("UF", "1.8.0"), ("UB", "1.1.0"), ("RS", "IND200-000001"), ("RF", "2.6.0.240"), ("RB", "2.0.0"),
            ("AS", f"1128-S1-{self._region}-000001"), ("BA", "00:07:80:41:a4:c6"), ("AC", "Passed"),
        )  # fmt: skip
        return b"".join(line(header, value) for header, value in facts) + done()

    def _factory_defaults(self, command: Command) -> bytes:
        del command
        self._parameters = {name: DEFAULTS | {"io": select} for name, select in SELECTS.items()}
        return done()


def _unknown(command: Command) -> bytes:
    return failed(SYNTAX_ERROR, f"Unknown command .{command.name}")


def _identity(hearing: Hearing, parameters: dict[str, str], index: int) -> bytes:
    """The lines of one transponder; EP comes first, because it is what starts one for the maker's own library."""
    tag = hearing.tag
    pc = protocol_control(tag)
    tid = tag.tid.hex().upper()
    lines = line("EP", tag.epc.hex().upper()) if parameters["ie"] == "on" else b""
    lines += (
        line("CR", gen2_checksum(pc + tag.epc).to_bytes(2, "big").hex().upper()) if parameters["c"] == "on" else b""
    )
    lines += line("PC", pc.hex().upper()) if parameters["e"] == "on" else b""
    lines += line("IX", f"{index:04X}") if parameters["ix"] == "on" else b""
    lines += line("RI", f"{hearing.rssi_dbm}") if parameters["r"] == "on" else b""
    return lines + (line("TD", tid) if parameters["fi"] == "on" and tid.startswith(IMPINJ_TIDS) else b"")


def _parse_query(parameters: dict[str, str]) -> Query:
    if parameters["qt"] not in {"a", "b"} or parameters["qs"] not in SESSIONS or parameters["ql"] not in SELECTED:
        raise CommandError("Parameter invalid")
    return Query(SESSIONS[parameters["qs"]], parameters["qt"] == "a", SELECTED[parameters["ql"]])


def _parse_select(parameters: dict[str, str]) -> Select:
    if parameters["st"] not in SESSIONS or parameters["sb"] not in BANKS or parameters["sa"] not in set("01234567"):
        raise CommandError("Parameter invalid")
    return Select(
        target=SESSIONS[parameters["st"]],
        action=int(parameters["sa"]),
        bank=BANKS[parameters["sb"]],
        pointer=int(parameters["so"], 16),
        length=int(parameters["sl"], 16),
        mask=bytes.fromhex(parameters["sd"]),
    )
