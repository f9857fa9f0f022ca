"""`baguier serve`: one server process for one data folder."""

import ipaddress
import os
import secrets
import signal
import socket
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit

import typer

from server.core.errors import DomainError, Malformed

if TYPE_CHECKING:
    import uvicorn

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
    import structlog
    import uvicorn

    from server.api.app import FeedBridge, create_app
    from server.api.context import PASS_MIN_MS
    from server.api.known_hosts import LOOPBACK_HOSTS, KnownHosts, host_of
    from server.cli.acts import Hands
    from server.cli.local_door import local_door
    from server.feed.hub import Hub
    from server.settings import settings_from
    from server.signer.spawn import signer_of
    from server.store.unit_of_work import Store
    from server.usecases.shop_clock import clock_to_serve

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    # Standard output carries the one line with the address; what goes wrong is said on the other one.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    hub = Hub(epoch=secrets.token_hex(8))
    bridge = FeedBridge(hub)
    try:
        chosen = settings_from(data=data)
        if demo:
            _require_loopback(host)
        clock = clock_to_serve(chosen, is_demo=demo)
        named = (urlsplit(chosen.public_url or "").netloc, host)
        hosts = LOOPBACK_HOSTS | {host_of(one) for one in named if one}
        with ExitStack() as opened:
            store = opened.enter_context(Store(chosen.database, clock=clock, listener=bridge))
            client = opened.enter_context(signer_of(data, signer))
            opened.enter_context(local_door(chosen.database.parent, Hands(store, lambda: client)))
            pass_min_ms = DEMO_PASS_MIN_MS if demo else PASS_MIN_MS
            served = KnownHosts(
                create_app(store, hub, bridge, signer=client, pass_min_ms=pass_min_ms), hosts=hosts, is_demo=demo
            )
            config = uvicorn.Config(served, host=host, port=port, log_level="warning", lifespan="on")
            _run(config, is_tied_to_stdin=is_tied_to_stdin)
    except DomainError as refusal:
        print(refusal.sentence, file=sys.stderr)
        raise typer.Exit(1) from refusal


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


def _run(config: "uvicorn.Config", *, is_tied_to_stdin: bool) -> None:
    import uvicorn

    class Announced(uvicorn.Server):
        """Says where it listens once it does."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            for address, port in (one.getsockname()[:2] for served in self.servers for one in served.sockets):
                print(f"Baguier serves on http://{address}:{port}", flush=True)

    server = Announced(config)
    if is_tied_to_stdin:
        threading.Thread(target=_stop_at_eof, args=(server,), daemon=True).start()
    server.run()


def _stop_at_eof(server: "uvicorn.Server") -> None:
    """Whoever started us holds the other end of standard input, so its end is theirs, however they ended."""
    # Straight from the descriptor: a buffered read would still hold its lock while the interpreter shuts down.
    while os.read(0, 4096):
        pass
    server.should_exit = True
