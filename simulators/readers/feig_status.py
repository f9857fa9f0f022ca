"""Status bytes of a simulated FEIG reader. Source: FEIG manual H60301-3e-ID-B, annex D."""

from typing import Final

NO_TRANSPONDER: Final = 0x01
COLLISION: Final = 0x0B
PARAMETER_RANGE: Final = 0x11
UNKNOWN_COMMAND: Final = 0x80
LENGTH_ERROR: Final = 0x81
RF_COMMUNICATION: Final = 0x83
"""The reply carries records all the same, of the tags that were understood."""
RF_WARNING: Final = 0x84
"""The reply carries records all the same."""
MORE_DATA: Final = 0x94
ISO15693_ERROR: Final = 0x95
"""The one byte of data is the tag's own error code."""
ISO_BLOCK_UNAVAILABLE: Final = 0x10


class Refusal(Exception):
    """A command is not obeyed; the reply has this status and payload."""

    def __init__(self, status: int, payload: bytes = b"") -> None:
        super().__init__(f"status {status:02X}")
        self.status = status
        self.payload = payload
