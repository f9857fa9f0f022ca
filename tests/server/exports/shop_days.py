"""A shop's log made leaf by leaf, so that a test can tell any story, true or false, and sign it with the real key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.core.draw import Candidate, Threshold, drawn, expected_draws, thresholds
from server.core.ids import CountId, PieceRef
from server.core.log import canonical, checkpoint, events, merkle
from server.core.log.canonical import JsonValue
from server.core.log.checkpoint import Checkpoint
from server.core.log.events import ActorKind, EventType, Subject
from server.core.log.merkle import Frontier
from server.core.log.note import VerifierKey
from server.core.log.trust import Trust
from server.exports.pack import PackSource, Table, build_pack

ORIGIN = "baguier.example/site/7/e0"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
CERTIFICATE = b"certificate in DER"
C1, C2, C3 = (f"01900000-0000-7000-8000-00000000000{n}" for n in (1, 2, 3))
"""Counts: the draw takes the bytes of their UUIDs."""
HIGH_VALUE = 200_000
RINGS = ("BAG-000001", "BAG-000002")
OPENED_AT = datetime(2026, 3, 2, 7, 35, tzinfo=UTC)


@dataclass(slots=True)
class ShopDay:
    """Leaves and sets so far. Each act adds what the server would."""

    leaves: list[bytes] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sealed: list[bytes] = field(default_factory=list)
    expected: list[bytes] = field(default_factory=list)
    draws: list[bytes] = field(default_factory=list)
    signatures: list[Mapping[str, JsonValue]] = field(default_factory=list)
    counts: list[Mapping[str, JsonValue]] = field(default_factory=list)
    records: dict[str, bytes] = field(default_factory=dict)
    certificate: bytes = CERTIFICATE
    key: Ed25519PrivateKey = KEY
    minutes: int = 0
    chances: dict[str, Mapping[PieceRef, int]] = field(default_factory=dict)
    roots: list[tuple[int, str]] = field(default_factory=list)
    """Size and root of each checkpoint."""
    sealed_a: dict[str, int] = field(default_factory=dict)
    last_of_a: dict[str, str] = field(default_factory=dict)

    def act(
        self,
        event_type: EventType,
        subject: Subject,
        body: Mapping[str, JsonValue],
        *,
        actor: str = "server",
        device: str | None = None,
    ) -> None:
        self.minutes += 1
        leaf = events.leaf(
            event_type,
            subject,
            body,
            log=ORIGIN,
            seq=len(self.leaves),
            id=f"e-{len(self.leaves)}",
            rx=OPENED_AT + timedelta(minutes=self.minutes),
            actor=actor,
            actor_kind=ActorKind.SYSTEM if device is None else ActorKind.PERSON,
            device=device,
            dseq=None,
        )
        self.leaves.append(leaf)

    def checkpoint(self) -> str:
        frontier = Frontier.of(map(merkle.leaf_hash, self.leaves))
        self.roots.append((frontier.size, frontier.root().hex()))
        self.notes.append(checkpoint.sign(Checkpoint(ORIGIN, frontier.size, frontier.root()), self.key))
        return self.notes[-1]

    def plan(
        self,
        tour: str = "t-1",
        *,
        occasion: str = "opening",
        refs: Sequence[str] = RINGS,
        leaf: Mapping[str, JsonValue] | None = None,
        ppm: Mapping[str, int] | None = None,
    ) -> None:
        """A tour whose pieces were never in a hand and are cheap: they all weigh the same."""
        candidates = [Candidate(PieceRef(ref), None, 0) for ref in refs]
        chances = {one.ref: one.ppm for one in thresholds(candidates, high_value=HIGH_VALUE)}
        chances |= {PieceRef(ref): chance for ref, chance in (ppm or {}).items()}
        self.chances[tour] = chances
        table = canonical.encode([[ref, chance] for ref, chance in sorted(chances.items())])
        self.draws.append(table)
        body: dict[str, JsonValue] = {
            "occasion": occasion,
            "shop_day": "2026-03-02",
            "k": expected_draws(len(refs)),
            "w": 5 * len(refs),
            "high_value": HIGH_VALUE,
            "due_root": self.roots[-1][1] if self.roots else None,
            "ppm_sha256": sha256(table).hexdigest(),
            **(leaf or {}),
        }
        self.act(EventType.TOUR_PLANNED, Subject("tour", tour), body)

    def open_count(
        self,
        count: str,
        *,
        tour: str = "t-1",
        place: str = "tray-1",
        refs: Sequence[str] = RINGS,
        retail: int = 90_000,
        known_missing: Sequence[str] = (),
    ) -> None:
        pieces: list[JsonValue] = [
            {"ref": ref, "retail": retail, "ownership": "own", "is_known_missing": ref in known_missing} for ref in refs
        ]
        expected = canonical.encode({"count": count, "pieces": pieces})
        self.expected.append(expected)
        self.act(EventType.COUNT_OPENED, Subject("count", count), {"expected_sha256": sha256(expected).hexdigest()})
        self.counts.append({"count": count, "state": "OPEN", "tour": tour, "place": place})

    def seal(
        self,
        count: str,
        role: str,
        *,
        by: str,
        kind: EventType = EventType.ROUND_SEALED,
        extra: Mapping[str, JsonValue] | None = None,
        document: Mapping[str, JsonValue] | None = None,
    ) -> str:
        """`by` is `person@device`. Everything expected is heard, nothing by hand. Gives the sealed set's hash."""
        person, device = by.split("@")
        heard: dict[str, JsonValue] = {"heard": list(RINGS), "by_hand": [], "n": len(self.leaves)}
        plain: Mapping[str, JsonValue] = document or heard
        if kind is EventType.SEARCH_ENDED:
            plain = {"a1": heard, "a2": heard}
        raw = canonical.encode(plain)
        self.sealed.append(raw)
        digest = sha256(raw).hexdigest()
        if role == "A":
            self.sealed_a[count], self.last_of_a[count] = len(self.leaves), digest
        body = {"count": count, "role": role, "sealed_sha256": digest, **(extra or {})}
        self.act(kind, Subject("round", f"r-{count}-{role}"), body, actor=person, device=device)
        return digest

    def root_over_a(self, count: str) -> str:
        """The first signed root over the last thing A sealed."""
        return next(root for size, root in self.roots if size > self.sealed_a[count])

    def answer(
        self,
        count: str,
        *,
        by: str,
        tour: str = "t-1",
        asked: Sequence[str] | None = None,
        root: str | None = None,
        document: Mapping[str, JsonValue] | None = None,
    ) -> str:
        """B had in the hand what the draw called for, or `asked`. `document` has members of the set that are not plain."""
        root = root or self.root_over_a(count)
        chances = [Threshold(ref, ppm) for ref, ppm in self.chances[tour].items()]
        refs = drawn(chances, root=bytes.fromhex(root), count=CountId(count)) if asked is None else asked
        answers: list[JsonValue] = [{"ref": ref, "at": 1_772_437_000_000, "is_present": True} for ref in refs]
        plain: dict[str, JsonValue] = {"b1": None, "draw_root": root, "scanned": None, "answers": answers}
        return self.seal(
            count,
            "B",
            by=by,
            kind=EventType.VERIFICATION_ANSWERED,
            extra={"draw_root": root},
            document={**plain, **(document or {})},
        )

    def reveal(self, count: str) -> None:
        self.act(EventType.COUNT_REVEALED, Subject("count", count), {})

    def sign(
        self,
        name: str,
        lines: list[Mapping[str, JsonValue]],
        *,
        by: str,
        statement: Mapping[str, JsonValue] | None = None,
    ) -> None:
        person, device = by.split("@")
        signed = {
            "meaning": "I counted",
            "log": ORIGIN,
            "shop": "s-1",
            "tour": "t-1",
            "list_no": 1,
            "lines_sha256": sha256(canonical.encode(lines)).hexdigest(),
            "n_lines": len(lines),
            "n_exceptions": 0,
            "person": person,
            "device": device,
            "opened_at": events.format_time(OPENED_AT),
            "at": events.format_time(OPENED_AT),
            "nonce": "n-1",
            "prev_size": len(self.leaves),
            "prev_root": merkle.root_of(map(merkle.leaf_hash, self.leaves)).hex(),
            **(statement or {}),
        }
        self.signatures.append({"signature": name, "lines": lines})
        self.act(
            EventType.SIGNATURE_MADE, Subject("signature", name), {"statement": signed}, actor=person, device=device
        )

    def close(self, count: str, *, a: str, b: str | None, result: str = "result-1") -> None:
        body: dict[str, JsonValue] = {"result": result, "signature_a": a, "signature_b": b}
        self.act(EventType.COUNT_CLOSED, Subject("count", count), body)

    def keep_record(self, pdf: bytes, *, name: str = "2026-03-02-closing", tour: str = "t-1") -> None:
        """The record of a tour, with the leaf that tells of it."""
        self.records[name] = pdf
        self.act(EventType.RECORD_MADE, Subject("tour", tour), {"name": name, "sha256": sha256(pdf).hexdigest()})

    def source(self) -> PackSource:
        return PackSource(
            origin=ORIGIN,
            leaves=tuple(self.leaves),
            checkpoints=tuple(self.notes),
            log_vkey=VerifierKey.of(self.key, ORIGIN).to_text(),
            pdf_certificate=self.certificate,
            sealed_sets=tuple(self.sealed),
            expected_sets=tuple(self.expected),
            signatures=tuple(self.signatures),
            draws=tuple(self.draws),
            moves=({"piece": "BAG-000001", "to": "Vitrine 1/Plateau 1"},),
            counts={"2026-03": tuple(self.counts)},
            tables=(Table("counts", ("count", "state"), tuple((str(row["count"]), "x") for row in self.counts)),),
            records=self.records,
            made_at="2026-03-02T19:00:00.000Z",
        )

    def pack(self) -> bytes:
        """The pack at the last leaf, signed by the log's key whatever the leaves say."""
        self.checkpoint()
        frontier = Frontier.of(map(merkle.leaf_hash, self.leaves))
        head = Checkpoint(ORIGIN, frontier.size, frontier.root())
        return build_pack(
            self.source(), sign_manifest=lambda manifest_sha256: checkpoint.sign_pack(manifest_sha256, head, self.key)
        )


