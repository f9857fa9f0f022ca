"""No test leaves the machine: any connection, datagram or name look-up beyond loopback raises at once.

The option of the benchmarks stands here too, because pytest asks only the outermost folders for options.
"""

import gc
import ipaddress
import sys
from typing import Any

import pytest

WATCHED = {"socket.connect": 1, "socket.sendto": 1, "socket.getaddrinfo": 0, "socket.gethostbyname": 0}
"""Audit event to the position of the address or host in its arguments. Source: CPython's table of audit events."""


class NetworkForbiddenError(RuntimeError):
    """A test tried to reach another machine."""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: `localhost`, a name below it (RFC 6761), a loopback or the wildcard address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def forbid_other_machines(event: str, arguments: tuple[Any, ...]) -> None:
    """The audit hook. Addresses that are text or bytes are files of this machine; no host means any of our own."""
    if event not in WATCHED:
        return
    address = arguments[WATCHED[event]]
    host = address[0] if isinstance(address, tuple) else address if "host" in event or "info" in event else None
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if isinstance(host, str) and host and not is_loopback(host):
        raise NetworkForbiddenError(f"A test tried to reach {host} ({event}). Tests use loopback only.")


sys.addaudithook(forbid_other_machines)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--run-benchmarks", action="store_true", default=False, help="run tests/benchmarks too")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The journeys first: begun last, a long one would keep one worker busy while the others have nothing left."""
    items.sort(key=lambda item: "journeys" not in item.path.parts)


def pytest_collection_finish() -> None:
    """Set thousands of collected tests aside: they live to the end, and each collection would walk through them."""
    gc.collect()
    gc.freeze()
