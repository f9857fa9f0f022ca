"""`baguier device`: what may speak for the shop."""

import os
import secrets
from pathlib import Path
from typing import Annotated, Any

import typer

from server.cli.acts import Body, Hands
from server.cli.shop_folder import (
    DataOption,
    JsonOption,
    UrlOption,
    YesOption,
    acting,
    answer,
    confirm,
    refusals,
    settings,
)
from server.core.log.events import format_time
from server.store.database import read_once
from server.store.devices import PairedDevice, device_named, devices
from server.store.shops import only_shop
from server.store.unit_of_work import FIRST_COMMAND, NoShopYet
from server.usecases.pair_device import LINKED_KINDS, offer_pairing, pair_program, revoke_device

SECRET_BYTES = 32
"""256 bits: never guessed, so never hashed slowly."""
LOCAL_URL = "http://localhost:8000"
"""Where the link leads without BAGUIER_PUBLIC_URL: this computer."""
ONLY_HERE = (
    "It leads to this computer alone, to port 8000. For another device set BAGUIER_PUBLIC_URL to the shop's https address, "
    "for this command and for `baguier serve`."
)

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Pair, list and revoke devices and agents.")


@app.command(epilog="Example: baguier device pair 'Counter PC' --kind agent --token-file agent.token --data shop")
def pair(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    *,
    kind: Annotated[str, typer.Option(help="handheld, desk, agent or integration.")] = "handheld",
    token_file: Annotated[Path | None, typer.Option(help="Write an agent's token there, readable by you only.")] = None,
    data: DataOption = None,
    database_url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a one-time link for a browser, or the token of an agent or a program; it is shown this once."""
    token = secrets.token_urlsafe(SECRET_BYTES)
    with refusals():
        chosen = settings(data, database_url)
        with acting(chosen) as perform:
            told = perform("device.pair", {"name": name, "kind": kind, "token": token})
        if kind in LINKED_KINDS:
            document, text = _link(told, token=token, public_url=chosen.public_url)
        else:
            document, text = _bearer(told, token=token, token_file=token_file)
    answer(document, as_json=as_json, text=text)


@app.command("list", epilog="Example: baguier device list --data shop")
def list_devices(*, data: DataOption = None, database_url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Every device ever paired, in the order of names. Works beside a running server."""
    with refusals():
        chosen = settings(data, database_url)
        shop_id = read_once(chosen.database, only_shop)
        if shop_id is None:
            raise NoShopYet(FIRST_COMMAND)
        found = read_once(chosen.database, lambda connection: devices(connection, shop_id))
    lines = [f"{one.name:<30} {one.kind:<12} {'revoked' if one.revoked_at else ''}".rstrip() for one in found]
    answer({"devices": [_document(one) for one in found]}, as_json=as_json, text="\n".join(lines))


@app.command(epilog="Example: baguier device revoke 'Counter PC' --data shop")
def revoke(
    name: Annotated[str, typer.Argument(help="Name or id.")],
    *,
    data: DataOption = None,
    database_url: UrlOption = None,
    is_sure: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Bar a device and end the sessions on it. What it sent stays."""
    with refusals(), acting(settings(data, database_url)) as perform:
        device = perform("device.revoke", {"name": name, "is_sure": False})
        confirm(f"Revoke {device['name']} ({device['kind']})?", is_sure=is_sure)
        perform("device.revoke", {"name": device["id"], "is_sure": True})
    answer({"id": device["id"], "name": device["name"]}, as_json=as_json, text=f"{device['name']} is revoked.")


def pair_act(hands: Hands, body: Body) -> dict[str, Any]:
    """Offer a pairing, or pair a program at once. Raises: what `offer_pairing` and `pair_program` refuse."""
    name, kind, token = body["name"], body["kind"], body["token"]
    if kind in LINKED_KINDS:
        offered = hands.store.run(lambda unit: offer_pairing(unit, name=name, kind=kind, token=token))
        return {"name": offered.name, "kind": kind, "expires_at": format_time(offered.expires_at)}
    device = hands.store.run(lambda unit: pair_program(unit, name=name, kind=kind, secret=token))
    return {"id": device, "name": name, "kind": kind}


def revoke_act(hands: Hands, body: Body) -> dict[str, Any]:
    """Which device a name or id means; bar it when that is sure. Raises: Absent."""
    store = hands.store
    device = store.read(lambda connection: device_named(connection, store.shop_id, body["name"]))
    if body["is_sure"]:
        store.run(lambda unit: revoke_device(unit, device.id))
    return {"id": device.id, "name": device.name, "kind": device.kind}


def _link(told: Body, *, token: str, public_url: str | None) -> tuple[dict[str, object], str]:
    # After the # it stays in the browser: no proxy and no log on the way sees it.
    link = f"{(public_url or LOCAL_URL).rstrip('/')}/#pair={token}"
    document: dict[str, object] = {
        "name": told["name"],
        "kind": told["kind"],
        "link": link,
        "expires_at": told["expires_at"],
    }
    text = f"Open this on the {told['kind']}, once, before {told['expires_at']}:\n{link}"
    return document, text if public_url else f"{text}\n{ONLY_HERE}"


def _bearer(told: Body, *, token: str, token_file: Path | None) -> tuple[dict[str, object], str]:
    document, name = dict(told), told["name"]
    if token_file is None:
        return {**document, "token": token}, f"Token of {name}, shown this once:\n{token}"
    file = os.open(token_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "w", encoding="ascii") as writing:
        writing.write(token + "\n")
    token_file.chmod(0o600)
    return {**document, "token_file": str(token_file)}, f"The token of {name} is in {token_file}."


def _document(device: PairedDevice) -> dict[str, object]:
    return {
        "id": device.id,
        "name": device.name,
        "kind": device.kind,
        "acked": device.acked,
        "paired_at": format_time(device.paired_at),
        "revoked_at": None if device.revoked_at is None else format_time(device.revoked_at),
    }
