"""Out files: what a command writes where its user says: whole or not at all."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from server.core.errors import Malformed


def require_folder(out: Path) -> None:
    """Refuse before anything is logged if the file could not be written. Raises: Malformed."""
    folder = out.absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise Malformed(f"{out} cannot be written: name a file in a folder that exists and is yours with --out.")


def write_whole(out: Path, raw: bytes, *, mode: int) -> None:
    """Put a file in place at once, on the disk before the command ends: nobody ever reads half of it.

    Raises: Malformed: it cannot be written; what stood there still stands.
    """
    try:
        with NamedTemporaryFile(dir=out.absolute().parent, prefix=".baguier-", delete=False) as file:
            part = Path(file.name)
            try:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
                part.chmod(mode)
                part.replace(out)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise Malformed(
            f"{str(out)[:200]} cannot be written: {error.strerror}. Name another file with --out."
        ) from error
