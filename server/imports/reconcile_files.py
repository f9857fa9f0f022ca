"""Files of `baguier reconcile`: the books, the reads, the last closing, the moves, the rules, each checked line by line.

Every refusal is one sentence that names the file, the line, the column or key, what was given and what was expected.
"""

import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final, NoReturn, TypeVar

from server.core.custody import Move
from server.core.discrepancies.comparison import HIGH_VALUE, Rules
from server.core.epc import encode, normal_hex
from server.core.errors import DomainError, Malformed
from server.core.evidence import MARGIN_CDB, Observation
from server.core.ids import Epc, PieceRef, Tid
from server.core.money import Money, parse_amount
from server.core.pieces import Piece, parse_owner, parse_status
from server.core.places import place_path
from server.core.tabular_columns import columns_of
from server.imports.tabular import read_table

LINE_BYTES_MAX: Final = 64 * 1024
"""A read with every optional field stays below 2 KiB."""
SETTINGS_BYTES_MAX: Final = 64 * 1024
COUNT_MAX: Final = 10**9
"""More reads of one tag than a reader makes in a year."""
REF_CHARACTERS_MAX: Final = 120

T = TypeVar("T")


class FileError(Malformed):
    """A file of the comparison that cannot be used as it is. Facts: `file`, `line` where one is known."""

    code: ClassVar[str] = "file"


def read_expected(path: Path, *, currency: str = HIGH_VALUE.currency) -> list[Piece]:
    """The books: a CSV or workbook in the French template or its English aliases; `sku` and `place` are needed.

    `currency`: of prices in rows that name none. Raises `FileError` or `TableError`.
    """
    table = read_table(path)
    columns = _columns(path, table.header, needed=("sku", "place"))
    pieces: list[Piece] = []
    lines: dict[PieceRef, int] = {}
    for line, row in table.rows:
        cell = _Cells(path, line, row, columns=columns)
        ref = cell.read("sku", _reference)
        if ref in lines:
            raise FileError(
                f"{path.name}, line {line}, column {columns['sku']!r}: reference {ref!r} stands on line {lines[ref]} too; "
                "each piece needs its own.",
                file=path.name,
                line=line,
            )
        lines[ref] = line
        priced_in = cell.text("currency").upper() or currency
        pieces.append(
            Piece(
                ref,
                cell.read_if_given("place", place_path),
                cell.read("status", parse_status),
                cell.read("owner", parse_owner),
                epc=cell.read_if_given("epc", _epc),
                tid=cell.read_if_given("tid", _tid),
                retail=cell.read_if_given("retail_price", partial(parse_amount, currency=priced_in)),
            )
        )
    return pieces


def read_prior(path: Path) -> list[PieceRef]:
    """What the last closing count held: a table with column `sku`. Raises `FileError` or `TableError`."""
    table = read_table(path)
    columns = _columns(path, table.header, needed=("sku",))
    return [_Cells(path, line, row, columns=columns).read("sku", _reference) for line, row in table.rows]


def read_observations(path: Path) -> Iterator[Observation]:
    """Reads, one JSON object a line: `id_hex` and `place`, perhaps `tid_hex`, `count`, `passes`, `rssi_dbm`, `rssi_sum`.

    `rssi_sum` is the sum over `count` reads in hundredths of a dBm; `rssi_dbm` their mean, used where no sum is given.
    Raises `FileError` at the first bad line, when the iteration reaches it.
    """
    for line, record in _json_lines(path):
        yield _observation(_Keys(path, line, record))


def read_moves(path: Path) -> list[Move]:
    """Moves logged after the books were frozen, one JSON object a line: `at`, `kind`, `piece`, `from`, `to`.

    `at`: RFC 3339 with offset. `from` and `to`: place paths, or null for outside the shop. Raises `FileError`.
    """
    moves: list[Move] = []
    for line, record in _json_lines(path):
        keys = _Keys(path, line, record)
        source, target = keys.optional_text("from"), keys.optional_text("to")
        moves.append(
            Move(
                keys.convert("piece", keys.text("piece"), _reference),
                keys.text("kind"),
                keys.convert("at", keys.text("at"), _instant_ms),
                None if source is None else keys.convert("from", source, place_path),
                None if target is None else keys.convert("to", target, place_path),
            )
        )
    return moves