def line(
    count: str, role: str, sealed_a: str, sealed_b: str | None, *, result: str = "result-1"
) -> Mapping[str, JsonValue]:
    return {
        "count": count,
        "my_role": role,
        "scope": "Vitrine 1/Plateau 1",
        "sealed_a": sealed_a,
        "sealed_b": sealed_b,
        "result": result,
        "present": 2,
        "missing": 0,
        "by_hand": 0,
        "quantity_b": 2,
        "mode": "challenge",
    }


def honest_day() -> ShopDay:
    """Two counts answered by draw, one of them after a search, with crossed roles; one voided; two signatures."""
    day = ShopDay()
    day.act(EventType.SHOP_OPENED, Subject("shop", "s-1"), {"currency": "EUR"})
    day.checkpoint()
    day.plan()
    for count in (C1, C2, C3):
        day.open_count(count)
    a1 = day.seal(C1, "A", by="claire@pad")
    day.seal(C2, "A", by="marc@phone")
    a2 = day.seal(C2, "A", by="marc@phone", kind=EventType.SEARCH_ENDED)
    day.checkpoint()
    b1 = day.answer(C1, by="marc@phone")
    b2 = day.answer(C2, by="claire@pad")
    for count in (C1, C2):
        day.reveal(count)
    day.act(EventType.COUNT_VOIDED, Subject("count", C3), {"reason": "wrong tray"}, actor="claire", device="pad")
    day.sign("s-claire", [line(C1, "A", a1, b1), line(C2, "B", a2, b2)], by="claire@pad")
    day.sign("s-marc", [line(C1, "B", a1, b1), line(C2, "A", a2, b2)], by="marc@phone")
    day.close(C1, a="s-claire", b="s-marc")
    day.close(C2, a="s-marc", b="s-claire")
    return day


def trust_in(
    *notes: str, key: Ed25519PrivateKey = KEY, origin: str = ORIGIN, certificate: bytes = CERTIFICATE
) -> Trust:
    return Trust(
        origin=origin,
        vkeys=(VerifierKey.of(key, origin),),
        pdf_cert_sha256=sha256(certificate).hexdigest(),
        checkpoints=notes,
    )
