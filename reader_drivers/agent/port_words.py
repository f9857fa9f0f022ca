"""Port words: why a port cannot be opened and what a person does about it, and who holds it."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Final

from reader_drivers.agent.posix import group_of

PROCESSES: Final = Path("/proc")
"""Where Linux shows the open files of processes; elsewhere nobody is named."""

_ABSENT: Final = {errno.ENOENT, errno.ENODEV, errno.ENXIO}
_FORBIDDEN: Final = {errno.EACCES, errno.EPERM}
_BUSY: Final = {errno.EAGAIN, errno.EBUSY}
_NO_LINE: Final = {errno.ENOTTY, errno.EINVAL}
_UNANSWERED: Final = {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT}


def opening_refused(
    port: str,
    error: Exception,
    *,
    group: Callable[[Path], str | None] = group_of,
    processes: Path = PROCESSES,
) -> str:
    """The sentence for a port of agent.toml that `error` kept shut."""
    # A web address may carry a password.
    shown = port.rpartition("@")[2] if "://" in port else port
    return f"{shown} cannot be opened: {_reason(port, error, group=group, processes=processes)}"


def _reason(port: str, error: Exception, *, group: Callable[[Path], str | None], processes: Path) -> str:
    number = getattr(error, "errno", None)
    if number is None:
        # pyserial on Windows keeps the cause as text; access denied there means that another program has the port.
        number = {"FileNotFoundError": errno.ENOENT, "PermissionError": errno.EBUSY}.get(_cause(error))
    if number in _ABSENT:
        return "it is not there. Plug the reader in, and look for its name with `baguier-agent list`."
    if number in _FORBIDDEN:
        name = group(Path(port)) or "dialout"
        if name == "root":
            # Linux gives /dev/hidraw* to nobody else by itself.
            return "only root may use it. Put the rule of docs/readers/hid_pos.md into /etc/udev/rules.d and plug it in again."
        return (
            f"your account has no right to it. Run `sudo usermod -aG {name} $USER`, then log out and in again; "
            "a service needs the group in its unit."
        )
    if number in _BUSY:
        holders = holders_of(Path(port), processes=processes)
        who = f" ({', '.join(holders)})" if holders else ""
        return f"another program has it{who}. Close that program, or stop the other agent, and try again."
    if number in _NO_LINE:
        return "it is no serial line of this speed. Check port and baud in agent.toml."
    if number in _UNANSWERED or isinstance(error, TimeoutError):
        return "nobody answers there. Check that the reader is on, its address, and the network cable."
    return f"{error}."


def _cause(error: Exception) -> str:
    return str(error).partition("(")[0].rpartition(" ")[2]


def holders_of(device: Path, *, processes: Path = PROCESSES) -> list[str]:
    """Programs that have this device open, as `name (process 123)`, by number; those of other users are not seen."""
    target = str(device.resolve())
    found = []
    for program in sorted((p for p in processes.glob("[0-9]*") if p.name.isdigit()), key=lambda p: int(p.name)):
        try:
            if any(str(opened.readlink()) == target for opened in (program / "fd").iterdir()):
                name = (program / "comm").read_text(encoding="utf-8", errors="replace").strip()
                found.append(f"{name} (process {program.name})")
        except OSError:
            # It has ended meanwhile, or is another user's.
            continue
    return found
