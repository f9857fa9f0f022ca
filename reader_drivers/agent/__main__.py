"""`baguier-agent`: what runs beside the readers, and what helps the person who connects them."""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NoReturn

from reader_drivers.agent.decode import decode_bytes, decode_hex_lines
from reader_drivers.agent.protocols import PROTOCOLS, UnknownProtocol, protocol_named
from reader_drivers.agent.settings import AgentSettings, ReaderSettings, SettingsRefused, load_settings
from reader_drivers.epc_writing import EpcOrder, EpcWriting, EpcWritten, OrderRefused
from reader_drivers.errors import ReaderFault, ReaderLost

BAD_USAGE = 2
DEFAULT_CONFIG = Path("agent.toml")


class _Parser(argparse.ArgumentParser):
    """One clear sentence instead of the usage text."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_USAGE, f"{self.prog}: {message}; see {self.prog} --help.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; exit code 0 done, 1 the reader did not answer, 2 bad usage or settings."""
    given = _parser().parse_args(arguments)
    try:
        match given.command:
            case "run":
                return _run(load_settings(given.config), is_tied_to_stdin=given.stdin_eof)
            case "list":
                return _list(given.ports, is_asking=given.ask, as_json=given.json)
            case "test":
                return _test(load_settings(given.config).reader(given.reader))
            case "write":
                return _write(given)
            case _:
                return _decode(given)
    except (SettingsRefused, UnknownProtocol, OrderRefused) as error:
        print(f"baguier-agent: {error}", file=sys.stderr)
        return BAD_USAGE
    except BrokenPipeError:
        # The reader of our output went away, as `head` does.
        sys.stderr.close()
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="baguier-agent",
        description="Runs beside the readers of a shop.",
        epilog="example: baguier-agent run --config agent.toml",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)

    run = commands.add_parser(
        "run", help="open the readers and stream to the server", epilog="example: baguier-agent run --config agent.toml"
    )
    run.add_argument("--config", type=Path, required=True, help="agent.toml")
    run.add_argument("--stdin-eof", action="store_true", help="stop when standard input ends")

    listing = commands.add_parser("list", help="what is plugged in", epilog="example: baguier-agent list --ask")
    listing.add_argument(
        "ports", metavar="PORT", nargs="*", help="only these, also tcp:HOST:PORT; else all serial ports"
    )
    listing.add_argument("--ask", action="store_true", help="ask each unknown port who it is; nothing is transmitted")
    listing.add_argument("--json", action="store_true", help="one JSON list")

    test = commands.add_parser(
        "test", help="open one reader and listen for 5 s", epilog="example: baguier-agent test pad-1"
    )
    test.add_argument("reader", metavar="READER", help="its name in agent.toml")
    test.add_argument("--config", type=Path, default=DEFAULT_CONFIG, help="agent.toml (default: in this folder)")

    write = commands.add_parser(
        "write",
        help="give one tag another EPC",
        epilog="example: baguier-agent write pad-1 --epc urn:epc:tag:sgtin-96:1.9521141.012345.4711",
    )
    write.add_argument("reader", metavar="READER", help="its name in agent.toml")
    write.add_argument("--epc", metavar="URI", required=True, help="EPC URI, or hex digits")
    write.add_argument("--tid", metavar="HEX", help="the tag that must be written; else the only one that answers")
    write.add_argument(
        "--password-file", type=Path, metavar="FILE", help="access password of a locked tag: 8 hex digits"
    )
    write.add_argument("--config", type=Path, default=DEFAULT_CONFIG, help="agent.toml (default: in this folder)")
    write.add_argument("--json", action="store_true", help="one JSON object")

    decode = commands.add_parser(
        "decode",
        help="explain captured bytes",
        epilog="example: echo FF0168000000A4BF | baguier-agent decode thingmagic_ff --hex",
    )
    names = ", ".join(entry.name for entry in PROTOCOLS)
    decode.add_argument("protocol", metavar="PROTOCOL", help=names)
    decode.add_argument("file", metavar="FILE", nargs="?", default="-", help="capture; - or nothing: standard input")
    decode.add_argument("--hex", action="store_true", help="hex text, one capture a line")
    directions = ("reader_to_host", "host_to_reader")
    decode.add_argument("--direction", choices=directions, default=directions[0], help="who sent the bytes")
    return parser


