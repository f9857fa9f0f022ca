"""People: somebody at a device, who speaks to the server as the app does: HTTP, and a live socket for what is announced.

A refusal that ends by itself (a colleague searches, the log is not signed yet) is asked again when the tour has news; any
other refusal ends the day with the server's own sentence.
"""

import contextlib
import dataclasses
import json
import threading
import time
import types
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

ANSWER_S: Final = 30.0
"""A machine that does forty days at once answers slowly; one that takes longer hangs."""
PATIENCE_S: Final = 120.0
"""How long anything is waited for: the longest search of a colleague takes a minute, and computers are busy."""
AGAIN_S: Final = 0.1
"""News that nobody announces (a signed checkpoint, a colleague's finished search) is asked for so often."""
TRANSIENT: Final = frozenset({"searching", "already_verifying", "asks_open", "reader_busy", "signer_down"})
"""Refusals that end by themselves."""


class DayError(RuntimeError):
    """The day cannot go on as the story says; the sentence says where it stopped."""


class Refused(DayError):
    """The server said no."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code


@dataclasses.dataclass(slots=True)
class News:
    """What the live socket told last: the state of each count, and that something happened."""

    states: dict[str, str] = dataclasses.field(default_factory=dict)
    """Count id → state, in capitals."""
    changed: threading.Condition = dataclasses.field(default_factory=threading.Condition)

    def tell(self, states: Mapping[str, str]) -> None:
        """Take up states and wake whoever waits."""
        with self.changed:
            self.states.update(states)
            self.changed.notify_all()

    def wait(self, is_true: Callable[[Mapping[str, str]], bool], *, what: str) -> None:
        """Until the states are as wished. Raises: DayError: they never are."""
        with self.changed:
            if not self.changed.wait_for(lambda: is_true(self.states), PATIENCE_S):
                raise DayError(f"After {PATIENCE_S:.0f} s still not: {what}. The counts stand at {self.states}.")

    def pause(self) -> None:
        """Until something happens, or a moment passed."""
        with self.changed:
            self.changed.wait(AGAIN_S)


@dataclasses.dataclass(slots=True)
class Table:
    """Where a person puts a tray that the colleague may verify: people see that, they ask no server for it."""

    _counts: list[str] = dataclasses.field(default_factory=list)
    _changed: threading.Condition = dataclasses.field(default_factory=threading.Condition)

    def put(self, count: str) -> None:
        """The first count of this tray is done, its search too."""
        with self._changed:
            self._counts.append(count)
            self._changed.notify_all()

    def take(self) -> str:
        """The tray that has been there longest, once there is one. Raises: DayError: none comes."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._counts, PATIENCE_S):
                raise DayError(f"After {PATIENCE_S:.0f} s there is still no tray to verify.")
            return self._counts.pop(0)


class Person:
    """One person on one paired device."""

    def __init__(self, device: "Device", *, name: str, pin: str) -> None:
        self.name = name
        self.pin = pin
        self.device = device
        self.news = News()
        self._client = httpx.Client(base_url=device.server, timeout=ANSWER_S)

    def sign_in(self) -> None:
        """With the PIN, on the own device; an earlier session is left to end by itself."""
        asked = {"person": self.device.person_id(self.name), "pin": self.pin}
        session = _answer(self._client.post("/v1/sessions", json=asked, headers=self.device.headers))
        self._client.headers["Authorization"] = f"Bearer {session['token']}"

    def get(self, path: str) -> Any:
        """The server's answer. Raises: Refused."""
        return _answer(self._client.get(path))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The server's answer, asked once. Raises: Refused."""
        return _answer(self._client.post(path, json=body, headers={"Idempotency-Key": str(uuid.uuid4())}))

    def insist(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The server's answer, asked again as long as its refusal is one that ends. Raises: Refused."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.post(path, body)
            except Refused as refusal:
                if refusal.code not in TRANSIENT or time.monotonic() > until:
                    raise
            self.news.pause()

    @contextlib.contextmanager
    def watching(self, topics: Iterable[str]) -> Iterator[ClientConnection]:
        """A live socket that gets whatever is announced under the topics from now on."""
        address = self.device.server.replace("http", "ws", 1) + f"/v1/live?topics={','.join(topics)}"
        headers = {"Authorization": str(self._client.headers["Authorization"])}
        with connect(address, additional_headers=headers, open_timeout=ANSWER_S, max_queue=None) as socket:
            yield socket

    @contextlib.contextmanager
    def following_tour(self) -> Iterator[dict[str, Any]]:
        """The tour of now, with `news` kept up by its live messages."""
        with self.watching(["tour"]) as socket:
            tour: dict[str, Any] = self.get("/v1/tours/current")
            self.news.tell({one["id"]: one["state"] for one in tour["counts"]})
            following = threading.Thread(target=self._follow, args=(socket,), daemon=True)
            following.start()
            yield tour
        following.join(ANSWER_S)

    def _follow(self, socket: ClientConnection) -> None:
        # Closing the socket is how the follower is told to stop.
        with contextlib.suppress(ConnectionClosed):
            for text in socket:
                message = json.loads(text)
                if message["type"] == "count.changed":
                    self.news.tell({message["body"]["count"]: message["body"]["state"]})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        self._client.close()


@dataclasses.dataclass(frozen=True, slots=True)
class Device:
    """A paired browser: it knows its secret and who may sign in on it."""

    server: str
    """Base address, such as http://127.0.0.1:8000."""
    headers: Mapping[str, str]
    people: Mapping[str, str]
    """Name → id."""

    @classmethod
    def paired(cls, server: str, link: str) -> Self:
        """Claim a one-time link `…/#pair=TOKEN`. Raises: Refused: it was used before, or it is too old."""
        (token,) = parse_qs(urlsplit(link).fragment)["pair"]
        with httpx.Client(base_url=server, timeout=ANSWER_S) as client:
            device = _answer(client.post("/v1/device-pairings/claim", json={"token": token}))
            headers = {"Authorization": f"Bearer {device['device_secret']}"}
            known = _answer(client.get("/v1/people", headers=headers))
        return cls(server, headers, {one["name"]: one["id"] for one in known})

    def person_id(self, name: str) -> str:
        """Raises: DayError: nobody of this name may sign in."""
        if name not in self.people:
            raise DayError(f"{name} may not sign in here; these may: {', '.join(sorted(self.people))}.")
        return self.people[name]


def _answer(reply: httpx.Response) -> Any:
    if reply.is_success:
        return reply.json() if reply.content else None
    try:
        problem = reply.json()
        code, sentence = str(problem["code"]), str(problem.get("detail") or problem.get("title") or "")
    except (ValueError, KeyError, TypeError):
        code, sentence = f"http_{reply.status_code}", reply.text[:200]
    raise Refused(code, f"{sentence} ({reply.request.method} {reply.request.url.path})")
