"""One person cannot sign twice by any route: every route and every job, from many devices, with each set of rights.

The walk asks the application for its routes and jobs, tries each from each session in each state it gets to, and after
every step looks at every count. Without the rule in the core the same walk finds a way, and then the database refuses.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.api.app import create_app
from server.clock import FixedClock
from server.core.count_sheet import Count
from server.core.count_states import CountState
from server.feed.bridge import FeedBridge
from server.feed.hub import Hub
from server.signer.client import SignerClient
from server.signer.spawn import spawned_signer
from server.store import counts
from server.store.signatures import SecondSignature
from server.store.unit_of_work import Store
from server.usecases.open_shop import open_shop
from tests.server.api.one_person import (
    JOBS,
    LEADS_ON,
    WAITING,
    OnePerson,
    Site,
    Step,
    broken_rules,
    person_alone,
    signed_wrongly,
)
from tests.server.api.one_person_calls import ROUTES
from tests.server.unguarded import let_anybody_sign, take_out_the_rule
from tests.server.usecases.count_shop import CountShop

EVERYTHING = "count manage own read"
RIGHTS = {"count": 200, "count manage": 120, "manage": 100, "own": 100, "read": 100, EVERYTHING: 160}
"""Least steps of each walk."""
SEED = 5
S = CountState

SOLO = {"POST /v1/counts/{count_id}/solo", "POST /v1/counts/{count_id}/solo/reveal"}
RADIO = {"POST /v1/rounds/{round_id}/attachments", "WS /v1/agent/stream"}
ASTRAY = ROUTES.keys() - ({name for names in LEADS_ON.values() for name in names} - SOLO - RADIO)
"""Calls that do not lead to two signatures, and may lead to where none can be made: a reader hears the other tray too."""
SIGN = "POST /v1/tours/{tour_id}/signatures"


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignerClient]:
    with spawned_signer(tmp_path_factory.mktemp("signer")) as started:
        yield started


@contextmanager
def opened_site(folder: Path, signer: SignerClient) -> Iterator[Site]:
    hub = Hub("epoch")
    bridge = FeedBridge(hub)
    clock = FixedClock(datetime(2026, 3, 2, 8, 35, tzinfo=UTC))
    with Store(folder / "baguier.sqlite3", clock=clock, listener=bridge) as store:
        store.run(lambda unit: open_shop(unit, name="Maison Claire", zone="Europe/Paris", currency="EUR"))
        yield Site(create_app(store, hub, bridge, signer=signer), CountShop(store, clock), signer)


@pytest.fixture
def site(tmp_path: Path, signer: SignerClient) -> Iterator[Site]:
    with opened_site(tmp_path, signer) as opened:
        yield opened


def routes_of(app: FastAPI) -> set[str]:
    """Everything of ours that can be called, as `METHOD path`; health and the texts of the screens change nothing."""
    found = set()
    for route in iter_route_contexts(app.routes):
        path = route.path or ""
        if isinstance(route.original_route, APIRoute):
            found |= {
                f"{method} {path}" for method in route.methods or () if path.startswith("/v1/") or method != "GET"
            }
        if isinstance(route.original_route, APIWebSocketRoute):
            found.add(f"WS {path}")
    return found


def jobs_of(app: FastAPI) -> set[str]:
    """What the application runs by itself while it lives."""

    async def started() -> set[str]:
        before = asyncio.all_tasks()
        async with app.router.lifespan_context(app):
            running = asyncio.all_tasks() - before
            return {f"job {task.get_coro().__name__}" for task in running}  # type: ignore[union-attr]

    return asyncio.run(started())


def walked(
    site: Site,
    rights: str,
    *,
    steps: int,
    script: Sequence[Step] = (),
    rules: Callable[[Count], list[str]] = broken_rules,
    is_enough: Callable[[OnePerson], bool] = lambda _alone: True,
    leaving_out: Collection[str] = (),
) -> tuple[OnePerson, list[str]]:
    """One walk of the person with these rights; and the rule it broke with the way there, empty if none."""

    async def walk() -> tuple[OnePerson, list[str]]:
        transport = httpx.ASGITransport(app=site.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            known = {name: call for name, call in ROUTES.items() if name in routes_of(site.app) - set(leaving_out)}
            sessions = person_alone(site, rights)
            alone = OnePerson(
                site,
                client,
                Random(SEED),
                known | JOBS | ({} if leaving_out else WAITING),
                sessions,
                script=list(script),
                is_thorough=bool(leaving_out),
            )
            return alone, await alone.walk(steps, rules=rules, is_enough=is_enough)

    return asyncio.run(walk())


def test_every_route_and_job_is_walked(site: Site) -> None:
    unknown = (routes_of(site.app) | jobs_of(site.app)) - ROUTES.keys() - JOBS.keys()

    assert not unknown, (
        f"Say how one person would call {sorted(unknown)}: in one_person_calls.ROUTES or one_person.JOBS."
    )


def has_gone_far(alone: OnePerson) -> bool:
    """A count was closed as single, or one that a colleague began was signed from the other side."""
    return bool(alone.visits.keys() & {S.CLOSED, S.SIGNED_ONE})


@pytest.mark.slow
@pytest.mark.parametrize(("rights", "steps"), RIGHTS.items())
def test_one_person_never_stands_on_both_sides_by_any_route(site: Site, rights: str, steps: int) -> None:
    may_count = "count" in rights

    alone, broken = walked(site, rights, steps=steps, is_enough=has_gone_far if may_count else lambda _alone: True)

    assert broken == []
    assert alone.known == alone.calls.keys()
    assert has_gone_far(alone) == may_count
    assert site.store.read(lambda conn: counts.check(conn, site.store.shop_id)) >= 2


@pytest.mark.slow
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(script=st.lists(st.tuples(st.booleans(), st.integers(0, 99), st.integers(0, 9)), min_size=20, max_size=50))
def test_no_order_of_calls_puts_one_person_on_both_sides(script: list[Step], signer: SignerClient) -> None:
    with TemporaryDirectory() as folder, opened_site(Path(folder), signer) as site:
        _, broken = walked(site, EVERYTHING, steps=len(script), script=script)

    assert broken == []


@pytest.fixture
def without_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    take_out_the_rule(monkeypatch)


@pytest.mark.slow
@pytest.mark.usefixtures("without_rule")
def test_without_the_rule_the_same_walk_finds_a_way(site: Site) -> None:
    _, broken = walked(site, "count", steps=100, is_enough=lambda _alone: False)

    assert any("one person in two roles" in rule or "one device in two roles" in rule for rule in broken), broken


@pytest.mark.slow
@pytest.mark.usefixtures("without_rule")
def test_without_the_rule_the_database_refuses_the_second_signature(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_anybody_sign(monkeypatch)

    def is_refused(alone: OnePerson) -> bool:
        return alone.answers[SIGN, SecondSignature.code] > 0

    alone, broken = walked(site, "count", steps=100, rules=signed_wrongly, is_enough=is_refused, leaving_out=ASTRAY)

    assert broken == []
    assert alone.answers[SIGN, "done"] > 0
    assert is_refused(alone), "Nothing got as far as the database."
