"""Bridge: carries what the writer's thread stored to the event loop in which the hub lives."""

import asyncio
from collections.abc import Sequence

from server.core.announcement import Announcement
from server.feed.hub import Hub


class FeedBridge:
    """Carries announcements from the writer's thread to the loop that owns the hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Publish from now on."""
        self._loop = loop

    def __call__(self, stored: Sequence[Announcement]) -> None:
        """Take the announcements of one commit, in the writer's thread. Before the loop runs nobody watches."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hub.publish, stored)
