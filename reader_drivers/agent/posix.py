"""What only POSIX systems have, guarded in one place: counter PCs run Windows as often as Linux.

Everything else of the agent runs wherever Python does; a test runs it with these modules made absent.
"""

import errno
import platform
from pathlib import Path
from typing import Final

try:
    import fcntl
    import grp
    import termios
except ImportError:
    _line_error: type[Exception] = OSError

    def _group_name(number: int) -> str | None:
        del number
        return None

    def device_call(device: int, number: int, argument: int | bytearray) -> None:
        """There are no such calls here. Raises: OSError."""
        raise OSError(errno.ENOSYS, f"no device call {number:X} with {argument!r} on {device}")

    def hold_alone(device: int) -> None:
        """There are no such locks here. Raises: OSError."""
        raise OSError(errno.ENOSYS, f"no lock on {device}")

    HAS_HID_FILES = False
else:
    _line_error = termios.error

    def _group_name(number: int) -> str | None:
        return grp.getgrgid(number).gr_name

    def device_call(device: int, number: int, argument: int | bytearray) -> None:
        """One ioctl; a bytearray also takes the answer. Raises: OSError: refused, or the file is no such device."""
        fcntl.ioctl(device, number, argument)

    def hold_alone(device: int) -> None:
        """Keep other programs that ask from this open file. Raises: OSError: one holds it already."""
        fcntl.flock(device, fcntl.LOCK_EX | fcntl.LOCK_NB)

    HAS_HID_FILES = platform.system() == "Linux"


LINK_ERRORS: Final = (OSError, _line_error)
"""What a port raises when it is lost: flush and close of a vanished device raise termios.error, which is no OSError."""


def group_of(path: Path) -> str | None:
    """Name of the group that may use this device; None: it is gone, or there are no such groups here."""
    try:
        return _group_name(path.stat().st_gid)
    except (OSError, KeyError):
        return None
