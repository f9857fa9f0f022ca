"""*La boutique simulée*: the page on which the demonstration's pieces are laid, scanned, stolen and moved by hand.

Listens on loopback only, answers to its own names only, and takes acts only from its own page: a stranger's page open in the
same browser can neither read the labels nor move a jewel.
"""

import datetime as dt
import json
import os
import pathlib
import string
import sys
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, cast

from simulators.demo.floor import Floor
from simulators.demo.page_texts import language_of, texts_in

CLOSING: Final = dt.time(17, 30)
MORNING: Final = dt.time(8, 35)
BODY_BYTES_MAX: Final = 4096
IDLE_S: Final = 30
PARENT_LOOK_S: Final = 0.5
FILES: Final = {"/page.css": "text/css; charset=utf-8", "/page.js": "text/javascript; charset=utf-8"}
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_PAGE: Final = pathlib.Path(__file__).with_name("page")


class ActRefused(Exception):
    """An act that cannot be done; `text` is the key of the sentence that says what to do instead."""

    def __init__(self, text: str, **facts: str) -> None:
        super().__init__(text)
        self.text = text
        self.facts = facts


class Boutique:
    """The floor as the page acts on it. Safe from several threads."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._lock = threading.Lock()
        self._acts: Mapping[str, Callable[[str, str], None]] = {
            "scan": lambda ref, _: floor.scan(floor.pieces[ref].label),
            "steal": lambda ref, _: floor.steal(ref),
            "lay": floor.lay,
            "kill": lambda ref, _: floor.kill_tag(ref),
        }
        floor.write()

    def state(self) -> dict[str, object]:
        """Where everything is now, and the shop's time."""
        with self._lock:
            return self._state()

    def act(self, asked: Mapping[str, Any]) -> dict[str, object]:
        """Do what was asked; give the state after it. Raises: ActRefused."""
        act, ref, path = (str(asked.get(name, "")) for name in ("act", "ref", "path"))
        with self._lock:
            if act in {"closing", "morning"}:
                self._move_clock(act)
            elif act not in self._acts:
                raise ActRefused("unknown_act")
            elif ref not in self._floor.pieces:
                raise ActRefused("unknown_piece")
            elif act == "lay" and path not in self._floor.trays:
                raise ActRefused("unknown_tray")
            else:
                self._acts[act](ref, path)
                if act != "scan":
                    self._floor.write()
            return self._state()

    def page(self, language: str) -> bytes:
        """The page with its texts and everything that does not change."""
        texts = texts_in(language)
        known = {
            "texts": texts,
            "trays": self._floor.trays,
            "pieces": [
                {
                    "ref": piece.ref, "name": piece.name, "category": piece.category, "home": piece.path,
                    "minor": piece.retail_minor, "label": piece.label,
                }
                for piece in self._floor.pieces.values()
            ],
            "links": self._floor.document["links"],
            "people": [{"name": one["name"], "pin": one["pin"]} for one in self._floor.document["people"]],
        }  # fmt: skip
        # A data block, not a script: "<" is the one character that could end it early.
        block = json.dumps(known, ensure_ascii=False).replace("<", "\\u003c")
        template = string.Template((_PAGE / "index.html").read_text(encoding="utf-8"))
        return template.substitute(texts, language=language, known=block).encode()

    def _state(self) -> dict[str, object]:
        self._floor.refresh()
        now = self._floor.now()
        return {
            "now": now.isoformat(timespec="seconds"),
            "time": f"{now:%H:%M}",
            "is_before_closing": now.time() < CLOSING,
            "lies": {ref: self._floor.lies_in(ref) for ref in self._floor.pieces},
            "dead": [ref for ref in self._floor.pieces if self._floor.is_dead(ref)],
        }

    def _move_clock(self, act: str) -> None:
        now = self._floor.now()
        moment = dt.datetime.combine(now.date(), CLOSING if act == "closing" else MORNING, self._floor.zone)
        if act == "morning" and moment <= now:
            moment = dt.datetime.combine(now.date() + dt.timedelta(days=1), MORNING, self._floor.zone)
        if moment < now:
            raise ActRefused("late", time=f"{now:%H:%M}")
        self._floor.set_clock(moment)


