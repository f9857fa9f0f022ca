"""Scripted demonstration: one whole day played against a running demonstration, and its pack verified by a process of its own."""

from typing import TYPE_CHECKING

from server.core.errors import Malformed

if TYPE_CHECKING:
    from server.cli.demo import RunningDemo


def play_day(running: "RunningDemo", *, story: str, seed: int, as_json: bool) -> int:
    """Play `story`, print the summary and give the exit code. Raises: DomainError."""
    del running, seed, as_json
    raise Malformed(f"The scripted day {story!r} cannot be played yet. Leave --scripted out and try the shop by hand.")
