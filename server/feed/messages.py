"""Live messages: what a board or a handheld is told after a commit, and the one shape it is told in."""

from dataclasses import dataclass

import orjson

from server.clock import from_ms
from server.core.announcement import Announcement
from server.core.log.events import format_time


@dataclass(frozen=True, slots=True)
class Message:
    """An announcement with its place in the topic's sequence."""

    seq: int
    """1 for the first message of a topic since the server started; never skipped."""
    epoch: str
    """Names the server's start: sequences of different epochs are not comparable."""
    announcement: Announcement

    def encode(self) -> bytes:
        """The message as JSON: `{seq, epoch, topic, type, at, body}`."""
        said = self.announcement
        return orjson.dumps(
            {
                "seq": self.seq,
                "epoch": self.epoch,
                "topic": said.topic,
                "type": said.type,
                "at": format_time(from_ms(said.at_ms)),
                "body": said.body,
            }
        )
