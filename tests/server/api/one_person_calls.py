"""How to call every route of the application, as one person would who means to get round the second: one line a route.

A route that is missing here fails `test_every_route_and_job_is_walked`. Write what a clever person would send, with
ids of counts, rounds and cases that exist, from the session that is given.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

import httpx
from sqlalchemy import select

from reader_drivers.reads import (
    Batch,
    Drained,
    Hello,
    Listening,
    Message,
    PassRow,
    ReaderEntry,
    ReadRow,
    encode_message,
)
from server.clock import to_ms
from server.core.actors import Actor
from server.core.ids import PlaceId
from server.core.log.events import format_time
from server.core.signing_words import MEANINGS
from server.core.verification import open_asks
from server.store import reads
from server.store.tables import Attachment, CaseRow, table
from server.usecases.pair_device import offer_pairing
from tests.server.api.one_person import PIN, SOLANGE, TILL, Call, OnePerson, Session, digest, open_sessions
from tests.server.usecases.count_shop import AGENT, PAD, RINGS, epc, label, ref

WHY: Final = "Je suis seule au magasin."
PAIRINGS_MAX: Final = 2
"""Devices that the person pairs beside those they have."""


def numbers_of(one: OnePerson) -> list[int]:
    """What the person shows in the target's place: mostly everything, at times one piece is missing."""
    all_of = list(RINGS[PlaceId(one.target.plan.place)])
    return all_of if one.is_thorough or one.chance.random() < 0.7 else all_of[1:]


def of_count(call: str, body: Callable[[OnePerson], object] = lambda _one: None) -> Call:
    """A call on the target count."""

    async def made(one: OnePerson, session: Session) -> httpx.Response:
        return await one.ask(call, session.token, body=body(one), count_id=one.target.plan.count)

    return made


def plain(call: str) -> Call:
    """A call that names nothing."""

    async def made(one: OnePerson, session: Session) -> httpx.Response:
        return await one.ask(call, session.token)

    return made


def as_device(call: str) -> Call:
    """A call with the device's own secret."""

    async def made(one: OnePerson, session: Session) -> httpx.Response:
        return await one.ask(call, one.secrets.get(session.device, session.secret))

    return made


def of_tour(call: str) -> Call:
    """A call on the tour of the day."""

    async def made(one: OnePerson, session: Session) -> httpx.Response:
        return await one.ask(call, session.token, tour_id=one.site.shop.tour)

    return made


def of_round(call: str, body: object = None) -> Call:
    """A call on one of the target's rounds, whoever it belongs to."""

    async def made(one: OnePerson, session: Session) -> httpx.Response:
        rounds = [found for found in (one.target.round_a, one.target.round_b) if found is not None]
        return await one.ask(call, session.token, body=body, round_id=one.chance.choice(rounds or ["none"]))

    return made


def of_case(call: str, body: Callable[[OnePerson], object] = lambda _one: None) -> Call:
    """A call on one of the cases."""

    async def made(one: OnePerson, session: Session) -> httpx.Response:
        rows = one.site.store.read(lambda conn: conn.execute(select(table(CaseRow).c.id)).scalars().all())
        return await one.ask(call, session.token, body=body(one), case_id=one.chance.choice([*rows] or ["none"]))

    return made


def sealed(one: OnePerson) -> object:
    labels = {"labels": [label(number) for number in numbers_of(one)]}
    return labels if one.chance.random() < 0.8 else labels | {"accept_gap": WHY}


def word(one: OnePerson) -> object:
    """On a piece that is asked, if one is; mostly that it is here."""
    asked = open_asks(one.target) if one.target.a1 is not None else ()
    piece = one.chance.choice(asked or [ref(number) for number in RINGS[PlaceId(one.target.plan.place)]])
    is_here = one.is_thorough or one.chance.random() < 0.8
    return {"label": f"{piece}.K3Q7Z"} if is_here else {"absent": piece}


def decision(one: OnePerson) -> object:
    outcome = one.chance.choice(["found_here", "under_investigation", "declared_lost", "sold_not_posted"])
    scanned = {"label": label(one.chance.choice(numbers_of(one)))} if outcome == "found_here" else {}
    return {"outcome": outcome, "is_sighted": True, "document": "ticket 12", "reason": WHY, **scanned}


