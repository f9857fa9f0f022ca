"""Counting: what the two people of a tour do at a tray, from the first round to the signature.

What they answer comes from the trays as they really lie: a label is scanned if its piece is there, else the piece is absent.
"""

import contextlib
import dataclasses
import datetime as dt
import enum
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from websockets.sync.client import ClientConnection

from simulators.demo.floor import Floor
from simulators.demo.people import PATIENCE_S, DayError, Person, Refused, Table

LEASE_RENEWED_S: Final = 10.0
"""A reader stops listening when its device is silent for 30 s, so the request is repeated in good time."""
SCANNER: Final = "barcode_line"
"""Protocol of the scanner at the counter."""
LEFT_TO_OTHERS: Final = frozenset({"third_person_needed", "not_blind", "not_asked", "wrong_state"})
"""Refusals of a word in a recount: another person says it, or nothing is left to say."""
MEANING: Final = (
    "«\u202fJ'ai compté ou vérifié ces plateaux de mon côté. Ce qui est écrit ici est ce que j'ai constaté.\u202f»"
)
"""The sentence that a tour is signed under, as the app shows it."""
Count = Mapping[str, Any]
"""A count as the server shows it."""


class Lie(enum.StrEnum):
    """How two dishonest people hide a piece that is gone: the negative controls of the demonstration."""

    NONE = "none"
    QUANTITY = "quantity"
    """They key the number that would be right; labels they cannot show."""
    LABEL = "label"
    """They kept its label and scan that: present by hand, in both their names."""


@dataclasses.dataclass(frozen=True, slots=True)
class Hands:
    """What a person finds in a tray, with eyes and scanner."""

    floor: Floor
    lie: Lie = Lie.NONE
    hidden: frozenset[str] = frozenset()
    """Pieces that are gone and that the two people pretend to have."""

    def quantity(self, path: str) -> int:
        """How many pieces they say they see."""
        pretended = 0 if self.lie is Lie.NONE else len(self._hidden_in(path))
        return len(self.floor.pieces_in(path)) + pretended

    def labels(self, path: str) -> list[str]:
        """The codes they can scan there."""
        torn = self._hidden_in(path) if self.lie is Lie.LABEL else []
        return [piece.label for piece in self.floor.pieces_in(path)] + [self.floor.pieces[ref].label for ref in torn]

    def labels_among(self, refs: Iterable[str], path: str) -> list[str]:
        """The codes of those of the pieces that they can scan there."""
        wanted = {self.floor.pieces[ref].label for ref in refs if ref in self.floor.pieces}
        return [code for code in self.labels(path) if code in wanted]

    def word(self, ref: str, path: str) -> dict[str, str]:
        """What they say of one asked piece: its label, or that it is absent."""
        found = self.labels_among([ref], path)
        return {"label": found[0]} if found else {"absent": ref}

    def _hidden_in(self, path: str) -> list[str]:
        return sorted(ref for ref in self.hidden if self.floor.pieces[ref].path == path)


@dataclasses.dataclass(slots=True)
class _Turn:
    """One open round while it is being read."""

    count: Count
    readers: list[str]
    is_stable: bool = False
    is_sealed: bool = False

    def take(self, message: Mapping[str, Any]) -> None:
        """Take up a live message about this round."""
        match message["type"], message["body"]:
            case "round.stage", {"stage": "stable"}:
                self.is_stable = True
            case "round.sealed", _:
                self.is_sealed = True
            case _:
                pass


def count_first(person: Person, counts: Sequence[str], hands: Hands, *, table: Table) -> None:
    """Be A in these counts at once: read their trays together, seal each, look for what stayed silent, and hand it over."""
    opened = [person.post(f"/v1/counts/{count}/round") for count in counts]
    _read_and_seal(person, opened)
    for one in opened:
        _search(person, one, hands)
        table.put(one["id"])


def verify(person: Person, count_id: str, hands: Hands) -> None:
    """Be B in a sealed count: quantity, a blind round when the server wants one, asks, labels; then seal."""
    count: Count = person.insist(f"/v1/counts/{count_id}/verification")
    while count["state"] == "VERIFYING":
        count = _next_step(person, count, hands)


def recount(people: Sequence[Person], count_id: str, hands: Hands) -> None:
    """Settle the lines on which A and B differ: by a third person if the server wants one, else by each of the two."""
    for person in people:
        count = person.get(f"/v1/counts/{count_id}")
        for line in count["recount"]:
            if line["my_word"] is None:
                try:
                    person.post(f"/v1/counts/{count_id}/recount", hands.word(line["reference"], count["path"]))
                except Refused as refusal:
                    if refusal.code not in LEFT_TO_OTHERS:
                        raise


