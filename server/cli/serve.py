"""`baguier serve`: one server process for one data folder."""

import secrets
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import uvicorn

app = typer.Typer(add_completion=False, help="Run the server. Example: baguier serve --data shop --port 8000")


@app.command()
def serve(
    *,
    data: Annotated[Path, typer.Option(envvar="BAGUIER_DATA", help="Folder of the shop's records.")],
    host: Annotated[str, typer.Option(help="Address to listen on; loopback unless you say otherwise.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free port.")] = 8000,
    signer: Annotated[Path | None, typer.Option(help="Socket of a running signer; without it one is started.")] = None,
) -> None:
    """Serve the shop in DATA until Ctrl-C; print the address when scans can be sent."""
    import uvicorn

    from server.api.app import FeedBridge, create_app
    from server.core.errors import DomainError
    from server.feed.hub import Hub
    from server.settings import settings_from
    from server.signer.spawn import signer_of
    from server.store.unit_of_work import Store

    hub = Hub(epoch=secrets.token_hex(8))
    bridge = FeedBridge(hub)
    try:
        with ExitStack() as opened:
            store = opened.enter_context(Store(settings_from(data=data).database, listener=bridge))
            client = opened.enter_context(signer_of(data, signer))
            app = create_app(store, hub, bridge, signer=client)
            _run(uvicorn.Config(app, host=host, port=port, log_level="warning", lifespan="on"))
    except DomainError as refusal:
        print(refusal.sentence, file=sys.stderr)
        raise typer.Exit(1) from refusal


def _run(config: "uvicorn.Config") -> None:
    import uvicorn

    class Announced(uvicorn.Server):
        """Says where it listens once it does."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            for address, port in (one.getsockname()[:2] for served in self.servers for one in served.sockets):
                print(f"Baguier serves on http://{address}:{port}", flush=True)

    Announced(config).run()
