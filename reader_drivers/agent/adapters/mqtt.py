"""MQTT as a port: every message of a topic is a line, whatever line breaks its JSON has. Nothing is ever sent.

The library needs an event loop of its own kind on Windows, so it has one, in a thread of the port.
"""

import asyncio
import contextlib
import queue
import ssl
import threading
from concurrent.futures import Future
from typing import Final
from urllib.parse import unquote, urlsplit

READ_TIMEOUT_S: Final = 0.2
CONNECT_TIMEOUT_S: Final = 5.0
KEEP_ALIVE_S: Final = 10
"""A broker that is silent for longer is lost."""
PENDING_MAX: Final = 4_096
"""Messages that wait to be read. Beyond it the broker is not read, and keeps them or drops them as it is set up."""
EXTRA: Final = "the MQTT library is not installed; run `pip install 'baguier[mqtt]'`"


class MqttPort:
    """One topic of one broker. Implements `transports.Port`."""

    in_waiting = 0

    def __init__(self, address: str) -> None:
        """`mqtt://NAME:PASSWORD@BROKER:1883/TOPIC`, `mqtts` for TLS; # and + in the topic as in MQTT.

        Raises: OSError: no broker answers there, or it refuses. ValueError: the address lacks broker or topic.
        """
        scheme, _, rest = address.partition("://")
        # A # is part of the topic here, not the fragment of an address.
        parts = urlsplit(f"//{rest}", allow_fragments=False)
        self._topic = unquote(parts.path.removeprefix("/"))
        if scheme not in {"mqtt", "mqtts"} or not parts.hostname or not self._topic:
            raise ValueError("write an address like mqtt://192.168.1.10:1883/tags/#")
        self._host, self._is_tls = parts.hostname, scheme == "mqtts"
        self._number = parts.port or (8883 if self._is_tls else 1883)
        self._account = (
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
        )
        self._lines: queue.Queue[bytes] = queue.Queue(PENDING_MAX)
        self._lost: str | None = None
        self._subscribed: Future[None] = Future()
        self._loop = asyncio.SelectorEventLoop()
        self._task: asyncio.Task[None] | None = None
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="reader-mqtt", daemon=True)
        self._thread.start()
        self._subscribed.result(2 * CONNECT_TIMEOUT_S)

    def read(self, size: int = 1, /) -> bytes:
        """The next message. Raises: ConnectionResetError: the broker is lost."""
        del size
        try:
            return self._lines.get(timeout=READ_TIMEOUT_S)
        except queue.Empty:
            if self._lost is not None:
                raise ConnectionResetError(self._lost) from None
            return b""

    def write(self, b: bytes, /) -> None:
        """Nothing is sent: bytes that look for readers of another protocol go nowhere."""

    def close(self) -> None:
        """Leave the broker."""
        self._is_closing = True
        with contextlib.suppress(RuntimeError):
            # The loop is closed when the broker went first.
            self._loop.call_soon_threadsafe(self._cancel)
        self._thread.join(CONNECT_TIMEOUT_S)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _run(self) -> None:
        self._task = self._loop.create_task(self._listen())
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            self._lost = "the port was closed"
        except Exception as error:  # noqa: BLE001 - a thread has no caller; its end is the port's end, with the reason.
            self._lost = f"the broker is lost: {error}"
            if not self._subscribed.done():
                self._subscribed.set_exception(error if isinstance(error, OSError) else OSError(str(error)))
        finally:
            self._loop.close()

    async def _listen(self) -> None:
        try:
            from aiomqtt import Client
        except ImportError as error:
            raise OSError(EXTRA) from error
        name, password = self._account
        tls = ssl.create_default_context() if self._is_tls else None
        async with Client(
            self._host,
            self._number,
            username=name,
            password=password,
            tls_context=tls,
            timeout=CONNECT_TIMEOUT_S,
            keepalive=KEEP_ALIVE_S,
        ) as client:
            # Once at least: a message that comes twice is one hearing more, one that is lost is lost.
            await client.subscribe(self._topic, qos=1)
            self._subscribed.set_result(None)
            async for message in client.messages:
                await self._tell(bytes(message.payload) if isinstance(message.payload, bytes | bytearray) else b"")

    async def _tell(self, payload: bytes) -> None:
        # A line break inside JSON is space: in texts it is written as an escape.
        line = payload.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n"
        while not self._is_closing:
            with contextlib.suppress(queue.Full):
                self._lines.put_nowait(line)
                return
            await asyncio.sleep(READ_TIMEOUT_S)
