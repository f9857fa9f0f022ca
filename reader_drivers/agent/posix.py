"""What only POSIX systems have, guarded in one place: counter PCs run Windows as often as Linux.

Everything else of the agent runs wherever Python does; a test runs it with these modules made absent.
"""

from pathlib import Path
from typing import Final

try:
    import grp
    import termios
except ImportError:
    _line_error: type[Exception] = OSError

    def _group_name(number: int) -> str | None:
        del number
        return None
else:
    _line_error = termios.error

    def _group_name(number: int) -> str | None:
        return grp.getgrgid(number).gr_name


LINK_ERRORS: Final = (OSError, _line_error)
"""What a port raises when it is lost: flush and close of a vanished device raise termios.error, which is no OSError."""


def group_of(path: Path) -> str | None:
    """Name of the group that may use this device; None: it is gone, or there are no such groups here."""
    try:
        return _group_name(path.stat().st_gid)
    except (OSError, KeyError):
        return None
