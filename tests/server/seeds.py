"""A small shop in a data folder: one tray, an agent with its token, a person signed in on a handheld with a round open."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from server.core.ids import ShopId
from server.settings import settings_from
from server.store.credentials import secret_sha256
from server.store.shops import ShopFacts, add_shop
from server.store.tables import Count, Device, Person, Place, Round, SessionRow, Tour
from server.store.unit_of_work import Store, UnitOfWork

AGENT_TOKEN = "agent-token-of-the-test"
PERSON_TOKEN = "session-token-of-the-test"


@dataclass(frozen=True, slots=True)
class Seeded:
    shop: str = "shop-1"
    tray: str = "place-tray"
    agent: str = "device-agent"
    handheld: str = "device-handheld"
    person: str = "person-claire"
    tour: str = "tour-1"
    count: str = "count-1"
    round: str = "round-1"


def database_of(folder: Path) -> Path:
    return settings_from(data=folder, environment={}).database


def seed_counting(work: UnitOfWork) -> Seeded:
    """Everything that must exist before a reader can listen for a round."""
    seeded, now = Seeded(), work.now
    add_shop(
        work.conn,
        ShopFacts(ShopId(seeded.shop), name="Maison", zone="Europe/Paris", day_start="04:00", currency="EUR"),
        created_at=now,
    )
    _add_people(work.session, seeded, now)
    _add_count(work.session, seeded, now)
    return seeded


def _add_people(session: Session, seeded: Seeded, now: datetime) -> None:
    shop_id = seeded.shop
    session.add(Place(shop_id=shop_id, id=seeded.tray, name="Plateau 1", kind="tray", created_at=now))
    for device, kind, token in [(seeded.agent, "agent", AGENT_TOKEN), (seeded.handheld, "handheld", "handheld-secret")]:
        session.add(
            Device(
                shop_id=shop_id, id=device, name=device, kind=kind, secret_sha256=secret_sha256(token), paired_at=now
            )
        )
    session.add(
        Person(
            shop_id=shop_id,
            id=seeded.person,
            name="Claire",
            rights="count manage",
            pin_hash="-",
            pin_set_at=now,
            enrolled_at=now,
        )
    )
    session.flush()


def _add_count(session: Session, seeded: Seeded, now: datetime) -> None:
    shop_id = seeded.shop
    session.add(
        SessionRow(
            shop_id=shop_id,
            id="session-1",
            token_sha256=secret_sha256(PERSON_TOKEN),
            person_id=seeded.person,
            device_id=seeded.handheld,
            opened_at=now,
            expires_at=now + timedelta(hours=12),
        )
    )
    session.add(
        Tour(shop_id=shop_id, id=seeded.tour, occasion="opening", shop_day=now.date(), state="open", planned_at=now)
    )
    session.flush()
    session.add(
        Count(
            shop_id=shop_id,
            id=seeded.count,
            tour_id=seeded.tour,
            place_id=seeded.tray,
            occasion="opening",
            shop_day=now.date(),
            state="counting",
        )
    )
    session.flush()
    session.add(
        Round(
            shop_id=shop_id,
            id=seeded.round,
            count_id=seeded.count,
            role="a",
            person_id=seeded.person,
            device_id=seeded.handheld,
            opened_at=now,
        )
    )


def seeded_folder(folder: Path) -> Seeded:
    """Make the shop in `folder` and let go of it."""
    with Store(database_of(folder)) as store:
        return store.run(seed_counting)
