r"""Lines of a TSL sled as the sled sees them: commands with parameters in, blocks of answer lines out.

A command is ``.cc`` and parameters, ``-p value`` or run together as the maker's own library sends them, then CR LF. An
answer is a block: ``CS: `` and the command as it came, lines of two letters, colon and value, then ``OK:`` or ``ER: nnn``,
then an empty line.

>>> parse_command(".iv -al off -x -r on -o29 -sdE280")
Command(name='iv', parameters={'al': 'off', 'x': '', 'r': 'on', 'o': '29', 'sd': 'E280'}, text='.iv -al off -x -r on -o29 -sdE280')
"""

import dataclasses
from collections.abc import Mapping
from typing import Final

LINE_END: Final = b"\r\n"
COMMAND_BYTES_MAX: Final = 512
"""Longer than a write of 32 words with a select mask; a longer line is noise and is dropped."""
PARAMETERS: Final = frozenset((
    "al", "c", "dr", "dt", "e", "fi", "fs", "ic", "ip", "ie", "io", "ix", "n", "o", "p", "qa", "ql", "qs", "qt", "qv", "r",
    "sa", "sb", "sd", "sl", "so", "st", "tf", "x", "ap", "db", "do", "dl", "da", "wm", "s", "a", "rd", "t", "bh",
))  # fmt: skip
"""Names of one or two letters; the longest that fits is meant."""


class CommandError(ValueError):
    """A command that the sled does not understand; the sentence is its message line."""


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """One command line."""

    name: str
    """Two letters, without the dot."""
    parameters: Mapping[str, str]
    """Value by name, empty for a parameter that has none; a name given twice has its last value."""
    text: str
    """As it came, for the echo."""


def parse_command(text: str) -> Command:
    """The command of one line. Raises: CommandError: no dot, or a word that is no parameter."""
    name, *words = text.split()
    if len(name) != 3 or name[0] != ".":
        raise CommandError("Unknown command")
    parameters: dict[str, str] = {}
    last = ""
    for word in words:
        if not word.startswith("-"):
            if not last or parameters[last]:
                raise CommandError("Syntax error")
            parameters[last] = word
            continue
        last = next((word[1 : 1 + size] for size in (2, 1) if word[1 : 1 + size] in PARAMETERS), "")
        if not last:
            raise CommandError("Unknown parameter")
        parameters[last] = word[1 + len(last) :]
    return Command(name[1:], parameters, text)


class CommandReader:
    """Finds command lines in the bytes a host sends; empty ones are passed over."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, chunk: bytes) -> list[str]:
        """The lines completed by `chunk`, without their ends."""
        *lines, self._buffer = (self._buffer + chunk).replace(b"\r", b"\n").split(b"\n")
        self._buffer = self._buffer[:COMMAND_BYTES_MAX]
        return [line.decode("latin-1") for line in lines if line.strip()]


def line(header: str, value: str = "") -> bytes:
    """One answer line with its end."""
    return f"{header}: {value}".rstrip(" ").encode("latin-1") + LINE_END


def done() -> bytes:
    """The end of a block that went well."""
    return line("OK") + LINE_END


def failed(number: int, message: str) -> bytes:
    """The end of a block that did not, with its message line."""
    return line("ME", message) + line("ER", f"{number:03d}") + LINE_END