class BoutiqueServer(ThreadingHTTPServer):
    """Serves one boutique on a loopback port."""

    daemon_threads = True

    def __init__(self, boutique: Boutique, port: int) -> None:
        self.boutique = boutique
        super().__init__(("127.0.0.1", port), _Visit)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.server_address[1])


class _Visit(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    server_version = "Boutique"
    sys_version = ""

    @property
    def _boutique(self) -> Boutique:
        return cast("BoutiqueServer", self.server).boutique

    def do_GET(self) -> None:
        """The page, its two files, and the state."""
        if not self._is_ours():
            return
        path = self.path.partition("?")[0]
        if path == "/":
            language = language_of(self.headers.get("Accept-Language", ""))
            self._answer(HTTPStatus.OK, self._boutique.page(language), kind="text/html; charset=utf-8")
        elif path in FILES:
            self._answer(HTTPStatus.OK, (_PAGE / path[1:]).read_bytes(), kind=FILES[path])
        elif path == "/state":
            self._tell(HTTPStatus.OK, self._boutique.state())
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "There is nothing here. Open the first page: /")

    def do_POST(self) -> None:
        """An act of the page itself."""
        if not self._is_ours() or not self._is_from_our_page():
            return
        length = self.headers.get("Content-Length", "")
        if self.path != "/acts" or not length.isdecimal() or int(length) > BODY_BYTES_MAX:
            self._refuse(HTTPStatus.BAD_REQUEST, "Acts are short JSON objects, posted to /acts.")
            return
        try:
            self._tell(HTTPStatus.OK, self._boutique.act(_object_of(self.rfile.read(int(length)))))
        except ActRefused as refusal:
            texts = texts_in(language_of(self.headers.get("Accept-Language", "")))
            self._tell(HTTPStatus.CONFLICT, {"sentence": texts[refusal.text].format(**refusal.facts)})
        except (ValueError, RecursionError):
            self._refuse(HTTPStatus.BAD_REQUEST, "Acts are short JSON objects, posted to /acts.")

    def _is_ours(self) -> bool:
        """Whether we were asked by one of our own names: a stranger's name for this computer is refused."""
        port = cast("BoutiqueServer", self.server).port
        if self.headers.get_all("Host") in ([f"localhost:{port}"], [f"127.0.0.1:{port}"]):
            return True
        self._refuse(HTTPStatus.MISDIRECTED_REQUEST, f"Open this page as http://localhost:{port}/")
        return False

    def _is_from_our_page(self) -> bool:
        is_json = self.headers.get_content_type() == "application/json"
        if is_json and self.headers.get("Origin") == f"http://{self.headers['Host']}":
            return True
        self._refuse(HTTPStatus.FORBIDDEN, "Acts are taken from the page of the boutique only. Open it and act there.")
        return False

    def _refuse(self, status: HTTPStatus, sentence: str) -> None:
        # What is left of the request is not read, so the connection cannot be used again.
        self.close_connection = True
        self._tell(status, {"sentence": sentence})

    def _tell(self, status: HTTPStatus, document: Mapping[str, object]) -> None:
        self._answer(status, json.dumps(document, ensure_ascii=False).encode(), kind="application/json")

    def _answer(self, status: HTTPStatus, body: bytes, *, kind: str) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the standard library.
        """Say nothing of each request; failures are raised and printed."""


def _object_of(body: bytes) -> Mapping[str, Any]:
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError(f"{body[:40]!r} is no object.")  # noqa: TRY004 - malformed like any other body.
    return document


def serve_boutique(floor_json: pathlib.Path, *, port: int, parent: int | None) -> None:
    """Serve the page until interrupted, or until the process `parent` is no longer ours. Raises: OSError: the port is taken."""
    server = BoutiqueServer(Boutique(Floor(floor_json)), port)
    print(f"http://localhost:{server.port}/", flush=True)
    if parent is not None:
        threading.Thread(target=_end_with_parent, args=(server, parent), daemon=True).start()
    try:
        server.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        print("Ending.", file=sys.stderr)
    finally:
        server.server_close()


def _end_with_parent(server: BoutiqueServer, parent: int) -> None:
    is_over = threading.Event()
    while not is_over.wait(PARENT_LOOK_S):
        if os.getppid() != parent:
            server.shutdown()
            return
