"""One person who holds everything but a colleague: devices, sessions, the agent's token and the till's, and walks by chance.

The person alone has counted nothing yet in one tray; in the other a colleague counted and went home, and left the handheld.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any, Final

import httpx
from argon2 import PasswordHasher
from sqlalchemy import select

from server.api.jobs import record_ended, sign_and_close
from server.core.count_sheet import Count, Mode
from server.core.count_states import ENDED_STATES, CountState
from server.core.errors import DomainError
from server.core.ids import DeviceId, PersonId
from server.signer.client import SignerClient
from server.store import counts
from server.store.credentials import secret_sha256
from server.store.tables import Count as CountTable
from server.store.tables import Device, Person, SessionRow, table
from server.store.unit_of_work import Store, UnitOfWork
from server.usecases.attach_reader import end_lapsed
from server.usecases.close_counts_overdue import end_overdue
from tests.server.usecases.count_shop import CLAIRE_ELSEWHERE, RINGS, TWO, CountShop

SOLANGE: Final = PersonId("solange")
PIN: Final = "314159"
LEFT_BEHIND: Final = CLAIRE_ELSEWHERE.device
"""The handheld the colleague counted with."""
DEVICES: Final = (DeviceId("handheld-1"), DeviceId("handheld-1"), DeviceId("handheld-2"), LEFT_BEHIND)
"""One entry a session: two of them are open on one device."""
TILL: Final = DeviceId("till")
GREEN: Final = (CountState.SIGNED_OFF, CountState.SIGNED_OFF_WITH_EXCEPTIONS)

S = CountState
LEADS_ON: Final[dict[CountState, tuple[str, ...]]] = {
    S.PLANNED: ("POST /v1/counts/{count_id}/round",),
    S.COUNTING: ("POST /v1/counts/{count_id}/seal", "POST /v1/rounds/{round_id}/attachments", "WS /v1/agent/stream"),
    S.SEALED_A: (
        "job keep_signed",
        "POST /v1/counts/{count_id}/verification",
        "POST /v1/counts/{count_id}/solo",
        "POST /v1/counts/{count_id}/quantity",
        "POST /v1/counts/{count_id}/answers",
        "POST /v1/counts/{count_id}/solo/reveal",
        "wait until a search is over",
    ),
    S.VERIFYING: (
        "POST /v1/counts/{count_id}/quantity",
        "POST /v1/counts/{count_id}/answers",
        "POST /v1/counts/{count_id}/seal",
        "POST /v1/rounds/{round_id}/attachments",
        "WS /v1/agent/stream",
        "POST /v1/counts/{count_id}/labels",
        "POST /v1/counts/{count_id}/verification/seal",
        "job keep_signed",
    ),
    S.REVEALED: ("POST /v1/counts/{count_id}/recount", "POST /v1/tours/{tour_id}/signatures"),
    S.RECOUNTING: ("POST /v1/counts/{count_id}/recount",),
    S.RESOLVING: ("POST /v1/tours/{tour_id}/signatures", "POST /v1/cases/{case_id}/decision"),
    S.RESULT_FIXED: ("POST /v1/tours/{tour_id}/signatures",),
    S.SIGNED_ONE: ("POST /v1/tours/{tour_id}/signatures",),
    S.SIGNED_OFF_SINGLE: ("job keep_signed", "GET /v1/tours/{tour_id}"),
}
"""Calls that may lead on from a state: half of all steps, so that a walk gets far in few of them."""


@dataclass
class Session:
    """The person signed in on a device."""

    device: DeviceId
    secret: str
    token: str


@dataclass
class Site:
    """A running application, the shop behind it and its signer."""

    app: Any
    shop: CountShop
    signer: SignerClient

    @property
    def store(self) -> Store:
        return self.shop.store


Call = Callable[["OnePerson", Session], Awaitable[object]]
"""One request as the person makes it; what comes back is a status, or nothing."""


async def _job_keep_signed(one: "OnePerson", _session: Session) -> None:
    site = one.site
    with suppress(DomainError):
        one.signed = await asyncio.to_thread(sign_and_close, site.store, site.signer, signed=one.signed)


async def _job_keep_plans(one: "OnePerson", _session: Session) -> None:
    await asyncio.to_thread(one.site.store.run, end_overdue)


async def _job_keep_leases(one: "OnePerson", _session: Session) -> None:
    await asyncio.to_thread(one.site.store.run, end_lapsed)


async def _job_keep_recorded(one: "OnePerson", _session: Session) -> None:
    one.recorded = await asyncio.to_thread(record_ended, one.site.store, one.site.signer, looked_at=one.recorded)


JOBS: Final[dict[str, Call]] = {
    "job keep_signed": _job_keep_signed,
    "job keep_recorded": _job_keep_recorded,
    "job keep_plans": _job_keep_plans,
    "job keep_leases": _job_keep_leases,
}
"""What the server does by itself, one turn of it."""


def _wait(span: timedelta) -> Call:
    async def made(one: "OnePerson", _session: Session) -> None:
        one.site.shop.clock.advance(span)

    return made


WAITING: Final[dict[str, Call]] = {
    "wait until a search is over": _wait(timedelta(minutes=1)),
    "wait until a lease is over": _wait(timedelta(minutes=11)),
}


Step = tuple[bool, int, int]
"""Whether to choose among what leads on, which call of those, and which session: numbers wrap round."""


@dataclass
class OnePerson:
    """The walk: at each step one call from one session, least tried first, and after it nothing may be broken."""

    site: Site
    client: httpx.AsyncClient
    chance: Random
    calls: dict[str, Call]
    sessions: list[Session]
    script: list[Step] = field(default_factory=list)
    """Steps that somebody else has chosen; when they are used up, the walk chooses by itself."""
    is_thorough: bool = False
    """Whether the person shows every piece each time: what differs would wait for a third person, and nobody could sign."""
    signed: int = 0
    recorded: int = 0
    pairings: int = 0
    secrets: dict[str, str] = field(default_factory=dict)
    """Of the devices that the person paired."""
    dseq: Counter[str] = field(default_factory=Counter)
    known: set[str] = field(default_factory=set)
    """Calls that were made at least once."""
    called: Counter[tuple[CountState, str]] = field(default_factory=Counter)
    tried: Counter[tuple[CountState, str, int]] = field(default_factory=Counter)
    moved: dict[CountState, list[tuple[str, Session]]] = field(default_factory=dict)
    """What changed a count when it was last tried, by state."""
    visits: Counter[CountState] = field(default_factory=Counter)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Of each call: how often it was done, or refused with which code."""
    target: Count = field(init=False)

    async def walk(
        self, steps: int, *, rules: Callable[[Count], list[str]], is_enough: Callable[["OnePerson"], bool]
    ) -> list[str]:
        """Take so many steps, and up to four times as many until `is_enough`: chance alone must not fail a test.

        The first broken rule ends the walk, and is given with the way to it.
        """
        way: list[str] = []
        found = self.sheets()
        for number in range(4 * steps):
            if number >= steps and is_enough(self):
                break
            self.target = self._choose_count(found)
            name, session = self._choose_call()
            await self.calls[name](self, session)
            way.append(f"{name} from {session.device}")
            before, found = found, self.sheets()
            self._learn(name, session, has_moved=found != before)
            self.visits.update({count.state for count in found})
            if broken := [rule for count in found for rule in rules(count)]:
                return [*broken, *way]
        return []

    def _learn(self, name: str, session: Session, *, has_moved: bool) -> None:
        """What changed something is tried again from the same state, until it changes nothing any more."""
        moved = self.moved.setdefault(self.target.state, [])
        if (name, session) in moved:
            moved.remove((name, session))
        if has_moved:
            moved.append((name, session))

    def sheets(self) -> list[Count]:
        """Every count of the shop."""
        ids, store = table(CountTable).c, self.site.store
        ordered = select(ids.id).order_by(ids.shop_day, ids.place_id, ids.n)
        return store.read(
            lambda conn: [counts.load(conn, store.shop_id, one) for one in conn.execute(ordered).scalars().all()]
        )

    def _choose_count(self, found: list[Count]) -> Count:
        """Mostly one that can still change, and rather one in a state that is new."""
        open_ones = [count for count in found if count.state not in ENDED_STATES]
        if not open_ones or self.chance.random() < 0.2:
            return self.chance.choice(found)
        return min(open_ones, key=lambda count: self.visits[count.state])

    def _choose_call(self) -> tuple[str, Session]:
        state = self.target.state
        on = [name for name in LEADS_ON.get(state, ()) if name in self.calls]
        if self.script:
            is_guided, call, index = self.script.pop()
            names = on if on and is_guided else list(self.calls)
            return names[call % len(names)], self.sessions[index % len(self.sessions)]
        new = self.calls.keys() - self.known
        if not new and self.moved.get(state) and self.chance.random() < 0.3:
            return self.chance.choice(self.moved[state])
        names = on if on and self.chance.random() < 0.6 else sorted(new) or list(self.calls)
        options = [(name, index) for name in names for index in self._choose_sessions()]
        self.chance.shuffle(options)
        name, index = min(options, key=lambda one: (self.called[state, one[0]], self.tried[state, *one]))
        self.called[state, name] += 1
        self.known.add(name)
        self.tried[state, name, index] += 1
        return name, self.sessions[index]

    def _choose_sessions(self) -> list[int]:
        """Those on the device that holds the step now, or all."""
        holder = self.target.b or self.target.a
        held = [index for index, one in enumerate(self.sessions) if holder is not None and one.device == holder.device]
        return held if held and self.chance.random() < 0.5 else list(range(len(self.sessions)))

    async def ask(self, call: str, token: str, *, body: object = None, **named: str) -> httpx.Response:
        """Make a call of the table, the names of its path filled in, with a bearer token."""
        method, _, path = call.partition(" ")
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"key-{self.chance.random()}"}
        reply = await self.client.request(method, path.format(**named), headers=headers, json=body)
        self.answers[call, "done" if reply.is_success else str(reply.json()["code"])] += 1
        return reply


