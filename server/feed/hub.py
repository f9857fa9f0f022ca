"""The hub: numbers what was committed, remembers the last of it, and hands it to whoever watches.

Knows no socket and no event loop. A viewer's mailbox has a limit; at the limit everything in it is dropped and the viewer is told
to ask again, so that one slow screen costs one mailbox and never the server.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from server.core.announcement import Announcement
from server.feed.messages import Message

RING_MESSAGES: Final = 10_000
"""Messages remembered per topic: an hour of a busy opening. A viewer away for longer asks for a snapshot."""
MAILBOX_MESSAGES: Final = 256
"""Messages waiting for one viewer. At one frame a window of 50 ms this is about 13 s of not reading."""


@dataclass(slots=True)
class _Topic:
    seq: int = 0
    ring: deque[Message] = field(default_factory=lambda: deque(maxlen=RING_MESSAGES))


class Mailbox:
    """What one viewer has not read yet, with the topics that it watches."""

    def __init__(self, topics: frozenset[str], wake: Callable[[], None]) -> None:
        self.topics = topics
        self._wake = wake
        self._waiting: deque[Message] = deque()
        self._lost: set[str] = set()

    def put(self, message: Message) -> None:
        """Keep `message` for the viewer, or mark its topic as lost when the mailbox is full."""
        if len(self._waiting) >= MAILBOX_MESSAGES:
            self._lost |= {waiting.announcement.topic for waiting in self._waiting}
            self._waiting.clear()
        if message.announcement.topic not in self._lost:
            self._waiting.append(message)
        self._wake()

    def lose(self, topic: str) -> None:
        """Say that the viewer must ask for a snapshot of `topic`."""
        self._lost.add(topic)
        self._wake()

    def take(self) -> tuple[list[Message], list[str]]:
        """Everything that waits, in order, and the topics to resynchronise, sorted. Empties the mailbox."""
        messages, lost = list(self._waiting), sorted(self._lost)
        self._waiting.clear()
        self._lost.clear()
        return messages, lost


class Hub:
    """One server's topics and viewers. All calls come from one thread."""

    def __init__(self, epoch: str) -> None:
        self.epoch = epoch
        self._topics: dict[str, _Topic] = {}
        self._mailboxes: set[Mailbox] = set()

    def publish(self, announcements: Iterable[Announcement]) -> None:
        """Number each announcement in its topic and hand it to the topic's viewers."""
        for announcement in announcements:
            topic = self._topics.setdefault(announcement.topic, _Topic())
            topic.seq += 1
            message = Message(seq=topic.seq, epoch=self.epoch, announcement=announcement)
            topic.ring.append(message)
            for mailbox in self._mailboxes:
                if announcement.topic in mailbox.topics:
                    mailbox.put(message)

    def watch(self, mailbox: Mailbox, *, since: Mapping[str, int], epoch: str | None) -> None:
        """Add a viewer and replay what it missed.

        `since` gives the last sequence seen per topic; a topic that it does not name starts with the next message. Another epoch, a
        sequence that the ring no longer reaches or one from the future makes the topic lost: the viewer asks for a snapshot.
        """
        for topic, seen in sorted(since.items()):
            if topic not in mailbox.topics:
                continue
            known = self._topics.get(topic, _Topic())
            oldest = known.ring[0].seq if known.ring else known.seq + 1
            if epoch != self.epoch or seen > known.seq or seen + 1 < oldest:
                mailbox.lose(topic)
                continue
            for message in known.ring:
                if message.seq > seen:
                    mailbox.put(message)
        self._mailboxes.add(mailbox)

    def leave(self, mailbox: Mailbox) -> None:
        """Forget a viewer; forgetting one twice is no error."""
        self._mailboxes.discard(mailbox)

    def heads(self, topics: Iterable[str]) -> dict[str, int]:
        """The last sequence of each topic, 0 for one that was never published."""
        return {topic: self._topics[topic].seq if topic in self._topics else 0 for topic in topics}
