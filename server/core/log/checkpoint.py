"""Checkpoints: the size and root of the log at one moment, signed, in the form witnesses and paper can carry.

    origin line
    size in decimal
    root hash in base64

Source: https://c2sp.org/tlog-checkpoint. Ours have no extension lines. A pack's note binds a checkpoint to the manifest
of that pack; its first line keeps it from passing for a checkpoint.
"""

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.core.log.merkle import HASH_BYTES, SIZE_MAX
from server.core.log.note import NoteMalformed, VerifierKey, open_signed, sign_note

PACK_LINE: Final = "baguier-pack/1"
"""First line of a pack's note: the format of the pack."""
ORIGIN_CHARS_MAX: Final = 200

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What one signature says about the log: it has these leaves and no others up to `size`."""

    origin: str
    """Name of the log: `<stable name>/site/<uuid>/e<epoch>`. No spaces, no plus sign."""
    size: int
    root: bytes

    def __post_init__(self) -> None:
        is_name = 0 < len(self.origin) <= ORIGIN_CHARS_MAX and self.origin.isprintable()
        if not is_name or "+" in self.origin or " " in self.origin:
            raise NoteMalformed(f"The origin {self.origin!r:.60} is empty, too long or has a space or a plus sign.")
        if not 0 <= self.size <= SIZE_MAX or len(self.root) != HASH_BYTES:
            raise NoteMalformed(f"A checkpoint of size {self.size} with a root of {len(self.root)} bytes cannot be.")

    def body(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def from_body(cls, text: str) -> Self:
        """The checkpoint in the lines that were signed. Raises: NoteMalformed: anything but the three lines."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not _SIZE.fullmatch(lines[1]):
            raise NoteMalformed(f"The text {text!r:.80} is not a checkpoint: origin, size, root.")
        return cls(lines[0], int(lines[1]), _hash_of(lines[2]))


def sign(checkpoint: Checkpoint, key: Ed25519PrivateKey, name: str | None = None) -> str:
    """The signed note of `checkpoint`; the key's name is the origin unless another is given."""
    return sign_note(checkpoint.body(), key, checkpoint.origin if name is None else name)


def open_note(note: str, vkeys: Iterable[VerifierKey]) -> Checkpoint:
    """The checkpoint in a note that a trusted key signed.

    Raises: NoteMalformed: not a checkpoint. NoteNotTrusted: no good signature by one of `vkeys`.
    """
    return Checkpoint.from_body(open_signed(note, vkeys))


def sign_pack(manifest_sha256: bytes, checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """The note of a pack: its manifest's hash and the checkpoint that its events end at."""
    encoded = base64.b64encode(manifest_sha256).decode()
    return sign_note(f"{PACK_LINE}\n{encoded}\n{checkpoint.body()}", key, checkpoint.origin)


def open_pack_note(note: str, vkeys: Iterable[VerifierKey]) -> tuple[bytes, Checkpoint]:
    """The manifest's SHA-256 and the checkpoint in a pack's note. Raises: as `open_note`."""
    return parse_pack_text(open_signed(note, vkeys))


def parse_pack_text(text: str) -> tuple[bytes, Checkpoint]:
    """The manifest's SHA-256 and the checkpoint in the signed lines of a pack's note. Raises: NoteMalformed."""
    lines = text.split("\n", 2)
    if len(lines) != 3 or lines[0] != PACK_LINE:
        raise NoteMalformed(f"The text {text!r:.80} is not the note of a pack in format {PACK_LINE}.")
    return _hash_of(lines[1]), Checkpoint.from_body(lines[2])


def split_notes(text: str) -> list[str]:
    """The notes in a text in which an empty line follows each note.

    Raises: NoteMalformed: a note does not end in a signature line.
    """
    notes, lines = [], list[str]()
    is_signed = False
    for line in text.split("\n"):
        if not line and is_signed:
            notes.append("\n".join(lines) + "\n")
            lines, is_signed = [], False
            continue
        lines.append(line)
        is_signed = line.startswith("— ")
    if lines != [""]:
        raise NoteMalformed(f"The list of {len(notes)} notes ends in an unfinished note.")
    return notes


def join_notes(notes: Iterable[str]) -> str:
    """The notes with an empty line after each; `split_notes` reads it."""
    return "".join(note + "\n" for note in notes)


def _hash_of(encoded: str) -> bytes:
    raw = base64.b64decode(encoded) if re.fullmatch(r"[A-Za-z0-9+/]{43}=", encoded) else b""
    if base64.b64encode(raw).decode() != encoded or len(raw) != HASH_BYTES:
        raise NoteMalformed(f"The text {encoded!r:.60} is not a hash of {HASH_BYTES} bytes in base64.")
    return raw
