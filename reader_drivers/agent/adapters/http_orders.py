"""HTTP as a port: a driver's order lines go out as requests, answers and the lines of the reader's stream come back.

Blocking calls in the link's own threads, like every other port. A certificate that no authority signed, as readers have, is
taken only when its fingerprint stands in the port: https://NAME:PASSWORD@ADDRESS#SHA256. See `json_lines` for the lines.
"""

import contextlib
import hashlib
import json
import queue
import socket
import ssl
import threading
from base64 import b64encode
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, Final
from urllib.parse import unquote, urlsplit

READ_TIMEOUT_S: Final = 0.2
REQUEST_TIMEOUT_S: Final = 5.0
BODY_BYTES_MAX: Final = 1_048_576
"""A longer answer is cut; what drivers ask for has a few kB."""
LINE_BYTES_MAX: Final = 262_144
"""A longer line of the stream is handed on in parts."""
PENDING_MAX: Final = 4_096
"""Lines that wait to be read. Beyond it the stream is not read, and the reader's own buffer fills."""
STREAM_PATH: Final = "/data/stream"
"""How the path of a stream ends: its answer never does."""


class HttpPort:
    """One reader behind a web address. Implements `transports.Port`."""

    in_waiting = 0

    def __init__(self, address: str) -> None:
        """Raises: OSError: nobody answers there. ValueError: it is no web address."""
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("write an address like https://root:PASSWORD@192.168.1.50")
        self._host, self._is_tls, self._pin = parts.hostname, parts.scheme == "https", parts.fragment.lower()
        self._number = parts.port or (443 if self._is_tls else 80)
        self._headers = {"Accept": "application/json"}
        if parts.username:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            self._headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
        self._lines: queue.Queue[bytes | None] = queue.Queue(PENDING_MAX)
        self._stream: socket.socket | None = None
        self._is_closing = False
        # A port that opens is a reader that is there.
        self._connected(REQUEST_TIMEOUT_S).close()

    def read(self, size: int = 1, /) -> bytes:
        """The next line. Raises: ConnectionResetError: the stream has ended."""
        del size
        try:
            line = self._lines.get(timeout=READ_TIMEOUT_S)
        except queue.Empty:
            return b""
        if line is None:
            raise ConnectionResetError("the reader ended its stream")
        return line

    def write(self, b: bytes, /) -> None:
        """Carry out every order in these lines, one after the other; the answers come by `read`.

        Other bytes, such as a search for readers of another protocol sends, go nowhere.
        """
        for line in b.splitlines():
            told = _value(line)
            told = told.get("order") if isinstance(told, dict) else None
            if not isinstance(told, dict):
                continue
            status, body = self._carry_out(told["method"], told["path"], told["body"])
            answer = {"method": told["method"], "path": told["path"], "status": status, "body": body}
            self._tell(json.dumps({"answer": answer}, separators=(",", ":")).encode() + b"\n")

    def close(self) -> None:
        """End the stream; its thread ends with it."""
        self._is_closing = True
        if self._stream is not None:
            # Only this wakes a thread that reads.
            with contextlib.suppress(OSError):
                self._stream.shutdown(socket.SHUT_RDWR)
            self._stream.close()

    def _carry_out(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if path.endswith(STREAM_PATH) and self._stream is not None:
            return 200, None
        try:
            connection = self._connected(REQUEST_TIMEOUT_S)
            content = None if body is None else json.dumps(body)
            headers = self._headers | ({} if content is None else {"Content-Type": "application/json"})
            connection.request(method, path, content, headers)
            # The connection forgets its socket when the reader announces that it will close it.
            wire = connection.sock
            response = connection.getresponse()
            if path.endswith(STREAM_PATH) and response.status == 200:
                self._listen(wire, response)
                return response.status, None
            with contextlib.closing(connection):
                return response.status, _value(response.read(BODY_BYTES_MAX))
        except (OSError, HTTPException, ValueError) as error:
            return 0, str(error)

    def _connected(self, timeout_s: float) -> HTTPConnection:
        if not self._is_tls:
            plain = HTTPConnection(self._host, self._number, timeout=timeout_s)
            plain.connect()
            return plain
        context = ssl.create_default_context()
        if self._pin:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        secure = HTTPSConnection(self._host, self._number, timeout=timeout_s, context=context)
        try:
            secure.connect()
        except ssl.SSLCertVerificationError as error:
            raise OSError(self._advice()) from error
        if self._pin and _fingerprint(secure) != self._pin:
            secure.close()
            raise OSError(f"the reader shows another certificate than before: {self._advice()}")
        return secure

    def _advice(self) -> str:
        """What to write in the port when no authority vouches for the reader."""
        shown = ssl.create_default_context()
        shown.check_hostname, shown.verify_mode = False, ssl.CERT_NONE
        with contextlib.closing(
            HTTPSConnection(self._host, self._number, timeout=REQUEST_TIMEOUT_S, context=shown)
        ) as probe:
            probe.connect()
            return (
                f"no authority vouches for its certificate. Compare its SHA-256 with the one that the reader's page shows, "
                f"then add #{_fingerprint(probe)} to the port"
            )

    def _listen(self, wire: socket.socket, response: HTTPResponse) -> None:
        # Between two tags there may be hours.
        wire.settimeout(None)
        self._stream = wire
        threading.Thread(target=self._pump, args=(response,), name="reader-stream", daemon=True).start()

    def _pump(self, response: HTTPResponse) -> None:
        with contextlib.suppress(OSError, HTTPException, ValueError, AttributeError):
            # http.client raises the last two when another thread closes the connection under a read.
            while line := response.readline(LINE_BYTES_MAX):
                self._tell(line)
        self._tell(None)

    def _tell(self, line: bytes | None) -> None:
        while not self._is_closing:
            with contextlib.suppress(queue.Full):
                self._lines.put(line, timeout=READ_TIMEOUT_S)
                return


def _fingerprint(connection: HTTPSConnection) -> str:
    certificate = connection.sock.getpeercert(binary_form=True)
    return hashlib.sha256(certificate or b"").hexdigest()


def _value(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode("utf-8", "replace")