def sign(person: Person, tour: str, *, shown_at: dt.datetime) -> None:
    """Read the list with its exceptions and sign it. `shown_at` is the shop's time."""
    listed = person.get(f"/v1/tours/{tour}/list")
    body = {
        "list_no": listed["list_no"],
        "lines_sha256": listed["lines_sha256"],
        "meaning": MEANING,
        "opened_at": shown_at.astimezone(dt.UTC).isoformat(timespec="milliseconds"),
        "pin": person.pin,
        "read_exceptions": [line["count"] for line in listed["lines"] if line["exceptions"]],
    }
    person.insist(f"/v1/tours/{tour}/signatures", body)


def _next_step(person: Person, count: Count, hands: Hands) -> Count:
    """One thing the verifier does, as the count shows what is due; gives the count after it."""
    path, base = count["path"], f"/v1/counts/{count['id']}"
    unanswered = [ask["reference"] for ask in count["asks"] if ask["answer"] == "unanswered"]
    if count["quantity"] == "needed":
        shown = person.post(f"{base}/quantity", {"pieces": hands.quantity(path)})
    elif count["round_kind"] == "B1":
        _read_and_seal(person, [count])
        # Taken again, since what is drawn may be known only now.
        shown = person.insist(f"{base}/verification")
    elif unanswered:
        shown = person.post(f"{base}/answers", hands.word(unanswered[0], path))
    elif count["labels"] == "needed":
        shown = person.post(f"{base}/labels", {"labels": hands.labels(path)})
    else:
        shown = person.insist(f"{base}/verification/seal")
    after: Count = shown
    return after


def _search(person: Person, count: Count, hands: Hands) -> None:
    """Ask what is silent, scan the labels of what lies there all the same, and end the search."""
    base = f"/v1/counts/{count['id']}"
    search = person.post(f"{base}/search")
    found = hands.labels_among([one["reference"] for one in search["silent"]], count["path"])
    if found:
        _scan(person, search["count"], found, hands=hands)
    person.post(f"{base}/seal", {"labels": found})


def _scan(person: Person, count: Count, codes: Sequence[str], *, hands: Hands) -> None:
    """Pull the scanner's trigger over each label, and wait until the device has heard it."""
    with person.watching([f"round/{count['round']}"]) as socket:
        for reader in _readers(person, count, is_scanner=True):
            person.insist(f"/v1/rounds/{count['round']}/attachments", {"reader": reader})
        for code in codes:
            hands.floor.scan(code)
        heard = set[str]()
        for message in _messages(socket, what="the scanner is heard"):
            if message["type"] == "round.scanned":
                heard.add(message["body"]["text"])
            if heard >= set(codes):
                return


def _read_and_seal(person: Person, counts: Sequence[Count]) -> None:
    """Let the readers of these places listen until nothing new comes, then seal each round."""
    turns = {f"round/{count['round']}": _Turn(count, _readers(person, count, is_scanner=False)) for count in counts}
    with person.watching(turns) as socket:
        _listen(person, turns.values())
        _until(socket, turns, lambda turn: turn.is_stable, what="stable", again=lambda: _listen(person, turns.values()))
        for turn in turns.values():
            sealed = person.post(f"/v1/counts/{turn.count['id']}/seal", {})
            turn.is_sealed = sealed["is_sealed"]
        _until(socket, turns, lambda turn: turn.is_sealed, what="sealed")


def _listen(person: Person, turns: Iterable[_Turn]) -> None:
    for turn in turns:
        for reader in turn.readers:
            person.insist(f"/v1/rounds/{turn.count['round']}/attachments", {"reader": reader})


def _readers(person: Person, count: Count, *, is_scanner: bool) -> list[str]:
    found = person.get(f"/v1/counts/{count['id']}/readers")
    names = [one["name"] for one in found if (one["protocol"] == SCANNER) is is_scanner]
    if not names:
        raise DayError(f"No {'scanner' if is_scanner else 'reader'} is there for {count['path']}. Start its agent.")
    return names


def _until(
    socket: ClientConnection,
    turns: Mapping[str, _Turn],
    is_done: Callable[[_Turn], bool],
    *,
    what: str,
    again: Callable[[], None] | None = None,
) -> None:
    """Take live messages until every turn is done; `again` renews what the readers were asked for."""
    renew_at = time.monotonic() + LEASE_RENEWED_S
    waiting = f"{', '.join(turn.count['path'] for turn in turns.values())} {what}"
    messages = _messages(socket, what=waiting)
    while not all(is_done(turn) for turn in turns.values()):
        message = next(messages)
        if message.get("topic") in turns:
            turns[message["topic"]].take(message)
        if again is not None and time.monotonic() > renew_at:
            again()
            renew_at = time.monotonic() + LEASE_RENEWED_S


def _messages(socket: ClientConnection, *, what: str) -> Iterator[dict[str, Any]]:
    """The live messages; a heartbeat comes at least every 5 s. Raises: DayError: `PATIENCE_S` have passed."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with contextlib.suppress(TimeoutError):
            yield json.loads(socket.recv(timeout=max(0.0, until - time.monotonic())))
    raise DayError(f"After {PATIENCE_S:.0f} s still not: {what}.")