def read_rules(policy: Path | None, params: Path | None) -> Rules:
    """The shop's decisions, from two optional JSON files. Raises `FileError`.

    `policy` holds `high_value` (minor units) and `currency`; `params`, frozen when a count opens, holds `margin_cdb`,
    `ghost_reads_min` and `ghost_passes_min`.
    """
    values: dict[str, Any] = {}
    for path, known in (
        (policy, ("high_value", "currency")),
        (params, ("margin_cdb", "ghost_reads_min", "ghost_passes_min")),
    ):
        if path is not None:
            keys = _Keys(path, None, _json_object(path, _bytes_of(path, SETTINGS_BYTES_MAX), None))
            keys.refuse_unknown(known)
            values |= {
                key: keys.text(key) if key == "currency" else keys.whole(key) for key in known if key in keys.record
            }
    try:
        high_value = Money(values.get("high_value", HIGH_VALUE.minor), values.get("currency", HIGH_VALUE.currency))
    except DomainError as error:
        raise FileError(f"{policy.name if policy else 'policy'}, key 'currency': {error.sentence}") from error
    return Rules(
        high_value,
        margin_cdb=values.get("margin_cdb", MARGIN_CDB),
        ghost_reads_min=values.get("ghost_reads_min", Rules().ghost_reads_min),
        ghost_passes_min=values.get("ghost_passes_min", Rules().ghost_passes_min),
    )


def _observation(keys: "_Keys") -> Observation:
    epc = keys.convert("id_hex", keys.text("id_hex"), normal_hex)
    tid = keys.optional_text("tid_hex")
    count = keys.optional_whole("count", least=1)
    reads = 1 if count is None else count
    strength_sum, mean = keys.optional_number("rssi_sum"), keys.optional_number("rssi_dbm")
    if strength_sum is None and mean is not None:
        strength_sum = mean * 100 * reads
    return Observation(
        Epc(epc),
        keys.convert("place", keys.text("place"), place_path),
        None if not tid else keys.convert("tid_hex", tid, _tid),
        reads=reads,
        is_counted=count is not None,
        passes=keys.optional_whole("passes", least=0),
        strength_sum_cdbm=0 if strength_sum is None else round(strength_sum),
        measured=0 if strength_sum is None else reads,
    )


class _Cells:
    """One row of a table, whose cells are read with the place of a mistake in the sentence."""

    def __init__(self, path: Path, line: int, row: Mapping[str, str], *, columns: Mapping[str, str]) -> None:
        self._path, self._line, self._row, self._columns = path, line, row, columns

    def text(self, name: str) -> str:
        """The cell, or empty text where the file has no such column."""
        return self._row[self._columns[name]] if name in self._columns else ""

    def read(self, name: str, convert: Callable[[str], T]) -> T:
        try:
            return convert(self.text(name))
        except DomainError as error:
            raise FileError(
                f"{self._path.name}, line {self._line}, column {self._columns[name]!r}: {error.sentence}",
                file=self._path.name,
                line=self._line,
            ) from error

    def read_if_given(self, name: str, convert: Callable[[str], T]) -> T | None:
        return self.read(name, convert) if self.text(name) else None


class _Keys:
    """One JSON object, whose members are read with the place of a mistake in the sentence."""

    def __init__(self, path: Path, line: int | None, record: Mapping[str, Any]) -> None:
        self._path, self._line, self.record = path, line, record

    def refuse(self, key: str, sentence: str) -> NoReturn:
        raise _file_error(self._path, self._line, f"key {key!r}: {sentence}")

    def refuse_unknown(self, known: tuple[str, ...]) -> None:
        for key in self.record:
            if key not in known:
                self.refuse(key, f"is not known here; expected {', '.join(known)}.")

    def convert(self, key: str, text: str, convert: Callable[[str], T]) -> T:
        try:
            return convert(text)
        except DomainError as error:
            self.refuse(key, error.sentence)

    def text(self, key: str) -> str:
        if key not in self.record:
            self.refuse(key, "is missing; each line needs it.")
        found = self.record[key]
        if not isinstance(found, str):
            self.refuse(key, f"{_shown(found)} was given; expected text.")
        return found

    def optional_text(self, key: str) -> str | None:
        return None if self.record.get(key) is None else self.text(key)

    def whole(self, key: str, *, least: int = 0) -> int:
        found = self.record[key]
        if not isinstance(found, int) or isinstance(found, bool) or not least <= found <= COUNT_MAX:
            self.refuse(key, f"{_shown(found)} was given; expected a whole number from {least} to {COUNT_MAX}.")
        return found

    def optional_whole(self, key: str, *, least: int) -> int | None:
        return None if self.record.get(key) is None else self.whole(key, least=least)

    def optional_number(self, key: str) -> float | int | None:
        found = self.record.get(key)
        if found is None:
            return None
        if not isinstance(found, int | float) or isinstance(found, bool) or abs(found) > COUNT_MAX * 100_000:
            self.refuse(key, f"{_shown(found)} was given; expected a number.")
        return found


