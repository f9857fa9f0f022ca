"""Simulated readers over a real pseudo-terminal and a real port, as a driver meets them."""

import contextlib
import json
import os
import pathlib
import select
import shlex
import signal
import socket
import subprocess
import sys
import termios
import time
import tty
from collections.abc import Iterator

import pytest

from simulators.__main__ import main
from simulators.links import LinkError, open_link
from simulators.readers.barcode_line import LineScanner
from simulators.scans import ScanError, parse_scan

pytestmark = pytest.mark.slow

TAG_LINE = '{"antenna": 1, "epc": "3476451FD40000000000162E", "tid": "E28011602000000000000001"}\n'
START_WITH_TID = bytes.fromhex("FF1C2F00000122000005132210001F03E801FF01092800000002000000000645D2")
STOP = bytes.fromhex("FF032F0000025E86")
STOPPED = bytes.fromhex("FF012F00000230E6")
WAIT_S = 10.0


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "simulators", "reader", *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(WAIT_S)


@contextlib.contextmanager
def opened(device: str) -> Iterator[int]:
    port = os.open(device, os.O_RDWR | os.O_NOCTTY)
    try:
        tty.setraw(port, termios.TCSANOW)
        yield port
    finally:
        os.close(port)


def heard_until(port: int, wanted: bytes) -> bytes:
    heard, until_s = b"", time.monotonic() + WAIT_S
    while wanted not in heard and time.monotonic() < until_s:
        if select.select([port], [], [], 0.1)[0]:
            heard += os.read(port, 65536)
    assert wanted in heard, heard[-200:].hex()
    return heard


def ask(port: int, command: str, reply: str) -> None:
    os.write(port, bytes.fromhex(command))
    heard_until(port, bytes.fromhex(reply))


def bring_up(port: int) -> None:
    ask(port, "FF02930005517D", "FF00930000371A")
    ask(port, "FF0197064BBB", "FF00970000779E")
    ask(port, "FF039A010C00A35D", "FF009A0000A633")


def test_reader_is_brought_up_streams_and_stops_over_a_pseudo_terminal(tmp_path: pathlib.Path) -> None:
    tags = tmp_path / "tags.jsonl"
    tags.write_text(TAG_LINE)
    with running("thingmagic_ff", "--tags", str(tags)) as (process, link), opened(link) as port:
        bring_up(port)
        os.write(port, START_WITH_TID)
        stream = heard_until(port, bytes.fromhex("0060E280116020000000000000010F008030003476451FD4"))
        os.write(port, STOP)
        drained = heard_until(port, STOPPED)

        assert link.startswith("/dev/pts/")
        assert bytes.fromhex("FF012F000001") in stream
        assert drained.endswith(STOPPED)
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S) == 0


def test_followed_file_changes_the_field_while_it_reads(tmp_path: pathlib.Path) -> None:
    tags = tmp_path / "tags.jsonl"
    tags.write_text("")
    with running("thingmagic_ff", "--tags", str(tags), "--follow") as (_, link), opened(link) as port:
        bring_up(port)
        os.write(port, START_WITH_TID)
        tags.write_text(TAG_LINE)

        heard_until(port, bytes.fromhex("3476451FD40000000000162E"))


def test_file_is_read_once_when_it_is_not_followed(tmp_path: pathlib.Path) -> None:
    tags = tmp_path / "tags.jsonl"
    tags.write_text("")
    with running("thingmagic_ff", "--tags", str(tags)) as (_, link), opened(link) as port:
        bring_up(port)
        tags.write_text(TAG_LINE)
        os.write(port, START_WITH_TID)
        # Two keep-alives of a second each: the file was looked at many times over if it was looked at at all.
        heard = heard_until(port, bytes.fromhex("FF00220400")) + heard_until(port, bytes.fromhex("FF00220400"))

    assert bytes.fromhex("3476451FD40000000000162E") not in heard


def test_reader_goes_with_its_parent_when_asked(tmp_path: pathlib.Path) -> None:
    tags, name = tmp_path / "tags.jsonl", tmp_path / "reader"
    tags.write_text("")
    reader = [sys.executable, "-m", "simulators", "reader", "thingmagic_ff", "--tags", str(tags), "--with-parent"]
    command = f"{shlex.join([*reader, '--link', f'pty:{name}'])} & while ! test -L {shlex.quote(str(name))}; do :; done"

    # Standard error stays open until the last process that holds it has ended.
    subprocess.run(["sh", "-c", command], check=True, capture_output=True, timeout=WAIT_S)

    assert not name.is_symlink()


def test_what_nobody_took_is_not_kept_for_the_next_opener(tmp_path: pathlib.Path) -> None:
    tags = tmp_path / "tags.jsonl"
    tags.write_text(TAG_LINE)
    with running("thingmagic_ff", "--tags", str(tags), "--rate", "50") as (_, link):
        with opened(link) as port:
            bring_up(port)
            os.write(port, START_WITH_TID)
            heard_until(port, bytes.fromhex("3476451FD40000000000162E"))
        with opened(link) as port:
            os.write(port, STOP)
            heard_until(port, STOPPED)

            ask(port, "FF00721D7D", "FF017200001E4819")


