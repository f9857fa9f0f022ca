"""Pair a device: a browser, an agent or a program gets a secret by which the shop knows it.

Browsers get a one-time link and make their secret when it is opened; agents and programs get theirs at once. The shop keeps
hashes only. Each pairing and each revocation is a leaf.
"""

import unicodedata
from datetime import timedelta
from typing import ClassVar, Final

from server.core.errors import Conflict, Malformed, NotAllowed
from server.core.ids import DeviceId
from server.core.log.events import ActorKind, EventType, Subject
from server.store import devices
from server.store.credentials import secret_sha256
from server.store.devices import OfferedPairing
from server.store.unit_of_work import UnitOfWork
from server.usecases.open_shop import SYSTEM_ACTOR

LINKED_KINDS: Final = ("handheld", "desk")
"""Browser profiles: paired by a link."""
BEARER_KINDS: Final = ("agent", "integration")
"""Programs: paired by a bearer token of 256 bits."""
LINK_LIFETIME: Final = timedelta(minutes=15)
"""Long enough to walk to the counter, short enough that a photographed link is worth little."""


class PairingUnknown(NotAllowed):
    """No link has this token, or its time is over."""

    code: ClassVar[str] = "pairing_unknown"


class PairingUsed(Conflict):
    """The link was opened before."""

    code: ClassVar[str] = "pairing_used"


def offer_pairing(
    unit: UnitOfWork, *, name: str, kind: str, token: str, lifetime: timedelta = LINK_LIFETIME
) -> OfferedPairing:
    """Write a one-time link for a browser. Raises: Malformed: a kind that is not a browser's, or an empty name."""
    if kind not in LINKED_KINDS:
        raise Malformed(f"A {kind} has no link; links are for {' and '.join(LINKED_KINDS)}.")
    offered = OfferedPairing(
        id=unit.new_id(), name=_checked_name(name), kind=kind, expires_at=unit.now + lifetime, used_at=None
    )
    devices.add_pairing(unit.conn, unit.shop_id, offered, token_sha256=secret_sha256(token), at=unit.now)
    return offered


def redeem_pairing(unit: UnitOfWork, *, token: str, secret: str) -> DeviceId:
    """Turn an opened link into a device with this secret. Raises: PairingUnknown, PairingUsed."""
    offered = devices.pairing_by_token(unit.conn, unit.shop_id, secret_sha256(token))
    if offered is None or offered.expires_at <= unit.now:
        raise PairingUnknown("This link is unknown or its time is over. Make another with `baguier device pair`.")
    if offered.used_at is not None:
        raise PairingUsed(
            "This link was opened before. If that was not you, revoke the device; then make another link."
        )
    device = _pair(unit, name=offered.name, kind=offered.kind, secret=secret)
    devices.use_pairing(unit.conn, unit.shop_id, offered.id, device=device, at=unit.now)
    return device


def pair_program(unit: UnitOfWork, *, name: str, kind: str, secret: str) -> DeviceId:
    """Write an agent or a program with its bearer token. Raises: Malformed: another kind, or an empty name."""
    if kind not in BEARER_KINDS:
        raise Malformed(f"A {kind} gets no token; tokens are for {' and '.join(BEARER_KINDS)}.")
    return _pair(unit, name=_checked_name(name), kind=kind, secret=secret)


def revoke_device(unit: UnitOfWork, name_or_id: str) -> DeviceId:
    """Bar a device from now on; the leaf says up to which number its events count. Twice writes nothing. Raises: Absent."""
    device = devices.device_named(unit.conn, unit.shop_id, name_or_id)
    if device.revoked_at is None:
        devices.revoke(unit.conn, unit.shop_id, device.id, at=unit.now)
        _leaf(unit, EventType.DEVICE_REVOKED, device.id, body={"last_dseq": device.acked})
    return device.id


def _pair(unit: UnitOfWork, *, name: str, kind: str, secret: str) -> DeviceId:
    device = DeviceId(unit.new_id())
    devices.add_device(
        unit.conn,
        unit.shop_id,
        device,
        name=name,
        kind=kind,
        secret_sha256=secret_sha256(secret),
        at=unit.now,
    )
    _leaf(unit, EventType.DEVICE_PAIRED, device, body={"kind": kind})
    return device


def _leaf(unit: UnitOfWork, event: EventType, device: DeviceId, *, body: dict[str, str | int]) -> None:
    unit.append_leaf(event, Subject("device", device), body, actor=SYSTEM_ACTOR, actor_kind=ActorKind.SYSTEM)


def _checked_name(text: str) -> str:
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name or len(name) > 100 or not name.isprintable():
        raise Malformed(f"{text[:40]!r} is not a name for a device; give up to 100 characters that can be shown.")
    return name
