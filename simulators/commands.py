"""Commands: what a host sends, out of the bytes as they arrive, for readers whose protocol cuts them by itself."""

import abc
from collections.abc import Iterator
from typing import ClassVar, Final, Generic, TypeVar

C = TypeVar("C")
"""One command of the protocol."""

COMMAND_GAP_S: Final = 0.1
"""A command whose bytes pause longer than this is given up: a host that died mid-frame must not swallow the next."""


class CommandBuffer(abc.ABC, Generic[C]):
    """Collects the bytes of a host; a protocol derives from it and takes whole commands off `_buffer`."""

    gap_s: ClassVar[float] = COMMAND_GAP_S

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._last_at_s = 0.0

    def feed(self, chunk: bytes, now_s: float) -> list[C]:
        """The commands completed by `chunk`, which arrived at `now_s` (monotonic seconds)."""
        if now_s - self._last_at_s > self.gap_s:
            self._buffer.clear()
        self._last_at_s = now_s
        self._buffer += chunk
        return list(self._commands())

    @abc.abstractmethod
    def _commands(self) -> Iterator[C]:
        """Take what is whole off the buffer; what fails its check is passed over in silence."""