async def sign(one: OnePerson, session: Session) -> httpx.Response:
    """Read the list as a screen shows it, then sign it whole."""
    tour = one.site.shop.tour
    listed = await one.ask("GET /v1/tours/{tour_id}/list", session.token, tour_id=tour)
    lines = listed.json().get("lines", []) if listed.is_success else []
    body = {
        "list_no": listed.json().get("list_no", 1),
        "lines_sha256": listed.json().get("lines_sha256", "0" * 64),
        "meaning": MEANINGS["fr"],
        "opened_at": format_time(one.site.store.clock.now()),
        "pin": PIN,
        "read_exceptions": [line["count"] for line in lines],
        "photos": [{"count": line["count"], "sha256": digest(line["count"])} for line in lines],
    }
    return await one.ask("POST /v1/tours/{tour_id}/signatures", session.token, body=body, tour_id=tour)


async def move(one: OnePerson, session: Session) -> httpx.Response:
    """As a person, or as the till, which may tell of sales."""
    token = one.chance.choice([session.token, TILL])
    number = one.chance.choice(numbers_of(one))
    kind = one.chance.choice([{"kind": "out"}, {"kind": "back", "place": one.target.plan.place}])
    return await one.ask("POST /v1/moves", token, body={"piece": ref(number), **kind})


async def pair(one: OnePerson, session: Session) -> httpx.Response:
    """Pair one more device and sign in on it; after a few, try an old link again."""
    store = one.site.store
    token = f"one-time-link-of-hers-{min(one.pairings, PAIRINGS_MAX)}"
    if one.pairings < PAIRINGS_MAX:
        name = f"handheld-of-her-own-{one.pairings}"
        await asyncio.to_thread(store.run, lambda work: offer_pairing(work, name=name, kind="handheld", token=token))
        one.pairings += 1
    claimed = await one.ask("POST /v1/device-pairings/claim", session.token, body={"token": token})
    if claimed.is_success:
        said = claimed.json()
        one.secrets[said["device_id"]] = said["device_secret"]
        one.sessions.extend(open_sessions(store, [said["device_id"]]))
    return claimed


async def sign_in(one: OnePerson, session: Session) -> httpx.Response:
    """Sign in once more on a device; whoever was signed in there is signed out, and the person opens theirs again."""
    secret = one.secrets.get(session.device, session.secret)
    reply = await one.ask("POST /v1/sessions", secret, body={"person": SOLANGE, "pin": PIN})
    if reply.is_success:
        _come_back(one, session.device, token=reply.json()["token"])
    return reply


async def sign_out(one: OnePerson, session: Session) -> httpx.Response:
    """Sign out, and in again."""
    reply = await one.ask("DELETE /v1/sessions/current", session.token)
    _come_back(one, session.device)
    return reply


def _come_back(one: OnePerson, device: str, *, token: str | None = None) -> None:
    """A new session for each that was open on the device; the first has the token that the server gave, if it gave one."""
    mine = [session for session in one.sessions if session.device == device]
    for session, fresh in zip(mine, open_sessions(one.site.store, [session.device for session in mine]), strict=True):
        session.token = fresh.token
    mine[0].token = token or mine[0].token


async def sync(one: OnePerson, session: Session) -> httpx.Response:
    """The handheld's outbox: scans, and the seal of a round of hers or of another's."""
    store, place = one.site.store, PlaceId(one.target.plan.place)
    at, by = format_time(store.clock.now()), Actor(SOLANGE, session.device)
    rounds = [found for found in (one.target.round_a, one.target.round_b) if found is not None]
    round_id = one.chance.choice(rounds or ["none"])
    bodies: list[tuple[str, dict[str, Any]]] = [("label.scanned", {"code": label(number)}) for number in RINGS[place]]
    bodies.append(("round.sealed", {"accept_gap": WHY} if one.chance.random() < 0.3 else {}))
    events = []
    for kind, body in bodies:
        one.dseq[by.device] += 1
        events.append(
            {
                "id": store.new_id(),
                "device": by.device,
                "dseq": one.dseq[by.device],
                "person": by.person,
                "count": one.target.plan.count,
                "round": round_id,
                "type": kind,
                "at": at,
                "mono_ms": one.dseq[by.device] * 1_000,
                "body": body,
            }
        )
    return await one.ask("POST /v1/sync/batches", session.token, body={"events": events})


async def agent_stream(one: OnePerson, session: Session) -> str:
    """As the agent, whose token the person knows: every attachment hears what is shown and is drained. Or as a person."""
    token = AGENT if one.chance.random() < 0.9 else session.token
    said = await web_socket(one, "/v1/agent/stream", token, list(map(encode_message, _agent_says(one))))
    one.answers["WS /v1/agent/stream", said] += 1
    return said


