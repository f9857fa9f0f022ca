"""Command line: the commands of `baguier-agent` and what each of them takes."""

import argparse
from pathlib import Path
from typing import Final, NoReturn

from reader_drivers.agent.protocols import PROTOCOLS

BAD_USAGE: Final = 2
DEFAULT_CONFIG: Final = Path("agent.toml")
LOCATE_S: Final = 600.0
"""A sled that is laid aside must not transmit for ever."""
DIRECTIONS: Final = ("reader_to_host", "host_to_reader")


class _Parser(argparse.ArgumentParser):
    """One clear sentence instead of the usage text."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_USAGE, f"{self.prog}: {message}; see {self.prog} --help.\n")


class _Commands:
    """Adds commands one after the other; each has a sentence of help and an example."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)

    def add(self, name: str, text: str, *, example: str) -> argparse.ArgumentParser:
        return self._commands.add_parser(name, help=text, epilog=f"example: {example}")


def parser() -> argparse.ArgumentParser:
    """Reads the arguments of one command; bad usage ends the program with code 2 and one sentence."""
    top = _Parser(
        prog="baguier-agent",
        description="Runs beside the readers of a shop.",
        epilog="example: baguier-agent run --config agent.toml",
    )
    commands = _Commands(top)
    _add_run(commands)
    _add_list(commands)
    _add_test(commands)
    _add_write(commands)
    _add_locate(commands)
    _add_replay(commands)
    _add_decode(commands)
    return top


def _add_run(commands: _Commands) -> None:
    run = commands.add(
        "run", "open the readers and stream to the server", example="baguier-agent run --config agent.toml"
    )
    run.add_argument("--config", type=Path, required=True, help="agent.toml")
    run.add_argument("--capture", type=Path, metavar="FILE", help="keep all bytes of all readers, for a bug report")
    run.add_argument("--stdin-eof", action="store_true", help="stop when standard input ends")


def _add_list(commands: _Commands) -> None:
    listing = commands.add("list", "what is plugged in", example="baguier-agent list --ask")
    listing.add_argument(
        "ports", metavar="PORT", nargs="*", help="only these, also tcp:HOST:PORT; else all that are there"
    )
    listing.add_argument("--ask", action="store_true", help="ask each unknown port who it is; nothing is transmitted")
    listing.add_argument("--json", action="store_true", help="one JSON list")


def _add_test(commands: _Commands) -> None:
    test = commands.add("test", "open one reader and listen for 5 s", example="baguier-agent test pad-1")
    _add_reader(test)


def _add_write(commands: _Commands) -> None:
    write = commands.add(
        "write",
        "give one tag another EPC",
        example="baguier-agent write pad-1 --epc urn:epc:tag:sgtin-96:1.9521141.012345.4711",
    )
    _add_reader(write)
    write.add_argument("--epc", metavar="URI", required=True, help="EPC URI, or hex digits")
    write.add_argument("--tid", metavar="HEX", help="the tag that must be written; else the only one that answers")
    write.add_argument(
        "--password-file", type=Path, metavar="FILE", help="access password of a locked tag: 8 hex digits"
    )
    write.add_argument("--json", action="store_true", help="one JSON object")


def _add_locate(commands: _Commands) -> None:
    locate = commands.add(
        "locate",
        "show how strongly one tag answers, to walk towards it; Ctrl-C ends it",
        example="baguier-agent locate sled --epc 3036451FD40C0E4000001267",
    )
    _add_reader(locate)
    locate.add_argument("--epc", metavar="URI", help="EPC URI, or hex digits")
    locate.add_argument("--tid", metavar="HEX", help="the chip's own number, where the reader tells it")
    locate.add_argument("--seconds", type=float, default=LOCATE_S, help="how long at most (default: 600)")
    locate.add_argument("--json", action="store_true", help="one JSON object a line")


def _add_replay(commands: _Commands) -> None:
    replay = commands.add("replay", "what the drivers make of a capture", example="baguier-agent replay monday.capture")
    replay.add_argument("file", metavar="FILE", type=Path, help="made by `run --capture`")
    replay.add_argument("--reader", metavar="NAME", help="only this one")
    replay.add_argument("--realtime", action="store_true", help="at the speed of the capture; else as fast as possible")


def _add_decode(commands: _Commands) -> None:
    decode = commands.add(
        "decode",
        "explain captured bytes",
        example="echo FF0168000000A4BF | baguier-agent decode thingmagic_ff --hex",
    )
    decode.add_argument("protocol", metavar="PROTOCOL", help=", ".join(entry.name for entry in PROTOCOLS))
    decode.add_argument(
        "file", metavar="FILE", nargs="?", default="-", help="raw bytes or a capture; - or nothing: standard input"
    )
    decode.add_argument("--hex", action="store_true", help="hex text, one capture a line")
    decode.add_argument("--direction", choices=DIRECTIONS, default=DIRECTIONS[0], help="who sent the bytes")


def _add_reader(command: argparse.ArgumentParser) -> None:
    command.add_argument("reader", metavar="READER", help="its name in agent.toml")
    command.add_argument("--config", type=Path, default=DEFAULT_CONFIG, help="agent.toml (default: in this folder)")
