"""An MQTT broker between a simulated reader and a driver: each line that the reader tells is a message of one topic."""

import asyncio
import queue
import threading
from typing import Final

PENDING_MAX: Final = 256
CONNECT_S: Final = 5.0
LOOK_S: Final = 0.1
"""How long closing waits for an idle link at most."""


class MqttLink:
    """One topic of a broker on this machine. Implements `links.Link`; nothing comes back."""

    def __init__(self, port: int, topic: str) -> None:
        """Raises: OSError: no broker answers there."""
        self.name = f"mqtt://127.0.0.1:{port}/{topic}"
        self._where = (port, topic)
        self._lines: queue.Queue[bytes] = queue.Queue(PENDING_MAX)
        self._rest = b""
        self._failure: BaseException | None = None
        self._is_closing = False
        self._is_connected = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._publish()), daemon=True)
        self._thread.start()
        if not self._is_connected.wait(CONNECT_S) or self._failure is not None:
            raise OSError(f"{self.name} cannot be had ({self._failure}). Start the broker first.")

    def is_gone(self) -> bool:
        """True when the broker is lost."""
        return self._failure is not None

    def wait(self, pending: bytes, timeout_s: float) -> tuple[bytes, int] | None:
        """See `links.Link.wait`."""
        if self._lines.full():
            threading.Event().wait(min(0.01, max(0.0, timeout_s)))
            return b"", 0
        *lines, self._rest = (self._rest + pending).split(b"\n")
        for line in lines:
            self._lines.put(line)
        if not pending:
            threading.Event().wait(max(0.0, timeout_s))
        return b"", len(pending)

    def close(self) -> None:
        """Leave the broker."""
        self._is_closing = True
        self._thread.join(CONNECT_S)

    def _next(self) -> bytes | None:
        try:
            return self._lines.get(timeout=LOOK_S)
        except queue.Empty:
            return None

    async def _publish(self) -> None:
        from aiomqtt import Client, MqttError

        port, topic = self._where
        try:
            async with Client("127.0.0.1", port) as client:
                self._is_connected.set()
                while not self._is_closing:
                    line = await asyncio.to_thread(self._next)
                    if line is not None:
                        await client.publish(topic, line, qos=1)
        except MqttError as error:
            self._failure = error
            self._is_connected.set()
