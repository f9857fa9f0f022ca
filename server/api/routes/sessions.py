"""Sessions: a browser becomes a device, and a person signs in on it."""

import asyncio
import secrets
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.requests import HTTPConnection

from server.api.auth import Person, bearer_token, known_device
from server.api.context import context_of
from server.api.strict_json import Asked, StrictRoute
from server.core.ids import PersonId
from server.store import people
from server.store.credentials import KnownDevice
from server.store.shops import shop_facts
from server.usecases.pair_device import redeem_pairing
from server.usecases.sign_in import sign_in, sign_out

router = APIRouter(prefix="/v1", tags=["sessions"], route_class=StrictRoute)


def _device(connection: HTTPConnection) -> KnownDevice:
    return known_device(context_of(connection), bearer_token(connection))


Device = Annotated[KnownDevice, Depends(_device)]


class PairingClaimed(Asked):
    """The one-time token of a link."""

    token: str = Field(min_length=16, max_length=200)


class ShopShown(BaseModel):
    """A shop as every device may know it."""

    id: str
    name: str
    zone: str
    currency: str


class DeviceShown(BaseModel):
    """A new device; its secret is shown this once."""

    device_id: str
    device_secret: str
    shop: ShopShown


class PersonShown(BaseModel):
    """Somebody who may sign in here."""

    id: str
    name: str


class SessionAsked(Asked):
    """Who signs in."""

    person: str = Field(min_length=1, max_length=64)
    pin: str = Field(pattern=r"^[0-9]{6}$")


class Me(BaseModel):
    """The person signed in."""

    id: str
    name: str
    rights: list[str]


class SessionShown(BaseModel):
    """A session; its token is shown this once."""

    token: str
    person: Me
    expires_at: datetime


@router.post("/device-pairings/claim", status_code=201)
async def claim(request: Request, asked: PairingClaimed) -> DeviceShown:
    """Turn a one-time link into a device of the shop."""
    store = context_of(request).store
    secret = secrets.token_urlsafe(32)
    device = await context_of(request).written(lambda work: redeem_pairing(work, token=asked.token, secret=secret))
    facts = await asyncio.to_thread(store.read, lambda conn: shop_facts(conn, store.shop_id))
    shop = ShopShown(id=facts.id, name=facts.name, zone=facts.zone, currency=facts.currency)
    return DeviceShown(device_id=device, device_secret=secret, shop=shop)


@router.get("/people")
def list_people(request: Request, device: Device) -> list[PersonShown]:
    """Who may sign in, by name. Asked with the device's secret."""
    found = context_of(request).store.read(lambda conn: people.people(conn, device.shop_id))
    return [PersonShown(id=one.id, name=one.name) for one in found if one.disabled_at is None]


@router.post("/sessions", status_code=201)
def open_session(request: Request, asked: SessionAsked, device: Device) -> SessionShown:
    """Sign a person in on this device. Asked with the device's secret."""
    context = context_of(request)
    token = secrets.token_urlsafe(32)
    session = sign_in(
        context.store,
        device=device,
        person=PersonId(asked.person),
        pin=asked.pin,
        token=token,
        pin_mac=context.signer.pin_mac,
        guard=context.pin_guard,
    )
    person = Me(id=session.person.id, name=session.person.name, rights=list(session.person.rights))
    return SessionShown(token=token, person=person, expires_at=session.expires_at)


@router.get("/me")
def me(person: Person) -> Me:
    """Who is signed in."""
    return Me(id=person.person_id, name=person.name, rights=sorted(person.rights))


@router.delete("/sessions/current", status_code=204)
async def close_session(request: Request, person: Person) -> None:
    """Sign out."""
    await context_of(request).written(lambda work: sign_out(work, person.session_id))
