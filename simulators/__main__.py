"""`baguier-simulate`: readers that speak their wire protocol, and shops whose truth is known."""

import argparse
import json
import os
import pathlib
import signal
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from typing import Final, NoReturn

from simulators.demo.stock_file import stock_csv
from simulators.faults import FaultyWire, parse_faults
from simulators.links import open_link
from simulators.oracle import judge
from simulators.pace import Pace
from simulators.readers.barcode_line import SUFFIXES
from simulators.readers.catalogue import READERS, Order, make_reader
from simulators.serving import Sent, Service, serve
from simulators.shop import make_shop
from simulators.shop_files import write_shop
from simulators.tags import WatchedFile
from simulators.virtual_card import KINDS, VPCD_PORT, VirtualCard, lying

READER_EXAMPLES: Final = """examples:
  baguier-simulate reader thingmagic_ff --tags tray.jsonl --follow --link pty:/tmp/reader --rate 200
  baguier-simulate reader barcode_line --tags scans.txt --follow --link tcp:4001
  baguier-simulate reader thingmagic_ff --tags tray.jsonl --faults split=0.2,glue=0.2,corrupt=0.01 --seed 7

The tags file has one JSON object a line: {"antenna": 1, "epc": "3034…", "tid": "E280…", "rssi_dbm": -48}.
For barcode_line one line is one scan: its text, or {"text": "…", "aim": "C1"}.
The first line printed is the link to open. SIGTERM or Ctrl-C ends it."""
SHOP_EXAMPLES: Final = """examples:
  baguier-simulate shop --seed 7 --pieces 300 --out /tmp/shop
  baguier reconcile --expected /tmp/shop/expected.csv --reads /tmp/shop/reads.jsonl \\
    --prior /tmp/shop/prior.csv --moves /tmp/shop/moves.jsonl --json     # compare with oracle_with_history.jsonl
  baguier reconcile --expected /tmp/shop/expected.csv --reads /tmp/shop/reads.jsonl --json
                                                                         # compare with oracle.jsonl"""
