"""The server's side of the signer: blocking calls with a time limit, one at a time."""

import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final

from server.core.errors import Conflict, DomainError
from server.core.log import canonical
from server.core.log.canonical import JsonValue
from server.core.log.merkle import EMPTY_ROOT
from server.signer.protocol import LINE_BYTES_MAX
from server.signer.state import RootNotExtending

CALL_TIMEOUT_S: Final = 5.0
"""A signature takes milliseconds; a disk that needs seconds for one sync is as good as down."""


class SignerDown(DomainError):
    """The signer does not answer. Open sessions go on counting; sign-in, signature and closing wait."""

    code: ClassVar[str] = "signer_down"


class SignerRefused(Conflict):
    """The signer answered no; `facts["signer_code"]` says which rule."""

    code: ClassVar[str] = "signer_refused"


class SignerClient:
    """Talks to one signer over its socket. Safe for threads; connects again after a failure."""

    def __init__(self, socket_path: Path, *, timeout_s: float = CALL_TIMEOUT_S) -> None:
        self._path = socket_path
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._link: socket.socket | None = None

    def close(self) -> None:
        """Drop the connection; the next call makes a new one."""
        with self._lock:
            self._drop()

    def last(self, origin: str) -> tuple[int, bytes]:
        """Size and root the signer last answered for; size 0 and the empty root: nothing yet."""
        result = self._call({"op": "last", "origin": origin})
        size, root = result.get("size"), result.get("root")
        if size == 0:
            return 0, EMPTY_ROOT
        if not isinstance(size, int) or not isinstance(root, str):
            raise SignerDown("The signer's answer has no size and root. Check which program owns its socket.")
        return size, bytes.fromhex(root)

    def checkpoint(self, origin: str, *, size: int, root: bytes, proof: tuple[bytes, ...]) -> str:
        """The signed note for this size and root; `proof` leads there from `last`.

        Raises: RootNotExtending: it does not continue what was signed. SignerDown: no answer; asking again is safe.
        """
        return _note(self._call({"op": "checkpoint", **_head(origin, size, root=root, proof=proof)}))

    def pack(self, origin: str, *, manifest_sha256: bytes, size: int, root: bytes, proof: tuple[bytes, ...]) -> str:
        """The signed note that binds a pack's manifest to the head it ends at; `proof` leads from there to `last`.

        Raises: RootNotExtending: what was signed does not continue it. SignerDown.
        """
        head = _head(origin, size, root=root, proof=proof)
        return _note(self._call({"op": "pack", "manifest_sha256": manifest_sha256.hex(), **head}))

    def vkey(self, origin: str) -> str:
        """The verifier key string to give to whoever will check packs of this log."""
        return _text(self._call({"op": "vkey", "origin": origin}), "vkey")

    def pdf_sign(self, digest: bytes) -> bytes:
        """ECDSA P-256 signature (DER) over a SHA-256 digest of 32 bytes."""
        return bytes.fromhex(_text(self._call({"op": "pdf_sign", "digest": digest.hex()}), "signature"))

    def pdf_certificate(self) -> bytes:
        """DER certificate that `pdf_sign`'s signatures verify with."""
        return bytes.fromhex(_text(self._call({"op": "pdf_certificate"}), "certificate"))

    def pin_mac(self, value: str) -> bytes:
        """HMAC-SHA-256 of `value` under the pepper; 32 bytes. `value` is at most 1,024 characters."""
        return bytes.fromhex(_text(self._call({"op": "pin_mac", "value": value}), "mac"))

    def _call(self, request: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
        line = canonical.encode(request) + b"\n"
        with self._lock:
            try:
                answer = canonical.decode(self._exchange(line))
            except (OSError, DomainError) as error:
                self._drop()
                raise SignerDown(
                    f"The signer at {self._path} does not answer ({error}). Start it: baguier signer. Counting goes on."
                ) from error
        if not isinstance(answer, dict):
            raise SignerDown(f"What answers at {self._path} is not a signer.")
        if answer.get("ok") is not True:
            _raise_refusal(str(answer.get("code")), str(answer.get("sentence")))
        return answer

    def _exchange(self, line: bytes) -> bytes:
        if self._link is None:
            self._link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._link.settimeout(self._timeout_s)
            self._link.connect(str(self._path))
        self._link.sendall(line)
        answer = bytearray()
        while not answer.endswith(b"\n"):
            piece = self._link.recv(4096)
            if not piece:
                raise ConnectionResetError("it closed the connection")
            answer += piece
            if len(answer) > LINE_BYTES_MAX:
                raise ConnectionAbortedError(f"its answer is longer than {LINE_BYTES_MAX} bytes")
        return bytes(answer)

    def _drop(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None


def _head(origin: str, size: int, *, root: bytes, proof: tuple[bytes, ...]) -> dict[str, JsonValue]:
    return {"origin": origin, "size": size, "root": root.hex(), "proof": [one.hex() for one in proof]}


def _text(result: Mapping[str, JsonValue], name: str) -> str:
    text = result.get(name)
    if not isinstance(text, str):
        raise SignerDown(f"The signer's answer has no {name}. Check which program owns its socket.")
    return text


def _note(result: Mapping[str, JsonValue]) -> str:
    lines = result.get("note")
    if not isinstance(lines, list):
        raise SignerDown("The signer's answer has no note. Check which program owns its socket.")
    return "\n".join(str(line) for line in lines)


def _raise_refusal(code: str, sentence: str) -> None:
    if code == RootNotExtending.code:
        raise RootNotExtending(sentence)
    raise SignerRefused(sentence, signer_code=code)
