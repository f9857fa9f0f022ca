"""`baguier serve`: one server process for one data folder."""

import gc
import ipaddress
import os
import secrets
import signal
import socket
import sys
import threading
from contextlib import AbstractContextManager, ExitStack
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit

import typer

from server.core.errors import DomainError, Malformed

if TYPE_CHECKING:
    import uvicorn

    from server.api.known_hosts import KnownHosts
    from server.feed.bridge import FeedBridge
    from server.feed.hub import Hub
    from server.signer.client import SignerClient
    from server.store.unit_of_work import Store

DEMO_PASS_MIN_MS: Final = 10
"""Simulated antennas take turns within milliseconds, so a tag's next pass comes sooner than in the air."""

app = typer.Typer(add_completion=False, help="Run the server. Example: baguier serve --data shop --port 8000")


@app.command()
def serve(
    *,
    data: Annotated[Path, typer.Option(envvar="BAGUIER_DATA", help="Folder of the shop's records.")],
    host: Annotated[str, typer.Option(help="Address to listen on; loopback unless you say otherwise.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free port.")] = 8000,
    signer: Annotated[Path | None, typer.Option(help="Socket of a running signer; without it one is started.")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Serve the folder of a demonstration, by its clock.")] = False,
    is_tied_to_stdin: Annotated[bool, typer.Option("--stdin-eof", help="Stop when standard input ends.")] = False,
) -> None:
    """Serve the shop in DATA until Ctrl-C; print the address when scans can be sent."""
    # What a start loads stays until the end. Looking through it for garbage, again and again while it grows, is in vain.
    gc.disable()
    from server.feed.bridge import FeedBridge
    from server.feed.hub import Hub
    from server.settings import settings_from
    from server.signer.spawn import signer_of
    from server.store.unit_of_work import Store
    from server.usecases.shop_clock import clock_to_serve

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    hub = Hub(epoch=secrets.token_hex(8))
    bridge = FeedBridge(hub)
    try:
        chosen = settings_from(data=data)
        if demo:
            _require_loopback(host)
        clock = clock_to_serve(chosen, is_demo=demo)
        with ExitStack() as opened:
            store = opened.enter_context(Store(chosen.database, clock=clock, listener=bridge))
            client = opened.enter_context(signer_of(data, signer, meanwhile=_load_api))
            opened.enter_context(_door(chosen.database.parent, store, client))
            app = _application(
                store, hub, bridge, signer=client, hosts=_own_hosts(chosen.public_url, host), is_demo=demo
            )
            _run(app, host=host, port=port, is_tied_to_stdin=is_tied_to_stdin)
    except DomainError as refusal:
        print(refusal.sentence, file=sys.stderr)
        raise typer.Exit(1) from refusal
    finally:
        gc.enable()


def _load_api() -> None:
    """Load what answers, which takes about as long as the signer needs to start."""
    for module in ("uvicorn", "server.api.app", "server.cli.local_door"):
        import_module(module)


def _door(folder: Path, store: "Store", signer: "SignerClient") -> AbstractContextManager[None]:
    from server.cli.acts import Hands
    from server.cli.local_door import local_door

    return local_door(folder, Hands(store, lambda: signer))


def _own_hosts(public_url: str | None, host: str) -> frozenset[str]:
    """The names by which this server may be asked."""
    from server.api.known_hosts import LOOPBACK_HOSTS, host_of

    named = (urlsplit(public_url or "").netloc, host)
    return LOOPBACK_HOSTS | {host_of(one) for one in named if one}


def _application(
    store: "Store", hub: "Hub", bridge: "FeedBridge", *, signer: "SignerClient", hosts: frozenset[str], is_demo: bool
) -> "KnownHosts":
    from server.api.app import create_app
    from server.api.context import PASS_MIN_MS
    from server.api.known_hosts import KnownHosts

    pass_min_ms = DEMO_PASS_MIN_MS if is_demo else PASS_MIN_MS
    app = create_app(store, hub, bridge, signer=signer, pass_min_ms=pass_min_ms)
    return KnownHosts(app, hosts=hosts, is_demo=is_demo)


def _leave(*_: object) -> None:
    """Leave in order: once uvicorn has ended it raises the signal anew, which otherwise kills us with the store open."""
    raise SystemExit(0)


def _require_loopback(host: str) -> None:
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise Malformed(f"A demonstration stays on this computer; {host} would open it to others. Leave --host out.")


def _run(app: "KnownHosts", *, host: str, port: int, is_tied_to_stdin: bool) -> None:
    import uvicorn

    class Announced(uvicorn.Server):
        """Says where it listens once it does."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            gc.freeze()
            gc.enable()
            for name, number in (one.getsockname()[:2] for served in self.servers for one in served.sockets):
                print(f"Baguier serves on http://{name}:{number}", flush=True)

    server = Announced(uvicorn.Config(app, host=host, port=port, log_level="warning", lifespan="on"))
    if is_tied_to_stdin:
        threading.Thread(target=_stop_at_eof, args=(server,), daemon=True).start()
    server.run()


def _stop_at_eof(server: "uvicorn.Server") -> None:
    """Whoever started us holds the other end of standard input, so its end is theirs, however they ended."""
    # Straight from the descriptor: a buffered read would still hold its lock while the interpreter shuts down.
    while os.read(0, 4096):
        pass
    server.should_exit = True