SCRIPTS: Final = {"day": "simulators.demo.day", "findings": "simulators.demo.findings"}
"""Commands of the demonstration with a parser of their own: `day` plays one, `findings` reads its pack."""
PROTOCOLS: Final = tuple(entry.protocol for entry in READERS)
MODELS: Final = "; ".join(f"{entry.protocol}: {', '.join(entry.models)}" for entry in READERS if entry.models) or "none"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. See {self.prog} --help.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; exit code 0 done, 2 bad usage with one sentence on standard error."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words and words[0] in SCRIPTS:
        # Loaded when called: a day needs an HTTP client, a reader does not.
        return int(import_module(SCRIPTS[words[0]]).main(words[1:]))
    parser = _parser()
    given = parser.parse_args(words)
    try:
        if given.command == "reader":
            return _run_reader(given)
        if given.command == "card":
            return _lay_card(given)
        if given.command == "stock":
            given.out.write_text(stock_csv(seed=given.seed), encoding="utf-8", newline="")
            return 0
        if given.command == "boutique":
            # Readers start quicker without a web server in them.
            from simulators.demo.shop_page import serve_boutique

            parent = os.getppid() if given.with_parent else None
            serve_boutique(given.floor, port=given.port, parent=parent)
            return 0
        return _write_shop(given)
    except (ValueError, OSError) as error:
        print(f"baguier-simulate: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="baguier-simulate",
        description="Simulated readers and shops.",
        epilog=f"{READER_EXAMPLES}\n\n{SHOP_EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="reader|card|shop|stock|boutique|day|findings", parser_class=_Parser
    )
    _add_reader(
        commands.add_parser(
            "reader",
            help="a reader that speaks the wire protocol",
            epilog=READER_EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )
    shop = commands.add_parser(
        "shop",
        help="a shop with ground truth",
        epilog=SHOP_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    shop.add_argument("--seed", type=int, required=True, help="the same seed makes the same shop")
    shop.add_argument("--pieces", type=_positive, required=True, help="how many pieces the shop has")
    shop.add_argument("--days", type=_positive, default=1, help="shop days lived before the count (default 1)")
    shop.add_argument("--out", type=pathlib.Path, default=pathlib.Path("shop"), help="folder to write (default ./shop)")
    stock = commands.add_parser("stock", help="the stock file of the demonstration's shop, for `baguier import`")
    stock.add_argument("--seed", type=int, required=True, help="the same seed makes the same stock")
    stock.add_argument("--out", type=pathlib.Path, required=True, help="CSV file to write")
    card = commands.add_parser("card", help="a card on the virtual reader of the card service (pcscd, vsmartcard-vpcd)")
    card.add_argument("--uid", type=bytes.fromhex, required=True, help="its number in hex, most significant byte first")
    card.add_argument("--kind", choices=sorted(KINDS), default="ntag", help="default ntag")
    card.add_argument("--text", default="", help="what a phone wrote on it; nothing by default")
    card.add_argument("--port", type=_port, default=VPCD_PORT, help=f"of the virtual reader (default {VPCD_PORT})")
    boutique = commands.add_parser("boutique", help="the page of a running demonstration's shop floor")
    boutique.add_argument("--floor", type=pathlib.Path, required=True, help="floor.json, written by `baguier demo`")
    boutique.add_argument("--port", type=_port, required=True, help="loopback port; 0: any")
    boutique.add_argument("--with-parent", action="store_true", help="end when the starting process ends")
    return parser


def _add_reader(reader: argparse.ArgumentParser) -> None:
    reader.add_argument("protocol", choices=PROTOCOLS, metavar="PROTOCOL", help=" or ".join(PROTOCOLS))
    reader.add_argument("--tags", type=pathlib.Path, required=True, help="tags file, or scans file of a scanner")
    reader.add_argument("--follow", action="store_true", help="read the file again whenever it changes")
    reader.add_argument(
        "--link", default="pty", help="pty, pty:PATH (stable name), tcp:PORT, http:PORT, mqtt:PORT/TOPIC (default pty)"
    )
    reader.add_argument("--rate", type=_rate, default=0.0, help="tags or scans a second; 0 = line speed (default)")
    reader.add_argument("--pass-ms", type=_rate, default=3.0, help="shortest pass of an antenna (default 3)")
    reader.add_argument("--faults", default="", help="for example split=0.2,glue=0.1,drop=0.01,delay=0.05:30")
    reader.add_argument("--seed", type=int, default=0, help="of radio and faults (default 0)")
    reader.add_argument("--model", default="", help=f"which model, where a protocol has several ({MODELS})")
    reader.add_argument("--suffix", choices=sorted(SUFFIXES), default="CRLF", help="what ends a scan (default CRLF)")
    reader.add_argument("--aim", default="", help="AIM identifier sent before every scan, for example C1")
    reader.add_argument(
        "--stats",
        type=pathlib.Path,
        help="JSON file kept up to date: reads_told, loads, frames_intact, tags_intact, tags_intact_twice",
    )
    reader.add_argument("--with-parent", action="store_true", help="end when the starting process ends")


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 on")
    return number


def _port(text: str) -> int:
    number = int(text) if text.isdecimal() else -1
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not a port from 0 to 65535")
    return number


def _rate(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1e6:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0 to 1000000")
    return number


def _run_reader(given: argparse.Namespace) -> int:
    parent = os.getppid() if given.with_parent else None
    if not given.tags.exists():
        raise FileNotFoundError(f"{given.tags} does not exist. Make it first; it may be empty.")
    faults = parse_faults(given.faults)
    pace = Pace(rate=given.rate, pass_s_min=given.pass_ms / 1000)
    asked = Order(seed=given.seed, pace=pace, model=given.model, suffix=given.suffix, aim=given.aim)
    reader = make_reader(given.protocol, asked)
    stopped = _stop_signal()
    link = open_link(given.link)
    try:
        print(link.name, flush=True)
        sent = Sent(reader)
        service = Service(
            link=link,
            wire=FaultyWire(faults, seed=given.seed, watch=sent.note if given.stats else None),
            sent=sent,
            file=WatchedFile(given.tags),
            is_following=given.follow,
            stats=given.stats,
            parent=parent,
        )
        serve(reader, service, is_stopped=stopped.is_set)
    finally:
        link.close()
    return 0


def _lay_card(given: argparse.Namespace) -> int:
    stopped = _stop_signal()
    with lying(VirtualCard(given.kind, given.uid, given.text), port=given.port):
        print(f"{given.uid.hex().upper()} lies on the reader; Ctrl-C lifts it", flush=True)
        stopped.wait()
    return 0


def _stop_signal() -> threading.Event:
    """Set by Ctrl-C or a termination."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    return stopped


def _write_shop(given: argparse.Namespace) -> int:
    shop = make_shop(seed=given.seed, pieces=given.pieces, days=given.days)
    write_shop(shop, given.out, seed=given.seed)
    verdict = judge(shop)
    line = {"out": str(given.out), "pieces": len(shop.pieces), "expected": verdict.expected, "found": verdict.found}
    print(json.dumps(line | {"discrepancies": len(verdict.findings)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