def _columns(path: Path, header: tuple[str, ...], *, needed: tuple[str, ...]) -> dict[str, str]:
    try:
        columns = columns_of(header)
    except DomainError as error:
        raise FileError(f"{path.name}: {error.sentence}", file=path.name) from error
    for name in needed:
        if name not in columns:
            raise FileError(
                f"{path.name} has no column {name!r} (French template: {_FRENCH[name]!r}); its headings are "
                f"{', '.join(map(repr, header[:12]))}.",
                file=path.name,
            )
    return columns


_FRENCH: Final = {"sku": "Référence", "place": "Emplacement"}


def _json_lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        with path.open("rb") as lines:
            for number in range(1, 2**62):
                raw = lines.readline(LINE_BYTES_MAX + 1)
                if not raw:
                    return
                if len(raw) > LINE_BYTES_MAX:
                    raise _file_error(
                        path, number, f"is longer than {LINE_BYTES_MAX} bytes; expected one JSON object a line."
                    )
                if raw.strip():
                    yield number, _json_object(path, raw, number)
    except OSError as error:
        raise FileError(f"{path.name} cannot be opened: {error.strerror}. Check the path.", file=path.name) from error


def _bytes_of(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(limit + 1)
    except OSError as error:
        raise FileError(f"{path.name} cannot be opened: {error.strerror}. Check the path.", file=path.name) from error
    if len(raw) > limit:
        raise FileError(f"{path.name} has more than {limit} bytes; expected a few settings as JSON.", file=path.name)
    return raw


def _json_object(path: Path, raw: bytes, line: int | None) -> Mapping[str, Any]:
    try:
        found = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_unique_pairs, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise _file_error(path, line, f"is not UTF-8: byte {raw[error.start]:02X} at {error.start + 1}.") from error
    except _UnsoundError as error:
        raise _file_error(path, line, str(error)) from error
    except (ValueError, RecursionError) as error:
        cause = (
            f"{error.msg} at character {error.colno}"
            if isinstance(error, json.JSONDecodeError)
            else "too deep or too large"
        )
        raise _file_error(path, line, f"is not JSON: {cause}.") from error
    if not isinstance(found, dict):
        raise _file_error(path, line, f"holds {_shown(found)}; expected a JSON object.")
    return found


class _UnsoundError(ValueError):
    """JSON that parsers would read differently."""


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    for key, found in pairs:
        if key in keys:
            raise _UnsoundError(f"key {key!r} stands twice in one object; expected it once.")
        keys[key] = found
    return keys


def _refuse_constant(word: str) -> NoReturn:
    raise _UnsoundError(f"{word} is no number of JSON; leave the key out.")


def _file_error(path: Path, line: int | None, sentence: str) -> FileError:
    if line is None:
        return FileError(f"{path.name}, {sentence}", file=path.name)
    return FileError(f"{path.name}, line {line}, {sentence}", file=path.name, line=line)


def _shown(found: object) -> str:
    return repr(found)[:60]


def _reference(text: str) -> PieceRef:
    ref = unicodedata.normalize("NFC", text.strip())
    if not ref:
        raise Malformed("the reference is empty; each piece needs one.")
    if len(ref) > REF_CHARACTERS_MAX or not ref.isprintable():
        raise Malformed(
            f"{ref[:40]!r} is no reference; expected at most {REF_CHARACTERS_MAX} characters that can be shown."
        )
    return PieceRef(ref)


def _epc(text: str) -> Epc:
    return Epc(encode(text) if text.lower().startswith("urn:") else normal_hex(text))


def _tid(text: str) -> Tid:
    return Tid(normal_hex(text))


def _instant_ms(text: str) -> int:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise Malformed(f"{text[:40]!r} was given; expected a time such as 2026-11-25T08:35:00Z.") from error
    if instant.tzinfo is None:
        raise Malformed(f"{text[:40]!r} has no offset; expected a time such as 2026-11-25T08:35:00Z.")
    return round(instant.timestamp() * 1000)
