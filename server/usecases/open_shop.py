"""Open a shop: the first act in an empty data folder, and the first leaf of its log.

Given a name, a zone and a currency; writes the shop and the leaf `shop.opened`; promises that a folder has one shop.
"""

import re
import unicodedata
from typing import ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from server.core.errors import Conflict, Malformed
from server.core.ids import ShopId
from server.core.log.events import ActorKind, EventType, Subject
from server.store.shops import ShopFacts, add_shop, only_shop
from server.store.unit_of_work import UnitOfWork

SYSTEM_ACTOR = "server"
"""Who acts when a command is given at the server itself, by nobody who signed in."""
DAY_START = "04:00"
"""Local time at which a shop day begins unless the policy says otherwise: no shop counts then."""


class ShopExists(Conflict):
    """The data folder already has a shop."""

    code: ClassVar[str] = "shop_exists"


def open_shop(unit: UnitOfWork, *, name: str, zone: str, currency: str, is_demo: bool = False) -> ShopId:
    """Write the shop of this data folder; give its id.

    Raises: ShopExists. Malformed: an empty name, a zone that is not in the IANA list, a currency that is not three capitals.
    """
    if only_shop(unit.conn) is not None:
        raise ShopExists("This data folder already has a shop. Choose another folder with --data for a second one.")
    shop = ShopFacts(
        id=ShopId(unit.new_id()),
        name=_name(name),
        zone=_zone(zone),
        day_start=DAY_START,
        currency=checked_currency(currency),
    )
    add_shop(unit.conn, shop, created_at=unit.now)
    unit.append_leaf(
        EventType.SHOP_OPENED,
        Subject("shop", shop.id),
        {"zone": shop.zone, "day_start": shop.day_start, "currency": shop.currency, "demo": is_demo},
        actor=SYSTEM_ACTOR,
        actor_kind=ActorKind.SYSTEM,
    )
    return shop.id


def _name(text: str) -> str:
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name or len(name) > 200 or not name.isprintable():
        raise Malformed(f"{text[:40]!r} is not a shop's name; give up to 200 characters that can be shown.")
    return name


def _zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Malformed(f"{text[:40]!r} is not a time zone; expected one such as Europe/Paris.") from error


def checked_currency(text: str) -> str:
    """The currency if it is written as in ISO 4217. Raises: Malformed."""
    if not re.fullmatch(r"[A-Z]{3}", text, re.ASCII):
        raise Malformed(f"{text[:40]!r} is not a currency; expected three capitals of ISO 4217, such as EUR.")
    return text
