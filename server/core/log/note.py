"""Signed notes (C2SP signed-note): a short text and, below an empty line, who signed it with Ed25519.

    text lines, each ending in a line feed
    (empty line)
    — name base64(key id (4) ‖ signature (64))

A verifier key is `name+key id in hex+base64(01 ‖ public key)`; the key id is the start of SHA-256(name ‖ LF ‖ 01 ‖ key).
Source: https://c2sp.org/signed-note, version 1.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from server.core.errors import Malformed

NOTE_BYTES_MAX: Final = 16 * 1024
"""A note of ours has under 300 bytes; the rest is room for the signatures of witnesses."""
SIGNATURES_MAX: Final = 16

_ED25519: Final = b"\x01"
_KEY_BYTES: Final = 32
_ID_BYTES: Final = 4


class NoteMalformed(Malformed):
    """A text that is not a signed note, or a verifier key that cannot be read."""

    code = "note_malformed"


class NoteNotTrusted(Malformed):
    """A note without a good signature by a key that the reader trusts."""

    code = "note_not_trusted"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of a signing key under its name, as a stranger holds it."""

    name: str
    public: bytes
    """Raw Ed25519 public key, 32 bytes."""

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or any(char.isspace() for char in self.name):
            raise NoteMalformed(f"The key name {self.name!r:.60} is empty or has a space or a plus sign.")
        if len(self.public) != _KEY_BYTES:
            raise NoteMalformed(f"The key {self.name} has {len(self.public)} bytes; Ed25519 needs {_KEY_BYTES}.")

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell one key of a name from another. Not a proof of anything."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_ID_BYTES]

    def to_text(self) -> str:
        """The verifier key string."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The key in a verifier key string.

        Raises: NoteMalformed: three parts are not there, not Ed25519, or the key id is another key's.
        """
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        raw = _bytes_of(encoded)
        if raw[:1] != _ED25519:
            raise NoteMalformed(f"The verifier key {text!r:.100} is not name+id+key for Ed25519.")
        key = cls(name, raw[1:])
        if key.key_id.hex() != key_id:
            raise NoteMalformed(f"The verifier key {text!r:.100} has a wrong key id; it was mistyped or changed.")
        return key

    @classmethod
    def of(cls, key: Ed25519PrivateKey, name: str) -> Self:
        """The public half of `key` under `name`."""
        return cls(name, key.public_key().public_bytes_raw())


def sign_note(text: str, key: Ed25519PrivateKey, name: str) -> str:
    """The note with `text` signed under `name`. The same text and key always give the same note.

    Raises: NoteMalformed: the text is empty, has an empty line or a control character, or has no line feed at its end.
    """
    if not _is_note_text(text):
        raise NoteMalformed("The text of a note must be whole lines without an empty one. Give each line a line feed.")
    signature = VerifierKey.of(key, name).key_id + key.sign(text.encode())
    return f"{text}\n— {name} {base64.b64encode(signature).decode()}\n"


def open_signed(note: str, keys: Iterable[VerifierKey]) -> str:
    """The text of a note that at least one of `keys` signed; lines by other keys are passed over.

    Raises: NoteMalformed: not a note. NoteNotTrusted: no line by one of `keys`, or a line by one of them is false.
    """
    text, lines = _split(note)
    known = {(key.name, key.key_id): key for key in keys}
    signers = 0
    for line in lines:
        name, _, encoded = line.removeprefix("— ").partition(" ")
        raw = _bytes_of(encoded)
        if len(raw) <= _ID_BYTES:
            raise NoteMalformed(f"The signature line {line!r:.100} is too short.")
        key = known.get((name, raw[:_ID_BYTES]))
        if key is None:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(raw[_ID_BYTES:], text.encode())
        except InvalidSignature as error:
            raise NoteNotTrusted(f"The signature by {name} does not fit the note's text.") from error
        signers += 1
    if not signers:
        raise NoteNotTrusted("No key that you trust signed this note. Ask for the verifier key by another way.")
    return text


def unsigned_text(note: str) -> str:
    """The text of a note, whoever signed it; only to say which of two records was changed. Raises: NoteMalformed."""
    return _split(note)[0]


def _split(note: str) -> tuple[str, list[str]]:
    if len(note) > NOTE_BYTES_MAX:
        raise NoteMalformed(f"The note has {len(note)} characters; the limit is {NOTE_BYTES_MAX}.")
    text, gap, signatures = note.partition("\n\n")
    lines = signatures.split("\n")
    is_framed = gap and lines.pop() == "" and 0 < len(lines) <= SIGNATURES_MAX
    if not is_framed or not _is_note_text(text + "\n") or not all(line.startswith("— ") for line in lines):
        raise NoteMalformed(f"The text {note!r:.60}… is not a note: lines, an empty line, signature lines.")
    return text + "\n", lines


def _is_note_text(text: str) -> bool:
    lines = text.split("\n")
    return lines.pop() == "" and bool(lines) and all(line and line.isprintable() for line in lines)


def _bytes_of(encoded: str) -> bytes:
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteMalformed(f"The text {encoded!r:.60} is not base64.") from error
    # One meaning, one spelling: unused bits set in the last letter would be a second form of the same key.
    if base64.b64encode(raw).decode() != encoded:
        raise NoteMalformed(f"The text {encoded!r:.60} is not base64 in its one form.")
    return raw
