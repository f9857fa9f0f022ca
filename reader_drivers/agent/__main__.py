"""`baguier-agent`: what runs beside the readers, and what helps the person who connects them."""

import asyncio
import json
import logging
import os
import signal
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING

from reader_drivers.agent.capture import MARK, CaptureRefused, is_capture
from reader_drivers.agent.command_line import BAD_USAGE, parser
from reader_drivers.agent.protocols import UnknownProtocol, protocol_named
from reader_drivers.agent.settings import AgentSettings, ReaderSettings, SettingsRefused, load_settings
from reader_drivers.errors import ReaderFault, ReaderLost

if TYPE_CHECKING:
    from reader_drivers.agent.ports import Device


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; exit code 0 done, 1 the reader did not answer, 2 bad usage or settings."""
    given = parser().parse_args(arguments)
    try:
        match given.command:
            case "run":
                return _run(load_settings(given.config), given.capture, is_tied_to_stdin=given.stdin_eof)
            case "list":
                return _list(given.ports, is_asking=given.ask, as_json=given.json)
            case "test":
                return _test(load_settings(given.config).reader(given.reader))
            case "write":
                return _write(given)
            case "locate":
                return _locate(given)
            case "replay":
                return _replay(given)
            case _:
                return _decode(given)
    except (SettingsRefused, UnknownProtocol, CaptureRefused) as error:
        print(f"baguier-agent: {error}", file=sys.stderr)
        return BAD_USAGE
    except KeyboardInterrupt:
        print("baguier-agent: stopped.", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of our output went away, as `head` does.
        sys.stderr.close()
        return 0


def _run(settings: AgentSettings, capture_file: Path | None, *, is_tied_to_stdin: bool) -> int:
    from reader_drivers.agent.capture import Capture
    from reader_drivers.agent.runner import Agent
    from reader_drivers.agent.spool import SpoolTaken

    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # The websockets library tells of every handshake; its failures reach us as exceptions anyway.
    logging.getLogger("websockets").setLevel(logging.ERROR)

    capture = None if capture_file is None else Capture(capture_file, settings.readers)

    async def until_signalled() -> None:
        task = asyncio.create_task(Agent(settings, capture=capture).run())
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
    finally:
        if capture is not None:
            capture.close()
    return 0


def _cancel_at_eof(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
    """Whoever started us holds the other end of standard input, so its end is theirs, however they ended."""
    # Straight from the descriptor: a buffered read would still hold its lock while the interpreter shuts down.
    while os.read(0, 4096):
        pass
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(task.cancel)


def _list(ports: Sequence[str], *, is_asking: bool, as_json: bool) -> int:
    from reader_drivers.agent.ports import ask_all, describe, named_devices

    devices, remark = (named_devices(ports), "") if ports else _plugged_in()
    if is_asking:
        devices = ask_all(devices)
    if as_json:
        print(json.dumps(devices, ensure_ascii=False))
        return 0
    if not devices:
        print(
            "No reader is plugged in. Plug it in and look again; one on the network is asked by its address: "
            f"baguier-agent list --ask tcp:HOST:PORT.{remark}",
            file=sys.stderr,
        )
    for device in devices:
        print(describe(device, is_asked=is_asking))
    return 0


def _plugged_in() -> "tuple[list[Device], str]":
    """Everything that the system shows, and why it cannot show card readers."""
    from serial.tools import list_ports

    from reader_drivers.agent.adapters.card_calls import CardServiceError
    from reader_drivers.agent.adapters.pcsc import reader_names
    from reader_drivers.agent.ports import card_readers, list_devices

    devices = list_devices(list_ports.comports)
    try:
        return devices + card_readers(reader_names), ""
    except CardServiceError as error:
        return devices, f" Card readers cannot be listed: {error}."


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
    amounts = ((len(tags), "tag"), (len(trial.scans), "scan"), (len(trial.rejected), "piece"))
    print(", ".join(f"{n} {thing}{'' if n == 1 else 's'}" for n, thing in amounts) + " not understood")
    if other is not None:
        print(f"baguier-agent: {advice(other)}", file=sys.stderr)
    return 0 if trial.has_read and other is None else 1


def _write(given: Namespace) -> int:
    from reader_drivers.agent.write import epc_bytes, hex_option, password_in, write_tag, writer_of
    from reader_drivers.epc_writing import EpcOrder, EpcWriting, EpcWritten, OrderRefused

    reader = load_settings(given.config).reader(given.reader)
    password = {} if given.password_file is None else {"access_password": password_in(given.password_file)}
    try:
        order = EpcOrder(epc=epc_bytes(given.epc), tid=hex_option("--tid", given.tid), **password)
    except OrderRefused as error:
        raise SettingsRefused(str(error)) from error
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


def _locate(given: Namespace) -> int:
    from reader_drivers.agent.locate import Locator, Strength, locate
    from reader_drivers.agent.write import epc_bytes, hex_option

    reader = load_settings(given.config).reader(given.reader)
    if given.epc is None and given.tid is None:
        raise SettingsRefused("locate needs the tag: give --epc URI or --tid HEX.")
    if not reader.protocol.transmits:
        raise SettingsRefused(f"{reader.name} hears no tags; choose a radio reader.")
    locator = Locator(epc=None if given.epc is None else epc_bytes(given.epc), tid=hex_option("--tid", given.tid))

    def show(strength: Strength) -> None:
        told = {"rssi_dbm": strength.rssi_dbm, "hearings": strength.hearings, "closeness": round(strength.closeness, 2)}
        print(json.dumps(told) if given.json else strength.line(), flush=True)

    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(locate(reader, locator, show, seconds=given.seconds))
    except (ReaderLost, ReaderFault) as error:
        print(f"baguier-agent: {error}", file=sys.stderr)
        return 1
    return 0 if locator.has_heard else 1


def _replay(given: Namespace) -> int:
    from reader_drivers.agent.replay import Replay

    played = Replay(only=given.reader, wait=time.sleep if given.realtime else None)
    with _opened(given.file) as source:
        for line in played.lines(source):
            print(line)
    for line in played.summary():
        print(line, file=sys.stderr)
    return 0


def _decode(given: Namespace) -> int:
    entry = protocol_named(given.protocol)
    if given.direction not in entry.directions:
        raise SettingsRefused(f"{entry.name} is decoded in the direction {' or '.join(entry.directions)} only.")
    if given.file == "-":
        with open(sys.stdin.fileno(), "rb", closefd=False) as source:
            return _print_decoded(given, source)
    with _opened(Path(given.file)) as source:
        return _print_decoded(given, source)


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    try:
        with path.open("rb") as source:
            yield source
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise SettingsRefused(f"The capture {path} cannot be read: {error.strerror}.") from error


def _print_decoded(given: Namespace, source: BufferedReader) -> int:
    from reader_drivers.agent.decode import decode_bytes, decode_capture, decode_hex_lines

    entry = protocol_named(given.protocol)
    if given.hex:
        text = (line.decode("latin-1") for line in source)
        lines = decode_hex_lines(entry, given.direction, text)
    elif is_capture(source.peek(len(MARK))):
        lines = decode_capture(entry, given.direction, source)
    else:
        lines = decode_bytes(entry, given.direction, source)
    for line in lines:
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
