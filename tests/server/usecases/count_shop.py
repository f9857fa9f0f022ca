"""A shop with two trays of four rings, three people on three devices and a pad, for counts through the use cases."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import update

from reader_drivers.reads import Batch, PassRow, ReadRow
from server.clock import FixedClock, from_ms, to_ms
from server.core.actors import Actor
from server.core.count_acts import Occasion
from server.core.count_sheet import Count
from server.core.counting import search_offered_until
from server.core.ids import CountId, DeviceId, PersonId, PieceRef, PlaceId, RoundId, TourId
from server.core.signing_words import MEANINGS
from server.store import checkpoints, counts, log, tours
from server.store.credentials import secret_sha256
from server.store.tables import (
    Device,
    Label,
    Person,
    Piece,
    PieceState,
    Place,
    Reader,
    SessionRow,
    Tag,
    table,
)
from server.store.unit_of_work import Store, UnitOfWork
from server.usecases import verify_count
from server.usecases.accept_reads import accept_batch
from server.usecases.attach_reader import attach_reader, note_drained, note_listening
from server.usecases.open_count import open_count
from server.usecases.plan_tour import plan_tour
from server.usecases.seal_round import SealAsked, SealOutcome, ask_seal, seal_if_drained
from server.usecases.sign_tour import SigningAsked, show_list, sign_tour

CLAIRE = Actor(PersonId("claire"), DeviceId("handheld-1"))
MARC = Actor(PersonId("marc"), DeviceId("handheld-2"))
NADIA = Actor(PersonId("nadia"), DeviceId("handheld-3"))
CLAIRE_ELSEWHERE = Actor(CLAIRE.person, DeviceId("handheld-3"))
MARC_ON_HERS = Actor(MARC.person, CLAIRE.device)
ONE, TWO = PlaceId("tray-1"), PlaceId("tray-2")
AGENT, PAD = DeviceId("agent"), "pad"
RINGS: Mapping[PlaceId, range] = {ONE: range(1, 5), TWO: range(5, 9)}
STRANGE = 99
"""A tag that no piece owns."""


def ref(number: int) -> PieceRef:
    return PieceRef(f"BAG-{number:06d}")


def label(number: int) -> str:
    return f"BAG-{number:06d}.K3Q7Z"


def epc(number: int) -> str:
    return f"3034{number:020X}"


def token(person: str, device: str) -> str:
    return f"token-of-{person}-on-{device}"


def seed(work: UnitOfWork) -> None:
    """Everything but counts, in the shop that is open."""
    shop_id, now, session = work.shop_id, work.now, work.session
    for place in (ONE, TWO):
        session.add(Place(shop_id=shop_id, id=place, name=f"Plateau {place[-1]}", kind="tray", created_at=now))
    session.add(Place(shop_id=shop_id, id="shelf", name="Tablette", created_at=now))
    for device in ("handheld-1", "handheld-2", "handheld-3", AGENT):
        kind = "agent" if device == AGENT else "handheld"
        session.add(
            Device(
                shop_id=shop_id, id=device, name=device, kind=kind, secret_sha256=secret_sha256(device), paired_at=now
            )
        )
    for person, rights in (("claire", "count"), ("marc", "count"), ("nadia", "count"), ("paul", "manage read")):
        session.add(
            Person(
                shop_id=shop_id,
                id=person,
                name=person.capitalize(),
                rights=rights,
                pin_hash="-",
                pin_set_at=now,
                enrolled_at=now,
            )
        )
    session.flush()
    session.add(Reader(shop_id=shop_id, id="reader-pad", device_id=AGENT, name=PAD, protocol="x", seen_at=now))
    for person, device in (
        ("claire", "handheld-1"),
        ("marc", "handheld-2"),
        ("nadia", "handheld-3"),
        ("claire", "handheld-3"),
        ("marc", "handheld-1"),
        ("paul", "handheld-3"),
    ):
        session.add(
            SessionRow(
                shop_id=shop_id,
                id=f"{person}-{device}",
                token_sha256=secret_sha256(token(person, device)),
                person_id=person,
                device_id=device,
                opened_at=now,
                expires_at=now + timedelta(days=400),
            )
        )
    for place, numbers in RINGS.items():
        for number in numbers:
            _seed_piece(work, number, place)


def _seed_piece(work: UnitOfWork, number: int, place: PlaceId) -> None:
    shop_id, now, session = work.shop_id, work.now, work.session
    piece = f"piece-{number}"
    session.add(Piece(shop_id=shop_id, id=piece, ref=ref(number), number=number, created_at=now))
    session.flush()
    session.add(
        PieceState(
            shop_id=shop_id,
            piece_id=piece,
            place_id=place,
            name=f"Ring {number}",
            retail_minor=90_000 + number,
            currency="EUR",
            facts_n=1,
        )
    )
    session.add(Tag(shop_id=shop_id, id=f"tag-{number}", epc=epc(number), piece_id=piece, bound_at=now))
    session.add(Label(shop_id=shop_id, code=label(number), piece_id=piece, made_at=now))
    session.flush()


def keep_checkpoint(work: UnitOfWork) -> None:
    """As after the signer's answer: the size is covered. The note is read by nobody here."""
    head = log.head(work.conn, work.shop_id)
    if checkpoints.signed_size(work.conn, work.shop_id) < head.size:
        checkpoints.add(work.conn, work.shop_id, head=head, note="note", signed_at=work.now)