def test_stable_name_survives_a_reopening_and_goes_with_the_reader(tmp_path: pathlib.Path) -> None:
    tags, name = tmp_path / "tags.jsonl", tmp_path / "reader"
    tags.write_text(TAG_LINE)
    with running("thingmagic_ff", "--tags", str(tags), "--link", f"pty:{name}") as (process, link):
        for _ in range(2):
            with opened(link) as port:
                bring_up(port)
        assert link == str(name)
        process.terminate()
        process.wait(WAIT_S)

    assert not name.is_symlink()


def test_reader_ends_by_itself_when_its_name_is_taken_away(tmp_path: pathlib.Path) -> None:
    tags, name = tmp_path / "tags.jsonl", tmp_path / "reader"
    tags.write_text("")
    with running("thingmagic_ff", "--tags", str(tags), "--link", f"pty:{name}") as (process, _):
        name.unlink()

        assert process.wait(WAIT_S) == 0


def test_reads_told_are_counted_for_those_who_compare(tmp_path: pathlib.Path) -> None:
    tags, stats = tmp_path / "tags.jsonl", tmp_path / "stats.json"
    tags.write_text(TAG_LINE)
    with running("thingmagic_ff", "--tags", str(tags), "--stats", str(stats)) as (process, link), opened(link) as port:
        bring_up(port)
        os.write(port, START_WITH_TID)
        heard = heard_until(port, bytes.fromhex("3476451FD40000000000162E"))
        os.write(port, STOP)
        heard += heard_until(port, STOPPED)
        process.terminate()
        process.wait(WAIT_S)

    told = json.loads(stats.read_text())
    assert told["reads_told"] == heard.count(bytes.fromhex("3476451FD40000000000162E"))
    assert told["tags_intact"] == ["3476451FD40000000000162E"]


def test_appended_line_is_one_scan_over_tcp(tmp_path: pathlib.Path) -> None:
    scans = tmp_path / "scans.txt"
    scans.write_text("")
    with running("barcode_line", "--tags", str(scans), "--follow", "--link", "tcp:0") as (_, link):
        host, _, number = link.removeprefix("tcp://").partition(":")
        with socket.create_connection((host, int(number)), timeout=WAIT_S) as client:
            with scans.open("a") as file:
                file.write('{"text": "010950600013435221ABC123", "aim": "d2"}\nBAG-000001.7K3QF\n')
            heard = b""
            while heard.count(b"\r\n") < 2:
                heard += client.recv(4096)

    assert heard == b"]d2010950600013435221ABC123\r\nBAG-000001.7K3QF\r\n"


def test_scanner_waits_for_the_end_of_a_line_and_sends_no_line_twice() -> None:
    scanner = LineScanner()
    scanner.load("9506000134352\nJWL-0")
    first = scanner.due(0.0)
    scanner.load("9506000134352\nJWL-000123\n")

    assert first == [b"9506000134352\r\n"]
    assert scanner.due(0.0) == [b"JWL-000123\r\n"]
    assert scanner.next_due_s() is None


def test_shorter_file_is_a_new_file() -> None:
    scanner = LineScanner()
    scanner.load("one\ntwo\n")
    scanner.due(0.0)

    scanner.load("three\n")

    assert scanner.due(0.0) == [b"three\r\n"]


def test_scan_that_is_no_json_is_refused_with_its_text() -> None:
    with pytest.raises(ScanError, match="Mend the line"):
        parse_scan('{"txt": 1}')


@pytest.mark.parametrize("spec", ["usb", "tcp:", "tcp:x", "tcp:70000"])
def test_unknown_link_is_refused(spec: str) -> None:
    with pytest.raises(LinkError, match="pty, pty:PATH, tcp:PORT"):
        open_link(spec)


def test_file_in_the_place_of_the_name_is_left_alone(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "notes"
    path.write_text("mine")

    with pytest.raises(LinkError, match="no symbolic link"):
        open_link(f"pty:{path}")
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    "arguments",
    [
        ["reader", "thingmagic_ff", "--tags", "/nowhere/tags.jsonl"],
        ["reader", "thingmagic_ff", "--tags", "/dev/null", "--faults", "rust=1"],
        ["reader", "thingmagic_ff", "--tags", "/dev/null", "--link", "usb"],
        ["reader", "morse", "--tags", "/dev/null"],
        ["reader", "thingmagic_ff", "--tags", "/dev/null", "--model", "R200"],
        ["reader", "thingmagic_ff", "--tags", "/dev/null", "--rate", "fast"],
        ["shop", "--seed", "1", "--pieces", "0"],
        ["shop", "--seed", "1", "--pieces", "many"],
        [],
    ],
)
def test_bad_usage_is_one_sentence_and_exit_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code: object = main(arguments)
    except SystemExit as error:
        code = error.code

    assert code == 2
    assert capsys.readouterr().err.count("\n") == 1
