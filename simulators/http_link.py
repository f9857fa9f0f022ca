"""A web address at whose other end a driver believes a reader is: requests become order lines, lines become answers or a stream.

A simulated reader with a web interface reads `{"order": {"method", "path", "body"}}` and tells `{"answer": {"status", "body", …}}`
for each, in order; every other line it tells is an event, and goes to whoever has the stream open. The stream is the path that
ends in /data/stream.
"""

import collections
import json
import queue
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

STREAM_PATH: Final = "/data/stream"
ANSWER_S: Final = 5.0
BODY_BYTES_MAX: Final = 65_536
WAITING_LINES_MAX: Final = 256
"""Events that wait for a slow client; the reader waits too when there are more."""


class HttpLink:
    """Port of one simulated reader. Implements `links.Link`; nobody is ever said to be away, for a web server waits for ever."""

    def __init__(self, port: int = 0) -> None:
        self._orders: queue.Queue[bytes] = queue.Queue()
        self._asking: collections.deque[queue.Queue[dict[str, Any]]] = collections.deque()
        self._guard = threading.Lock()
        self._rest = b""
        self._lines: collections.deque[bytes] = collections.deque()
        self._stream: queue.Queue[bytes] | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def name(self) -> str:
        """The address a driver opens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def is_gone(self) -> bool:
        """A web server waits for ever."""
        return False

    def wait(self, pending: bytes, timeout_s: float) -> tuple[bytes, int] | None:
        """See `links.Link.wait`."""
        taken = 0
        if not self._lines:
            # A line that a bad cable has cut in two is whole again here.
            *lines, self._rest = (self._rest + pending).split(b"\n")
            self._lines.extend(line + b"\n" for line in lines)
            taken = len(pending)
        while self._lines and self._deliver(self._lines[0]):
            self._lines.popleft()
        try:
            return self._orders.get(timeout=0.0 if taken else max(0.001, timeout_s)), taken
        except queue.Empty:
            return b"", taken

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def ask(self, method: str, path: str, body: Any) -> dict[str, Any]:
        """The reader's answer to one request; called by the server's threads."""
        box: queue.Queue[dict[str, Any]] = queue.Queue()
        line = json.dumps({"order": {"method": method, "path": path, "body": body}}).encode() + b"\n"
        with self._guard:
            self._asking.append(box)
            self._orders.put(line)
        try:
            return box.get(timeout=ANSWER_S)
        except queue.Empty:
            return {"status": HTTPStatus.GATEWAY_TIMEOUT, "body": None}

    def events(self) -> "queue.Queue[bytes]":
        """A new stream, which takes the place of an earlier one."""
        self._stream = queue.Queue(WAITING_LINES_MAX)
        return self._stream

    def _deliver(self, line: bytes) -> bool:
        told = json.loads(line)
        if "answer" in told:
            self._asking.popleft().put(told["answer"])
            return True
        if self._stream is not None:
            try:
                self._stream.put(line, timeout=0.01)
            except queue.Full:
                return False
        return True


def _handler(link: HttpLink) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer("GET")

        def do_POST(self) -> None:
            self._answer("POST")

        def do_PUT(self) -> None:
            self._answer("PUT")

        def _answer(self, method: str) -> None:
            size = min(int(self.headers.get("Content-Length") or 0), BODY_BYTES_MAX)
            content = self.rfile.read(size)
            answer = link.ask(method, self.path, json.loads(content) if content else None)
            if self.path.endswith(STREAM_PATH) and answer["status"] == HTTPStatus.OK:
                self._tell_events()
                return
            told = b"" if answer["body"] is None else json.dumps(answer["body"]).encode()
            self.send_response(answer["status"])
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def _tell_events(self) -> None:
            events = link.events()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "application/x-ndjson")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            while True:
                line = events.get()
                try:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))
                except OSError:
                    self.close_connection = True
                    return

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the class above.
            """Say nothing: what happens is told by the reader's statistics."""

    return Handler
