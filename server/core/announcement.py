"""Announcement: something that was stored and that somebody may be watching for. The store makes it, the feed numbers it."""

from collections.abc import Mapping
from dataclasses import dataclass

from server.core.log.canonical import JsonValue


@dataclass(frozen=True, slots=True)
class Announcement:
    """One thing that viewers of a topic may know, now that it is stored."""

    topic: str
    """`board`, `readers`, `tour` or `round/<id>`."""
    type: str
    """What happened, such as `case.opened`."""
    body: Mapping[str, JsonValue]
    """Plain JSON values. Never anything that the topic's viewers may not see."""
    at_ms: int
    """When its unit began, in milliseconds since 1970."""