def _agent_says(one: OnePerson) -> Iterable[Message]:
    store, shop_id = one.site.store, one.site.store.shop_id
    rows = table(Attachment)
    undrained = store.read(
        lambda conn: conn.execute(select(rows.c.id).where(rows.c.drained_at.is_(None))).scalars().all()
    )
    acked = store.read(lambda conn: reads.acked_seq(conn, shop_id, AGENT))
    seq = acked + 1
    yield Hello(1, AGENT, acked, (ReaderEntry(PAD, "x", (1,), "idle"),))
    for attachment in undrained:
        yield Listening(attachment, seq)
    heard = sorted(bytes.fromhex(epc(number)) for number in numbers_of(one))
    rows_heard = tuple(ReadRow(one_epc, None, 1, 0, 900, 10, 10, -50_000, -5_000) for one_epc in heard)
    yield Batch(seq, PAD, to_ms(store.clock.now()) * 1_000_000, (PassRow(1, 10, 0, 900),), rows_heard, ())
    for attachment in undrained:
        yield Drained(attachment, seq)


async def live(one: OnePerson, session: Session) -> str:
    """Watch everything for a moment."""
    said = await web_socket(one, "/v1/live?topics=board,tour,readers", session.token, [])
    one.answers["WS /v1/live", said] += 1
    return said


async def web_socket(one: OnePerson, address: str, token: str, messages: list[bytes]) -> str:
    """Open, say everything, leave when the server has taken it all; give `done`, or why it was closed."""
    path, _, query = address.partition("?")
    told = asyncio.Queue[dict[str, Any]]()
    told.put_nowait({"type": "websocket.connect"})
    for message in messages:
        told.put_nowait({"type": "websocket.receive", "bytes": message})
    told.put_nowait({"type": "websocket.disconnect", "code": 1000})
    closed = []

    async def hear(event: dict[str, Any]) -> None:
        if event["type"] == "websocket.close":
            closed.append(str(event.get("reason", "")))

    scope = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"authorization", f"Bearer {token}".encode())],
        "subprotocols": [],
        "state": {},
    }
    await one.site.app(scope, told.get, hear)
    return closed[0] if closed else "done"


_COUNT: Final = "/v1/counts/{count_id}"
_COUNT_CALLS: Final[dict[str, Callable[[OnePerson], object]]] = {
    "round": lambda _one: None,
    "seal": sealed,
    "search": lambda _one: None,
    "verification": lambda _one: None,
    "quantity": lambda one: {"pieces": len(numbers_of(one))},
    "answers": word,
    "labels": lambda one: {"labels": [label(number) for number in numbers_of(one)]},
    "verification/seal": lambda _one: None,
    "recount": word,
    "solo": lambda _one: {"reason": WHY},
    "solo/reveal": lambda _one: None,
}
ROUTES: Final[dict[str, Call]] = {
    **{f"POST {_COUNT}/{end}": of_count(f"POST {_COUNT}/{end}", body) for end, body in _COUNT_CALLS.items()},
    **{name: of_count(name) for name in (f"GET {_COUNT}", f"GET {_COUNT}/figures", f"GET {_COUNT}/readers")},
    **{name: plain(name) for name in ("GET /v1/me", "GET /v1/pieces", "GET /v1/cases")},
    "GET /v1/people": as_device("GET /v1/people"),
    **{name: plain(name) for name in ("GET /v1/tours/current", "GET /v1/board")},
    **{name: of_tour(name) for name in ("GET /v1/tours/{tour_id}", "GET /v1/tours/{tour_id}/list")},
    "POST /v1/tours/{tour_id}/signatures": sign,
    "GET /v1/cases/{case_id}": of_case("GET /v1/cases/{case_id}"),
    "POST /v1/cases/{case_id}/decision": of_case("POST /v1/cases/{case_id}/decision", decision),
    "POST /v1/cases/{case_id}/investigation": of_case("POST /v1/cases/{case_id}/investigation"),
    "POST /v1/rounds/{round_id}/attachments": of_round("POST /v1/rounds/{round_id}/attachments", {"reader": PAD}),
    "POST /v1/rounds/{round_id}/drain": of_round("POST /v1/rounds/{round_id}/drain"),
    "POST /v1/moves": move,
    "POST /v1/device-pairings/claim": pair,
    "POST /v1/sessions": sign_in,
    "DELETE /v1/sessions/current": sign_out,
    "POST /v1/sync/batches": sync,
    "WS /v1/agent/stream": agent_stream,
    "WS /v1/live": live,
}
"""Method and path as the application has them → how the person calls it."""
