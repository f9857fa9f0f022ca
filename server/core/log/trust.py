"""Trust: what a stranger holds before a pack arrives, got from the shop at another time or by another way.

A pack is never believed on its own word: without trust every property that holds is "cannot tell".
"""

import json
from dataclasses import dataclass
from typing import Final, Self

from server.core.errors import Malformed
from server.core.log.checkpoint import Checkpoint, open_note
from server.core.log.note import VerifierKey

TRUST_BYTES_MAX: Final = 1024 * 1024
"""A trust file has two notes and two keys; the rest is room for years of checkpoints."""
ITEMS_MAX: Final = 2_000

_MEMBERS: Final = frozenset({"origin", "vkeys", "pdf_cert_sha256", "checkpoints", "tsa_roots"})


class TrustMalformed(Malformed):
    """A trust file that cannot be read or that contradicts itself."""

    code = "trust_malformed"


@dataclass(frozen=True, slots=True)
class Trust:
    """Keys and earlier heads of one log, as its reader keeps them."""

    origin: str
    vkeys: tuple[VerifierKey, ...]
    pdf_cert_sha256: str
    """Fingerprint of the records' seal, lower-case hex; empty: none is known."""
    checkpoints: tuple[str, ...]
    """Signed notes received earlier; the more, the less can have been rewritten."""
    tsa_roots: tuple[str, ...] = ()
    """Certificates (PEM) of time-stamp services."""

    def held(self) -> tuple[Checkpoint, ...]:
        """The checkpoints held, smallest first.

        Raises: NoteMalformed or NoteNotTrusted: one is not signed by `vkeys`. TrustMalformed: one is of another log.
        """
        heads = sorted((open_note(note, self.vkeys) for note in self.checkpoints), key=lambda head: head.size)
        for head in heads:
            if head.origin != self.origin:
                raise TrustMalformed(f"The trust file is for {self.origin} but holds a checkpoint of {head.origin}.")
        return tuple(heads)

    def to_json(self) -> str:
        """The trust file's text."""
        members = {
            "origin": self.origin,
            "vkeys": [key.to_text() for key in self.vkeys],
            "pdf_cert_sha256": self.pdf_cert_sha256,
            "checkpoints": list(self.checkpoints),
            "tsa_roots": list(self.tsa_roots),
        }
        return json.dumps(members, ensure_ascii=False, indent=2) + "\n"

    @classmethod
    def from_json(cls, raw: bytes) -> Self:
        """The trust in a file's bytes; each held checkpoint is checked.

        Raises: Malformed (TrustMalformed, NoteMalformed, NoteNotTrusted): the file says what is wrong with it.
        """
        if len(raw) > TRUST_BYTES_MAX:
            raise TrustMalformed(f"The trust file has {len(raw)} bytes; the limit is {TRUST_BYTES_MAX}.")
        try:
            members = json.loads(raw.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise TrustMalformed(f"The trust file is not JSON: {error}. Ask the shop for it again.") from error
        if not isinstance(members, dict) or members.keys() != _MEMBERS:
            raise TrustMalformed(f"The trust file must have exactly the members {', '.join(sorted(_MEMBERS))}.")
        origin, certificate = members["origin"], members["pdf_cert_sha256"] or ""
        if not isinstance(origin, str) or not isinstance(certificate, str):
            raise TrustMalformed("The trust file's origin and pdf_cert_sha256 must be text.")
        trust = cls(
            origin=origin,
            vkeys=tuple(VerifierKey.from_text(text) for text in _texts(members["vkeys"], "vkeys")),
            pdf_cert_sha256=certificate,
            checkpoints=_texts(members["checkpoints"], "checkpoints"),
            tsa_roots=_texts(members["tsa_roots"], "tsa_roots"),
        )
        trust.held()
        return trust


def _texts(value: object, name: str) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > ITEMS_MAX or not all(isinstance(one, str) for one in value):
        raise TrustMalformed(f"The trust file's {name} must be a list of at most {ITEMS_MAX} texts.")
    return tuple(value)
