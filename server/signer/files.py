"""Files of the signer: private to its user, and on the disk before anything relies on them."""

import os
from pathlib import Path
from typing import ClassVar, Final

from server.core.errors import Conflict

FILE_BYTES_MAX: Final = 64 * 1024
"""Keys and states have under 3 KiB."""

_OTHERS: Final = 0o077


class SignerStateUnusable(Conflict):
    """The signer's folder cannot be trusted or is in use; the signer does not start."""

    code: ClassVar[str] = "signer_state_unusable"


def make_private_folder(folder: Path) -> None:
    """Make `folder` for this user only. Raises: SignerStateUnusable: it is there and others may enter it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _refuse_open_to_others(folder)


def write_durably(path: Path, raw: bytes) -> None:
    """Put `raw` at `path` so that after a power cut the file is the old one or the new one, whole.

    The new file is synced before it takes the name, and the folder after: a name is part of the folder.
    """
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(descriptor)
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_private(path: Path) -> bytes:
    """The content of a file of ours.

    Raises: SignerStateUnusable: others may read it, or it is longer than `FILE_BYTES_MAX`.
    """
    _refuse_open_to_others(path)
    with path.open("rb") as file:
        raw = file.read(FILE_BYTES_MAX + 1)
    if len(raw) > FILE_BYTES_MAX:
        raise SignerStateUnusable(f"{path} is longer than {FILE_BYTES_MAX} bytes; the signer did not write it.")
    return raw


def _refuse_open_to_others(path: Path) -> None:
    if path.stat().st_mode & _OTHERS:
        raise SignerStateUnusable(
            f"{path} is open to other users of this computer. Run: chmod go-rwx {path}, and change the keys."
        )
