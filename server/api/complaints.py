"""Complaints: what goes wrong in a running server, said on standard error."""

import sys
from functools import cache
from typing import Any


@cache
def complaints() -> Any:
    """The log of events with their facts, made when something first goes wrong: to load it takes a tenth of a start."""
    import structlog

    # Standard output carries the one line with the address; what goes wrong is said on the other one.
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    return structlog.get_logger()
