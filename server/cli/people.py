"""`baguier user`: who works in the shop."""

import secrets
from typing import Annotated, Any

import typer

from server.cli.acts import Body, Hands
from server.cli.shop_folder import (
    DataOption,
    JsonOption,
    SignerOption,
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
from server.store.people import EnrolledPerson, people, person_named
from server.store.shops import only_shop
from server.store.unit_of_work import FIRST_COMMAND, NoShopYet
from server.usecases.enrol_person import PIN_DIGITS, change_pin, disable_person, enrol_person

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Enrol, list and disable people, and give new PINs.")


@app.command(epilog="Example: baguier user add Claire --right count --right manage --data shop")
def add(
    name: Annotated[str, typer.Argument(help="The name others see on their screens.")],
    *,
    right: Annotated[list[str] | None, typer.Option(help="count, manage, own or read; may be repeated.")] = None,
    language: Annotated[str, typer.Option(help="fr or en.")] = "fr",
    signer: SignerOption = None,
    data: DataOption = None,
    database_url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enrol a person and show the PIN, once. Exit code: 0 enrolled, 2 not possible as asked."""
    pin, rights = _made_pin(), right or ["count"]
    with refusals():
        chosen = settings(data, database_url)
        with acting(chosen, signer=signer) as perform:
            told = perform("person.enrol", {"name": name, "rights": rights, "pin": pin, "language": language})
    answer(
        {"id": told["id"], "name": name, "rights": rights, "pin": pin},
        as_json=as_json,
        text=f"{name} is enrolled. PIN {pin}: it is shown this once; let {name} read it alone.",
    )


@app.command("pin", epilog="Example: baguier user pin Claire --data shop")
def give_pin(
    name: Annotated[str, typer.Argument(help="Name or id.")],
    *,
    signer: SignerOption = None,
    data: DataOption = None,
    database_url: UrlOption = None,
    is_sure: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Give a person a new PIN, shown once: it was forgotten, or is locked after too many tries. The old one and its sessions end."""
    pin = _made_pin()
    with refusals(), acting(settings(data, database_url), signer=signer) as perform:
        person = perform("person.change_pin", {"name": name, "pin": None})
        confirm(f"Give {person['name']} a new PIN?", is_sure=is_sure)
        perform("person.change_pin", {"name": person["id"], "pin": pin})
    answer(
        {"id": person["id"], "name": person["name"], "pin": pin},
        as_json=as_json,
        text=f"{person['name']} has a new PIN {pin}: it is shown this once; let {person['name']} read it alone.",
    )


@app.command("list", epilog="Example: baguier user list --data shop")
def list_people(*, data: DataOption = None, database_url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Everyone ever enrolled, in the order of names. Works beside a running server."""
    with refusals():
        chosen = settings(data, database_url)
        shop_id = read_once(chosen.database, only_shop)
        if shop_id is None:
            raise NoShopYet(FIRST_COMMAND)
        found = read_once(chosen.database, lambda connection: people(connection, shop_id))
    lines = [f"{one.name:<30} {' '.join(one.rights):<22} {'disabled' if one.disabled_at else ''}" for one in found]
    answer(
        {"people": [_document(one) for one in found]}, as_json=as_json, text="\n".join(line.rstrip() for line in lines)
    )


@app.command(epilog="Example: baguier user disable Claire --data shop")
def disable(
    name: Annotated[str, typer.Argument(help="Name or id.")],
    *,
    data: DataOption = None,
    database_url: UrlOption = None,
    is_sure: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Bar a person from signing in and end their sessions. What they counted and signed stays."""
    with refusals(), acting(settings(data, database_url)) as perform:
        person = perform("person.disable", {"name": name, "is_sure": False})
        confirm(f"Bar {person['name']} from signing in?", is_sure=is_sure)
        perform("person.disable", {"name": person["id"], "is_sure": True})
    answer(person, as_json=as_json, text=f"{person['name']} can no longer sign in.")


def enrol_act(hands: Hands, body: Body) -> dict[str, Any]:
    """Enrol a person. Raises: what `enrol_person` refuses."""
    person = enrol_person(
        hands.store,
        name=body["name"],
        rights=body["rights"],
        pin=body["pin"],
        pin_mac=hands.signer().pin_mac,
        language=body["language"],
    )
    return {"id": person}


def change_pin_act(hands: Hands, body: Body) -> dict[str, Any]:
    """Whom a name or id means; give them the PIN when there is one. Raises: Absent, and what `change_pin` refuses."""
    store = hands.store
    person = store.read(lambda connection: person_named(connection, store.shop_id, body["name"]))
    if body["pin"] is not None:
        change_pin(store, person.id, pin=body["pin"], pin_mac=hands.signer().pin_mac)
    return {"id": person.id, "name": person.name}


def disable_act(hands: Hands, body: Body) -> dict[str, Any]:
    """Whom a name or id means; bar them from signing in when that is sure. Raises: Absent."""
    store = hands.store
    person = store.read(lambda connection: person_named(connection, store.shop_id, body["name"]))
    if body["is_sure"]:
        store.run(lambda unit: disable_person(unit, person.id))
    return {"id": person.id, "name": person.name}


def _made_pin() -> str:
    return f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}d}"


def _document(person: EnrolledPerson) -> dict[str, object]:
    return {
        "id": person.id,
        "name": person.name,
        "rights": list(person.rights),
        "language": person.language,
        "enrolled_at": format_time(person.enrolled_at),
        "disabled_at": None if person.disabled_at is None else format_time(person.disabled_at),
    }
