"""State: the last size and root the signer answered for, per log, kept outside the database.

It is the reason why a stolen database or server can add lies but not rewrite the past.
"""

import fcntl
import os
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Final, Self

from server.core.errors import Conflict
from server.core.log import canonical, merkle
from server.core.log.canonical import JsonValue
from server.core.log.checkpoint import Checkpoint
from server.signer.files import SignerStateUnusable, make_private_folder, read_private, write_durably

ORIGINS_MAX: Final = 1_000
"""Logs of one signer: one per shop and epoch. The cap keeps a stolen server from filling the disk."""


class RootNotExtending(Conflict):
    """The root asked for does not continue what was signed before: a rollback or a fork."""

    code: ClassVar[str] = "root_not_extending"


@dataclass(slots=True)
class SignerState:
    """The states in one locked folder. Only one process can hold it."""

    folder: Path
    _lock: int = field(repr=False)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Lock `folder`, making it when it is not there.

        Raises: SignerStateUnusable: another signer holds it, or others may enter it.
        """
        make_private_folder(folder)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise SignerStateUnusable(
                f"Another signer runs with {folder}. Stop it first; two signers could sign two histories."
            ) from error
        return cls(folder, lock)

    def close(self) -> None:
        """Give the folder back."""
        os.close(self._lock)

    def last(self, origin: str) -> Checkpoint | None:
        """What was last answered for in this log; None: nothing yet.

        Raises: SignerStateUnusable: the state file is not one the signer wrote.
        """
        path = self._path(origin)
        if not path.exists():
            return None
        fields = canonical.decode_exact(read_private(path))
        match fields:
            case {"origin": str(name), "size": int(size), "root": str(root)} if name == origin and not size < 1:
                return Checkpoint(origin, size, bytes.fromhex(root))
            case _:
                raise SignerStateUnusable(f"{path} is not a state of the log {origin}. Restore it from its backup.")

    def advance(self, to: Checkpoint, proof: tuple[bytes, ...]) -> None:
        """Remember `to`, which must continue the last one; on the disk when this returns.

        The first checkpoint of a log is taken as it is. The last one may be asked for again: an answer can get lost.
        Raises: RootNotExtending: smaller, or the proof does not lead from the last root to this one.
        """
        last = self.last(to.origin)
        if to.size < 1:
            raise RootNotExtending("An empty log is not signed: nothing could be proved from it. Append a leaf first.")
        if last is None:
            self._refuse_one_too_many(to.origin)
        elif not merkle.verify_consistency(
            old=last.size, new=to.size, old_root=last.root, new_root=to.root, proof=proof
        ):
            raise RootNotExtending(
                f"The log {to.origin} was signed at size {last.size}; the root given for size {to.size} does not "
                "continue it. Check the database: it was rolled back or changed.",
                last_size=last.size,
                size=to.size,
            )
        elif last == to:
            return
        state: dict[str, JsonValue] = {"origin": to.origin, "size": to.size, "root": to.root.hex()}
        write_durably(self._path(to.origin), canonical.encode(state))

    def _path(self, origin: str) -> Path:
        return self.folder / f"log-{sha256(origin.encode()).hexdigest()[:32]}.json"

    def _refuse_one_too_many(self, origin: str) -> None:
        if sum(1 for _ in self.folder.glob("log-*.json")) >= ORIGINS_MAX:
            raise SignerStateUnusable(f"The signer already keeps {ORIGINS_MAX} logs; {origin} is one too many.")
