"""Day: one scripted day of the demonstration's shop, played against the running server through HTTP and live sockets only.

Opening at 08:35, two people count and sign; a sale, a showing, and what the story lets go wrong; closing at 19:30, counted and
signed again, with the manager's decisions in between. The truth is written first; one JSON line at the end tells the figures.
"""

import argparse
import dataclasses
import datetime as dt
import json
import pathlib
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Final

import httpx
from websockets.exceptions import WebSocketException

from simulators.demo.counting import Hands, Lie, count_first, recount, sign, verify
from simulators.demo.floor import Floor, FloorError
from simulators.demo.people import DayError, Device, Person, Table
from simulators.demo.stories import Plot, Story, plot_of, truth_of

SALE, SHOWING, BACK, MISHAP, CLOSING = (
    dt.time(11, 12),
    dt.time(14, 5),
    dt.time(14, 40),
    dt.time(16, 20),
    dt.time(19, 30),
)
"""When things happen, shop time."""
TRAYS_AT_ONCE: Final = 4
"""A reader has four antennas: its trays are read together."""


class Team:
    """The people of the shop: two who count, one who settles a recount, one who decides."""

    def __init__(self, floor: Floor, opened: ExitStack) -> None:
        self.floor = floor
        server = str(floor.document["server"])
        devices = {name: Device.paired(server, link) for name, link in floor.document["links"].items()}
        pins = {one["name"]: str(one["pin"]) for one in floor.document["people"]}
        self.claire, self.marc, self.ines, self.lea = (
            opened.enter_context(Person(devices[device], name=name, pin=pins[name]))
            for device, name in (
                ("claire", "Claire Aubert"),
                ("marc", "Marc Delaunay"),
                ("bureau", "Inès Ben Salah"),
                ("bureau", "Léa Roche"),
            )
        )

    @property
    def counters(self) -> tuple[Person, Person]:
        """The two who count, verify and sign."""
        return self.claire, self.marc


