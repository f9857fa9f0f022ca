"""Line answers: commands that take many texts and give one answer a line, good or bad.

One bad text never hides the others: its line says why, and only the exit code of the whole run becomes 1.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO, Final

from server.core.errors import DomainError

LINE_BYTES_MAX: Final = 16 * 1024
"""Longer than any tag content, tag URI or barcode by far."""


def texts_of(arguments: Sequence[str]) -> Iterator[str]:
    """The arguments; `-` stands for the lines of standard input. Blank lines are skipped.

    Lines end at a newline only: barcodes hold the group separator, which Python would take for a line end.
    """
    for argument in arguments:
        if argument != "-":
            yield argument
            continue
        for line in _lines(sys.stdin.buffer):
            if line.strip():
                # What is not UTF-8 stays visible as such, so that the line's own check refuses it with a sentence.
                yield line.decode("utf-8", "surrogateescape")


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines without their end; of a longer line only `LINE_BYTES_MAX` bytes, which every answer refuses as too long."""
    while raw := stream.readline(LINE_BYTES_MAX):
        start = raw
        while not raw.endswith(b"\n") and len(raw) == LINE_BYTES_MAX:
            raw = stream.readline(LINE_BYTES_MAX)
        yield start.rstrip(b"\r\n")


def print_answers(
    texts: Iterable[str], answer: Callable[[str], Mapping[str, object]], *, as_json: bool, headline: str
) -> int:
    """Print one line for each text and give the exit code: 1 if any was refused.

    `headline`: the key whose value people see first without `--json`.
    """
    exit_code = 0
    for text in texts:
        try:
            fields = answer(text)
        except DomainError as refused:
            exit_code = 1
            shown = text[:200].encode("utf-8", "backslashreplace").decode()
            fields = {"input": shown, "error": refused.sentence, **refused.facts}
        print(json.dumps(fields, ensure_ascii=False) if as_json else _for_people(fields, headline), flush=True)
    return exit_code


def _for_people(fields: Mapping[str, object], headline: str) -> str:
    if "error" in fields:
        return f"error: {fields['error']}"
    rest = " ".join(
        f"{name}={_plain(found)}" for name, found in fields.items() if name != headline and found not in (None, {}, [])
    )
    return f"{fields[headline] or '-'}  {rest}".rstrip()


def _plain(found: object) -> str:
    if isinstance(found, Mapping):
        return "".join(f"({ai}){text}" for ai, text in found.items())
    if isinstance(found, list):
        return ",".join(map(str, found))
    return str(found)