def broken_rules(count: Count) -> list[str]:
    """What may never be of a count at which one person is alone, as sentences; empty: all is well."""
    found = signed_wrongly(count)
    holders = [holder for holder in (count.a, count.b, count.c) if holder is not None]
    if len({holder.person for holder in holders}) < len(holders):
        found.append(f"{count.plan.place}: one person in two roles, in {count.state}")
    if len({holder.device for holder in holders}) < len(holders):
        found.append(f"{count.plan.place}: one device in two roles, in {count.state}")
    if count.state is S.VOIDED:
        found.append(f"{count.plan.place}: set aside by one person")
    return found


def signed_wrongly(count: Count) -> list[str]:
    """The part of `broken_rules` that the database keeps by itself: one signature, and done alone only as single."""
    found, place = [], count.plan.place
    if len(count.signatures) > 1:
        found.append(f"{place}: signed twice by one person")
    if count.state in GREEN or count.signed_off_as in GREEN:
        found.append(f"{place}: signed off by one person")
    is_single = count.signed_off_as is S.SIGNED_OFF_SINGLE
    is_said = count.mode is Mode.SOLO and count.reason is not None and "solo" in count.mode_reasons
    if is_single and not is_said:
        found.append(f"{place}: signed as single, but nobody said why they are alone")
    if count.state is S.CLOSED and not is_single:
        found.append(f"{place}: closed, and not as single")
    return found


