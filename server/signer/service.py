"""The signer's answers: one JSON request line in, one JSON answer line out.

Requests: `{op: "last" | "vkey" | "checkpoint" | "pack" | "pdf_sign" | "pdf_certificate" | "pin_mac", …}`; hashes are
lower-case hex, notes are lists of lines. Answers: `{ok: true, …}` or `{ok: false, code, sentence}`. `PROTOCOL` lists the members of each.
"""

import hmac
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from server.core.errors import Conflict, DomainError, Malformed
from server.core.log import canonical, checkpoint, merkle
from server.core.log.canonical import JsonValue
from server.core.log.checkpoint import Checkpoint
from server.core.log.merkle import PROOF_HASHES_MAX
from server.core.log.note import VerifierKey
from server.signer.files import SignerStateUnusable
from server.signer.keys import Keys
from server.signer.protocol import PROTOCOL, VALUE_CHARS_MAX
from server.signer.state import RootNotExtending, SignerState


class NothingSigned(Conflict):
    """The log has no signed checkpoint yet."""

    code = "nothing_signed"


@dataclass(frozen=True, slots=True)
class SignerService:
    """Answers requests with the keys and the state it was given."""

    keys: Keys
    state: SignerState

    def answer(self, line: bytes) -> bytes:
        """The answer line to one request line, line feed included. Never raises for what a client sent."""
        try:
            result: Mapping[str, JsonValue] = {"ok": True, **self._result(line)}
        except DomainError as error:
            normal = unicodedata.normalize("NFC", error.sentence)
            sentence = "".join(char if char.isprintable() else "?" for char in normal)
            result = {"ok": False, "code": error.code, "sentence": sentence}
        except OSError as error:
            # A full or failing disk: the state is not safe, so nothing was signed.
            sentence = f"The signer cannot keep its state: {error.strerror}. Free space on its disk."
            result = {"ok": False, "code": SignerStateUnusable.code, "sentence": sentence}
        return canonical.encode(result) + b"\n"

    def _result(self, line: bytes) -> Mapping[str, JsonValue]:
        request = canonical.decode(line)
        if not isinstance(request, dict):
            raise Malformed("A request to the signer is one JSON object a line.")
        op = request.get("op")
        if not isinstance(op, str) or op not in PROTOCOL or request.keys() - {"op"} != PROTOCOL[op]:
            raise Malformed(f"The signer does not know the request {op!r:.40} with these members.")
        match op:
            case "last":
                return self._last(_text(request, "origin"))
            case "vkey":
                return {"vkey": VerifierKey.of(self.keys.log, _text(request, "origin")).to_text()}
            case "checkpoint":
                return self._checkpoint(request)
            case "pack":
                return self._pack(request)
            case "pdf_sign":
                digest = _hash(request["digest"])
                return {"signature": self.keys.pdf.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256()))).hex()}
            case "pdf_certificate":
                return {"certificate": self.keys.pdf_certificate.hex()}
            case _:
                mac = hmac.digest(self.keys.pepper, _text(request, "value").encode(), "sha256")
                return {"mac": mac.hex()}

    def _last(self, origin: str) -> Mapping[str, JsonValue]:
        last = self.state.last(origin)
        return {"size": 0, "root": None} if last is None else {"size": last.size, "root": last.root.hex()}

    def _checkpoint(self, request: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
        wanted, proof = _head_of(request)
        # The state is on the disk before the signature exists: a crash in between loses an answer, never a promise.
        self.state.advance(wanted, proof)
        return {"note": checkpoint.sign(wanted, self.keys.log).split("\n")}

    def _pack(self, request: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
        """The note of a pack that ends at a head which was signed: the last, or one that the proof leads from to the last."""
        wanted, proof = _head_of(request)
        last = self.state.last(wanted.origin)
        if last is None:
            raise NothingSigned(f"The log {wanted.origin} has no signed checkpoint yet; a pack cannot end anywhere.")
        if wanted.size < 1 or not merkle.verify_consistency(
            old=wanted.size, new=last.size, old_root=wanted.root, new_root=last.root, proof=proof
        ):
            raise RootNotExtending(
                f"The log {wanted.origin} that was signed up to {last.size} does not continue the pack's {wanted.size} leaves. "
                "Run baguier log check.",
                last_size=last.size,
                size=wanted.size,
            )
        return {"note": checkpoint.sign_pack(_hash(request["manifest_sha256"]), wanted, self.keys.log).split("\n")}


def _head_of(request: Mapping[str, JsonValue]) -> tuple[Checkpoint, tuple[bytes, ...]]:
    """The size and root that a request names, with its proof."""
    size, proof = request["size"], request["proof"]
    if type(size) is not int or not isinstance(proof, list) or len(proof) > PROOF_HASHES_MAX:
        raise Malformed("A request for a signature has a whole size and a proof of hashes.")
    return Checkpoint(_text(request, "origin"), size, _hash(request["root"])), tuple(_hash(one) for one in proof)


def _text(request: Mapping[str, JsonValue], name: str) -> str:
    text = request[name]
    if not isinstance(text, str) or not 0 < len(text) <= VALUE_CHARS_MAX:
        raise Malformed(f"The member {name} must be text of 1 to {VALUE_CHARS_MAX} characters.")
    return text


def _hash(value: JsonValue) -> bytes:
    if not isinstance(value, str) or len(value) != 64 or value != value.lower():
        raise Malformed("A hash is 64 lower-case hex digits.")
    try:
        return bytes.fromhex(value)
    except ValueError as error:
        raise Malformed("A hash is 64 lower-case hex digits.") from error