@dataclasses.dataclass(frozen=True, slots=True)
class Held:
    """A tour that was held and closed."""

    shop_day: str
    cases: Sequence[Mapping[str, Any]]
    """As the server showed them before anybody decided."""
    figures: Mapping[str, Any]
    """`{expected, found, discrepancies, signed_by}`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Play one day; exit code 0 played, 1 it stopped on the way, 2 bad usage."""
    parser = argparse.ArgumentParser(
        prog="baguier-simulate day", description="Play a scripted day of the demonstration."
    )
    parser.add_argument("--floor", type=pathlib.Path, required=True, help="floor.json of a running `baguier demo`")
    parser.add_argument("--story", type=Story, choices=list(Story), default=Story.THEFT, help="what goes wrong")
    parser.add_argument("--seed", type=int, default=1, help="the same seed plays the same day")
    parser.add_argument("--truth", type=pathlib.Path, required=True, help="where the truth is written, before the day")
    parser.add_argument(
        "--lie", type=Lie, choices=list(Lie), default=Lie.NONE, help="how the two hide a theft; a control"
    )
    given = parser.parse_args(arguments)
    try:
        floor = Floor(given.floor)
        homes = {ref: piece.path for ref, piece in floor.pieces.items()}
        plot = plot_of(homes, given.story, seed=given.seed, first_half=halves(floor.trays)[0])
        truth = truth_of(plot, homes)
        given.truth.write_text(json.dumps(truth, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        print(json.dumps(play(floor, plot, lie=given.lie), ensure_ascii=False))
    except (DayError, FloorError, OSError, httpx.HTTPError, WebSocketException) as error:
        print(f"The day stopped: {error}", file=sys.stderr)
        return 1
    return 0


def halves(trays: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The trays of which each of the two makes the first count: the showcases one each, the safe shared."""
    groups: dict[str, list[str]] = {}
    for path in trays:
        groups.setdefault(path.rpartition("/")[0], []).append(path)
    *shared, one, other = sorted(groups.values())
    for group in shared:
        middle = len(group) // 2
        one, other = [*one, *group[:middle]], [*other, *group[middle:]]
    return tuple(one), tuple(other)


def play(floor: Floor, plot: Plot, *, lie: Lie = Lie.NONE) -> dict[str, Any]:
    """The whole day; gives its figures. Raises: DayError: the server says or does what the story does not allow."""
    hands = Hands(floor, lie=lie, hidden=frozenset(plot.stolen))
    with ExitStack() as opened:
        team = Team(floor, opened)
        opening = hold_tour(team, hands)
        live_day(team, plot)
        closing = hold_tour(team, hands)
    cases = {case["subject"]: case for case in closing.cases}
    thefts = [{"piece": ref, "class": _class_of(cases.get(ref))} for ref in plot.stolen]
    return {
        "shop_day": closing.shop_day,
        "pieces": len(floor.pieces),
        "places": len(floor.trays),
        "opening": opening.figures,
        "closing": closing.figures,
        "stolen": thefts[0] if thefts else None,
        "thefts": thefts,
        "sold": plot.sold,
        "shown": plot.shown,
    }


def hold_tour(team: Team, hands: Hands) -> Held:
    """One tour from the first tray to the closed counts."""
    together(*(person.sign_in for person in team.counters))
    with team.claire.following_tour() as tour, team.marc.following_tour():
        path_of = {one["id"]: one["path"] for one in tour["counts"]}
        first, second = (_ids(path_of, half) for half in halves(sorted(path_of.values())))
        one, other = Table(), Table()
        together(
            lambda: count_and_verify(team.claire, hands, firsts=first, mine=one, others=second, theirs=other),
            lambda: count_and_verify(team.marc, hands, firsts=second, mine=other, others=first, theirs=one),
        )
        settle(team, list(path_of), hands)
        # The desk is one device: whoever signs in there ends the session before.
        team.lea.sign_in()
        cases = [case for case in team.lea.get("/v1/cases") if case["count"] in path_of]
        decide_cases(team.lea, cases, hands.floor)
        for person in team.counters:
            sign(person, tour["id"], shown_at=hands.floor.now())
        team.claire.news.wait(
            lambda states: all(state == "CLOSED" for state in states.values()), what="every count is closed"
        )
    return Held(tour["shop_day"], cases, _figures(team, path_of, n_cases=len(cases)))


def count_and_verify(
    person: Person, hands: Hands, *, firsts: Sequence[str], mine: Table, others: Sequence[str], theirs: Table
) -> None:
    """One person's tour: first counts of the own half, then the other half verified, as the colleague puts it down."""
    for start in range(0, len(firsts), TRAYS_AT_ONCE):
        count_first(person, firsts[start : start + TRAYS_AT_ONCE], hands, table=mine)
    for _ in others:
        verify(person, theirs.take(), hands)


def settle(team: Team, counts: Sequence[str], hands: Hands) -> None:
    """Recount the lines on which two people differ: a third person comes to the desk if there are any."""
    differing = [count for count in counts if team.claire.get(f"/v1/counts/{count}")["recount"]]
    if differing:
        team.ines.sign_in()
    for count in differing:
        recount([team.ines, *team.counters], count, hands)


def live_day(team: Team, plot: Plot) -> None:
    """From opening to closing: a sale, a showing, and what the story lets go wrong."""
    floor = team.floor
    _at(floor, SALE)
    _move(team.lea, plot.sold, "sale", ticket="T-0001")
    floor.steal(plot.sold)
    _at(floor, SHOWING)
    home = floor.pieces[plot.shown].path
    _move(team.lea, plot.shown, "out", ticket="P-0001")
    floor.steal(plot.shown)
    _at(floor, BACK)
    floor.lay(plot.shown, home)
    _move(team.lea, plot.shown, "back", ticket="P-0001")
    _at(floor, MISHAP)
    for ref in plot.stolen:
        floor.steal(ref)
    if plot.dead is not None:
        floor.kill_tag(plot.dead)
    if plot.misplaced is not None:
        floor.lay(plot.misplaced.ref, plot.misplaced.heard_in)
    floor.write()
    _at(floor, CLOSING)


def decide_cases(lea: Person, cases: Sequence[Mapping[str, Any]], floor: Floor) -> None:
    """The manager looks for each piece: what lies in another tray is carried home, what is nowhere is investigated."""
    for case in cases:
        base, ref = f"/v1/cases/{case['id']}", case["subject"]
        where = floor.lies_in(ref) if ref in floor.pieces else None
        if where is None:
            lea.post(f"{base}/investigation")
        else:
            is_home = where == floor.pieces[ref].path
            found = (
                {"outcome": "found_here", "label": floor.pieces[ref].label}
                if is_home
                else {"outcome": "found_elsewhere"}
            )
            lea.post(f"{base}/decision", {"is_sighted": True, **found})
            floor.lay(ref, floor.pieces[ref].path)
    floor.write()


def together(*acts: Callable[[], None]) -> None:
    """Do all at once and wait for all. Raises: DayError and the like: the first that failed."""
    failed: list[BaseException] = []

    def guarded(act: Callable[[], None]) -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001 — carried to the thread that waits.
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(act,), daemon=True) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def _ids(path_of: Mapping[str, str], paths: Sequence[str]) -> list[str]:
    by_path = {path: count for count, path in path_of.items()}
    return [by_path[path] for path in paths]


def _at(floor: Floor, moment: dt.time) -> None:
    floor.write()
    floor.set_clock(dt.datetime.combine(floor.now().date(), moment, floor.zone))


def _move(lea: Person, ref: str, kind: str, *, ticket: str) -> None:
    lea.post("/v1/moves", {"piece": ref, "kind": kind, "ticket": ticket})


def _class_of(case: Mapping[str, Any] | None) -> str | None:
    return None if case is None else str(case["discrepancy"])


def _figures(team: Team, path_of: Mapping[str, str], *, n_cases: int) -> dict[str, Any]:
    """What a closed tour found, from the server's own figures."""
    shown = [team.lea.get(f"/v1/counts/{count}/figures") for count in path_of]
    return {
        "expected": sum(len(one["expected"]) for one in shown),
        "found": sum(len(set(one["present"]) & set(one["expected"])) for one in shown),
        "discrepancies": n_cases,
        "signed_by": [person.name for person in team.counters],
    }


if __name__ == "__main__":
    sys.exit(main())