@dataclass
class CountShop:
    """The shop as its people use it: each method is one thing somebody does."""

    store: Store
    clock: FixedClock
    tour: TourId = field(init=False)
    batches: int = 0
    keeps_checkpoints: bool = True
    """False: a real signer signs them."""

    def __post_init__(self) -> None:
        self.store.run(seed)
        self.checkpoint()

    def checkpoint(self) -> None:
        if self.keeps_checkpoints:
            self.store.run(keep_checkpoint)

    def give_rights(self, person: str, rights: str) -> None:
        """What somebody may do from now on."""
        people = table(Person)
        self.store.run(
            lambda work: work.conn.execute(update(people).where(people.c.id == person).values(rights=rights))
        )

    def evening(self) -> None:
        """It is closing time."""
        self.clock.advance(timedelta(hours=10))

    def plan(self, occasion: Occasion = Occasion.OPENING) -> None:
        self.tour = self.store.run(lambda work: plan_tour(work, occasion=occasion)).id

    def count_of(self, place: PlaceId) -> CountId:
        rows = self.store.read(lambda conn: tours.count_rows(conn, self.store.shop_id, self.tour))
        return next(row.id for row in rows if row.place_id == place)

    def sheet(self, place: PlaceId) -> Count:
        return self.sheet_of(self.count_of(place))

    def sheet_of(self, count_id: CountId) -> Count:
        return self.store.read(lambda conn: counts.load(conn, self.store.shop_id, count_id))

    def begin(self, place: PlaceId, by: Actor = CLAIRE) -> RoundId:
        count = self.store.run(lambda work: open_count(work, self.count_of(place), by))
        assert count.round_a is not None
        return count.round_a

    def hear(
        self,
        round_id: RoundId,
        by: Actor,
        numbers: Iterable[int],
        *,
        rssi_dbm: int = -50,
        antenna: int = 1,
        tid: bytes | None = None,
    ) -> str:
        """The pad listens for a round and sends what it hears; it is not drained yet. Gives the attachment."""
        attached = self.store.run(
            lambda work: attach_reader(work, round_id=round_id, reader=PAD, person_id=by.person, device_id=by.device)
        )
        attachment = attached.attachment.id
        self.batches += 1
        seq = self.batches
        self.store.run(lambda work: note_listening(work, device_id=AGENT, attachment_id=attachment, from_seq=seq))
        reads = tuple(
            ReadRow(bytes.fromhex(epc(number)), tid, antenna, 0, 900, 10, 10, rssi_dbm * 1000, rssi_dbm * 100)
            for number in numbers
        )
        now_ns = to_ms(self.clock.now()) * 1_000_000
        batch = Batch(seq, PAD, now_ns, (PassRow(antenna, 10, 0, 900),), reads, ())
        self.store.run(lambda work: accept_batch(work, device_id=AGENT, batch=batch, raw=b"batch-%d" % seq))
        return attachment

    def drained(self, attachment: str, *, to_seq: int | None = None) -> None:
        end = self.batches if to_seq is None else to_seq
        self.store.run(lambda work: note_drained(work, device_id=AGENT, attachment_id=attachment, to_seq=end))

    def ask_seal(self, round_id: RoundId, by: Actor, *, labels: tuple[str, ...] = ()) -> SealOutcome:
        return self.store.run(lambda work: ask_seal(work, round_id, by=by, asked=SealAsked(labels)))

    def retry_seal(self, round_id: RoundId) -> SealOutcome:
        return self.store.run(lambda work: seal_if_drained(work, round_id))

    def read_and_seal(
        self, round_id: RoundId, by: Actor, numbers: Iterable[int], *, labels: tuple[str, ...] = ()
    ) -> Count:
        self.drained(self.hear(round_id, by, numbers))
        outcome = self.ask_seal(round_id, by, labels=labels)
        assert outcome.is_sealed
        self.store.run(keep_checkpoint)
        return outcome.count

    def count_first(self, place: PlaceId, numbers: Iterable[int], *, by: Actor = CLAIRE) -> Count:
        """Count, seal and go on to the next tray."""
        count = self.read_and_seal(self.begin(place, by), by, numbers)
        self.go_on(count.plan.count)
        return count

    def go_on(self, count_id: CountId) -> None:
        """A leaves a sealed tray; when something is silent there, the time passes in which they may begin to search."""
        offered_until = search_offered_until(self.sheet_of(count_id))
        if offered_until is not None:
            self.clock.advance(max(timedelta(0), from_ms(offered_until) - self.clock.now()))

    def claim(self, place: PlaceId, by: Actor = MARC) -> Count:
        return self.store.run(lambda work: verify_count.claim(work, self.count_of(place), by))

    def key(self, place: PlaceId, n_pieces: int, by: Actor = MARC) -> Count:
        count_id = self.count_of(place)
        return self.store.run(lambda work: verify_count.key_quantity(work, count_id, by, n_pieces=n_pieces))

    def answer_all(self, place: PlaceId, by: Actor = MARC) -> Count:
        """The verifier scans the label of everything that is still asked and seals."""
        for asked in verify_count.asked_with_answers(self.sheet(place), by):
            if asked.is_present is None:
                self._answer(place, by, verify_count.Word(label=label(int(asked.ref[-6:]))))
        return self.store.run(lambda work: verify_count.seal_verification(work, self.count_of(place), by))

    def _answer(self, place: PlaceId, by: Actor, word: verify_count.Word) -> None:
        self.store.run(lambda work: verify_count.answer(work, self.count_of(place), by, word=word))

    def verify(self, place: PlaceId, n_pieces: int, by: Actor = MARC) -> Count:
        """A challenge from the claim to the reveal."""
        self.claim(place, by)
        self.key(place, n_pieces, by)
        return self.answer_all(place, by)

    def verify_blind(self, place: PlaceId, numbers: Iterable[int], by: Actor = MARC) -> Count:
        """A whole round without the list, from the claim to the reveal."""
        here = list(numbers)
        round_b = self.claim(place, by).round_b
        assert round_b is not None
        self.drained(self.hear(round_b, by, here))
        self.key(place, len(here), by)
        assert self.ask_seal(round_b, by).is_sealed
        return self.answer_all(place, by)

    def sign(self, by: Actor, *, read: bool = True) -> str:
        shown = self.store.run(lambda work: show_list(work, self.tour, by))
        asked = SigningAsked(
            list_no=shown.list_no,
            lines_sha256=shown.lines_sha256(),
            meaning=MEANINGS["fr"],
            opened_at=to_ms(self.clock.now()),
            pin="123456",
            read_exceptions=frozenset(line.count for line in shown.lines) if read else frozenset(),
        )
        return sign_tour(self.store, self.tour, by, asked=asked, check_pin=lambda person, pin: None)
