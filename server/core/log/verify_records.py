"""Records of tours: each that the log tells of is in the pack, sealed, and says of every count what two people signed.

record.made     subject tour      name (of the file), sha256
"""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Final, TypeAlias

from server.core.errors import Malformed
from server.core.log import pack
from server.core.log.canonical import JsonValue
from server.core.log.events import EventType, Leaf
from server.core.log.findings import RecordBroken
from server.core.log.verify_counts import closed_lines
from server.core.log.verify_story import text_of

ReadRecord: TypeAlias = Callable[[bytes, str], Mapping[str, JsonValue]]
"""Takes a PDF and the SHA-256 (hex) of the certificate it must be sealed with; gives the content embedded in it.

Raises Malformed when it is not sealed with that, or holds no content."""

_FIGURES: Final = ("present", "missing", "by_hand")


def check_records(
    leaves: Sequence[Leaf],
    members: Mapping[str, bytes],
    *,
    read: Callable[[bytes], Mapping[str, JsonValue]] | None,
    only: str | None = None,
) -> int:
    """How many records the log tells of; each is there, unchanged, and no other is.

    `read` checks a seal and gives the content, which is compared with the signed lists; None: it is not looked at.
    `only`: the one count of an extract, whose tour's record alone must be there.
    Raises: RecordBroken: names the first record that is missing, changed, added, falsely sealed or of other figures.
    """
    lines = closed_lines(leaves, members, only=only)
    tours = None if only is None else {line.tour for line in lines.values()}
    told = {
        f"{pack.RECORDS}{text_of(leaf, 'name')}.pdf": leaf
        for leaf in leaves
        if leaf.type is EventType.RECORD_MADE and (tours is None or leaf.subject.id in tours)
    }
    for path, leaf in told.items():
        pdf = members.get(path)
        if pdf is None:
            raise RecordBroken(path, f"The record {path} that leaf {leaf.seq} tells of is missing.")
        if sha256(pdf).hexdigest() != text_of(leaf, "sha256"):
            raise RecordBroken(path, f"{path} is not the record that was made in leaf {leaf.seq}.")
        if read is not None:
            wanted = {
                count: line.figures
                for count, line in lines.items()
                if line.tour == leaf.subject.id and line.closed_seq < leaf.seq
            }
            _compare(path, _content(path, pdf, read), wanted, is_extract=only is not None)
    for path in sorted(members):
        if path.startswith(pack.RECORDS) and path not in told:
            raise RecordBroken(path, f"The log tells of no record {path}.")
    return len(told)


def _content(path: str, pdf: bytes, read: Callable[[bytes], Mapping[str, JsonValue]]) -> Mapping[str, JsonValue]:
    try:
        return read(pdf)
    except Malformed as error:
        raise RecordBroken(path, f"{path}: {error.sentence}") from error


def _compare(
    path: str, content: Mapping[str, JsonValue], wanted: Mapping[str, Mapping[str, JsonValue]], *, is_extract: bool
) -> None:
    rows = content.get("lines")
    said: dict[str, Mapping[str, JsonValue]] = {}
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict):
            said[str(row.get("count"))] = {name: row.get(name) for name in _FIGURES}
    if is_extract:
        said = {count: figures for count, figures in said.items() if count in wanted}
    for count in sorted(said.keys() | wanted.keys()):
        signed = {name: wanted.get(count, {}).get(name) for name in _FIGURES}
        if count not in said or count not in wanted or said[count] != signed:
            raise RecordBroken(path, f"{path} says of count {count} something else than was signed.")
