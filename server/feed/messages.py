"""Live messages: what a board or a handheld is told after a commit, and the one shape it is told in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson


@dataclass(frozen=True, slots=True)
class Announcement:
    """One thing that was committed and that somebody may be watching for."""

    topic: str
    """`board`, `readers`, `tour` or `round/<id>`."""
    type: str
    """What happened, such as `case.opened`."""
    at: datetime
    """When it was committed, UTC."""
    body: Mapping[str, object]
    """Plain JSON values. Never anything that the topic's viewers may not see."""


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
                "at": said.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "body": said.body,
            }
        )
