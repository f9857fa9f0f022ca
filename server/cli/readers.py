"""`baguier reader`: what the readers of the shop stand for."""

from typing import Annotated, Any

import typer

from server.cli.acts import Body, Hands
from server.cli.shop_folder import DataOption, JsonOption, UrlOption, acting, answer, refusals, settings
from server.core.places import place_path
from server.usecases.map_antennas import map_antenna

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Say which place a reader's antenna stands for.")


@app.callback()
def _noun() -> None:
    """Say which place a reader's antenna stands for."""


@app.command(
    "map", epilog="Example: baguier reader map vitrine-1 --antenna 2 --place 'Vitrine 1/Plateau 2' --data shop"
)
def map_command(
    name: Annotated[str, typer.Argument(help="The reader's name in agent.toml; its agent was connected once.")],
    *,
    antenna: Annotated[int, typer.Option(help="Number of the antenna, from 1.")],
    place: Annotated[str, typer.Option(help="Path of the place, such as 'Vitrine 1/Plateau 2'.")],
    data: DataOption = None,
    database_url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let what an antenna hears count for one place. Exit code: 0 mapped, 2 not possible as asked."""
    with refusals():
        path = place_path(place)
        with acting(settings(data, database_url)) as perform:
            place_id = perform("reader.map", {"reader": name, "antenna": antenna, "place": path})["place"]
    answer(
        {"reader": name, "antenna": antenna, "place": place_id, "path": path},
        as_json=as_json,
        text=f"Antenna {antenna} of {name} stands for {path}.",
    )


def map_act(hands: Hands, body: Body) -> dict[str, Any]:
    """Let an antenna stand for a place. Raises: what `map_antenna` refuses."""
    path = place_path(body["place"])
    place = hands.store.run(lambda unit: map_antenna(unit, reader=body["reader"], antenna=body["antenna"], place=path))
    return {"place": place}