def _run(settings: AgentSettings, *, is_tied_to_stdin: bool) -> int:
    from reader_drivers.agent.runner import Agent
    from reader_drivers.agent.spool import SpoolTaken

    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # The websockets library tells of every handshake; its failures reach us as exceptions anyway.
    logging.getLogger("websockets").setLevel(logging.ERROR)

    async def until_signalled() -> None:
        task = asyncio.create_task(Agent(settings).run())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):
                loop.add_signal_handler(number, task.cancel)
        if is_tied_to_stdin:
            threading.Thread(target=_cancel_at_eof, args=(loop, task), daemon=True).start()
        with suppress(asyncio.CancelledError):
            await task

    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(until_signalled())
    except SpoolTaken as error:
        print(f"baguier-agent: {error}", file=sys.stderr)
        return 1
    return 0


def _cancel_at_eof(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
    """Whoever started us holds the other end of standard input, so its end is theirs, however they ended."""
    # Straight from the descriptor: a buffered read would still hold its lock while the interpreter shuts down.
    while os.read(0, 4096):
        pass
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(task.cancel)


def _list(ports: Sequence[str], *, is_asking: bool, as_json: bool) -> int:
    from serial.tools import list_ports

    from reader_drivers.agent.ports import ask_all, describe, list_devices, named_devices

    devices = named_devices(ports) if ports else list_devices(list_ports.comports)
    if is_asking:
        devices = ask_all(devices)
    if as_json:
        print(json.dumps(devices, ensure_ascii=False))
        return 0
    if not devices:
        print(
            "No serial port is plugged in. Plug the reader in; one on the network is asked by its address: "
            "baguier-agent list --ask tcp:HOST:PORT.",
            file=sys.stderr,
        )
    for device in devices:
        print(describe(device, is_asked=is_asking))
    return 0


def _test(reader: ReaderSettings) -> int:
    from reader_drivers.agent.recognise import advice
    from reader_drivers.agent.trial import other_protocol, try_reader

    try:
        trial = asyncio.run(try_reader(reader))
        other = asyncio.run(other_protocol(reader, trial))
    except (ReaderLost, ReaderFault) as error:
        print(f"baguier-agent: {error}", file=sys.stderr)
        return 1
    for note in trial.notes:
        print(note)
    for (epc, tid, antenna), times in sorted(trial.tags.items(), key=str):
        print(f"heard {epc}  TID {tid or '-'}  antenna {antenna or '-'}  {times} times")
    for text in trial.scans:
        print(f"scanned {text}")
    for piece in trial.rejected:
        print(f"not understood {piece.raw.hex().upper()}  {piece.reason}")
    tags = {(epc, tid) for epc, tid, _ in trial.tags}
    print(f"{len(tags)} tags, {len(trial.scans)} scans, {len(trial.rejected)} pieces not understood")
    if other is not None:
        print(f"baguier-agent: {advice(other)}", file=sys.stderr)
    return 0 if trial.has_read and other is None else 1


def _write(given: argparse.Namespace) -> int:
    from reader_drivers.agent.write import epc_bytes, hex_option, password_in, write_tag, writer_of

    reader = load_settings(given.config).reader(given.reader)
    password = {} if given.password_file is None else {"access_password": password_in(given.password_file)}
    order = EpcOrder(epc=epc_bytes(given.epc), tid=hex_option("--tid", given.tid), **password)
    writing = EpcWriting(writer_of(reader), reader.plan, order)
    try:
        outcome = asyncio.run(write_tag(reader, writing))
    except (ReaderLost, ReaderFault) as error:
        print(f"baguier-agent: {error}", file=sys.stderr)
        return 1
    if isinstance(outcome, EpcWritten):
        epc, tid = outcome.epc.hex().upper(), outcome.tid.hex().upper()
        print(json.dumps({"written": True, "epc": epc, "tid": tid}) if given.json else f"written {epc}  TID {tid}")
        return 0
    if given.json:
        print(json.dumps({"written": False, "reason": outcome.reason, "sentence": outcome.sentence}))
    print(f"baguier-agent: {outcome.sentence}", file=sys.stderr)
    return 1


def _decode(given: argparse.Namespace) -> int:
    entry = protocol_named(given.protocol)
    if given.direction not in entry.directions:
        raise SettingsRefused(f"{entry.name} is decoded in the direction {' or '.join(entry.directions)} only.")
    if given.file == "-":
        return _print_decoded(given, sys.stdin.buffer)
    try:
        with Path(given.file).open("rb") as source:
            return _print_decoded(given, source)
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise SettingsRefused(f"The capture {given.file} cannot be read: {error.strerror}.") from error


def _print_decoded(given: argparse.Namespace, source: BinaryIO) -> int:
    entry = protocol_named(given.protocol)
    if given.hex:
        text = (line.decode("latin-1") for line in source)
        lines = decode_hex_lines(entry, given.direction, text)
    else:
        lines = decode_bytes(entry, given.direction, source)
    for line in lines:
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