def person_alone(site: Site, rights: str) -> list[Session]:
    """Enrol the person with these rights, open the sessions, and let the colleague count and go."""
    store = site.store
    hashed = _cheap_pin(site)

    def enrol(work: UnitOfWork) -> None:
        shop_id, now = work.shop_id, work.now
        work.session.add(
            Person(
                shop_id=shop_id,
                id=SOLANGE,
                name="Solange",
                rights=rights,
                pin_hash=hashed,
                pin_set_at=now,
                enrolled_at=now,
            )
        )
        work.session.add(
            Device(
                shop_id=shop_id,
                id=TILL,
                name=TILL,
                kind="integration",
                secret_sha256=secret_sha256(TILL),
                paired_at=now,
            )
        )

    store.run(enrol)
    site.shop.plan()
    site.shop.count_first(TWO, RINGS[TWO], by=CLAIRE_ELSEWHERE)
    return open_sessions(store, DEVICES)


def open_sessions(store: Store, devices: Iterable[DeviceId]) -> list[Session]:
    """A session of the person on each device, beside those that are open there."""
    opened = [Session(device, device, f"solange-{store.new_id()}") for device in devices]

    def add(work: UnitOfWork) -> None:
        for session in opened:
            work.session.add(
                SessionRow(
                    shop_id=work.shop_id,
                    id=work.new_id(),
                    token_sha256=secret_sha256(session.token),
                    person_id=SOLANGE,
                    device_id=session.device,
                    opened_at=work.now,
                    expires_at=work.now + timedelta(days=400),
                )
            )

    store.run(add)
    return opened


def _cheap_pin(site: Site) -> str:
    """As `hash_pin` makes it, with the least memory: the walk signs often, and how slow a PIN is has its own test."""
    mac = site.signer.pin_mac(f"{site.store.shop_id} {SOLANGE} {PIN}")
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(mac)


def digest(text: str) -> str:
    """A digest as a photo has one."""
    return hashlib.sha256(text.encode()).hexdigest()
