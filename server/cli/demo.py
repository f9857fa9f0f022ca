"""`baguier demo`: a jeweller's shop on this computer, with real processes and simulated readers, to be tried by hand.

Fills an empty folder, starts server, signer, agent, readers and the page of the shop floor, prints what to open, and ends all
of it on Ctrl-C.
"""

import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from server.cli.demo_processes import Child, DemoFailed, Processes
from server.cli.shop_folder import EXIT_REFUSED, JsonOption
from server.core.errors import Conflict, DomainError, Malformed

if TYPE_CHECKING:
    from server.cli.demo_shop import DemoFolder

STORIES: Final = ("theft", "calm", "two", "dead-tag")
HAND_PASS_MS: Final = 25
"""Shortest pass while people try it: about a thousand tags a second, as a good reader does; a tray is heard 20 times in 2 s."""
SCRIPT_PASS_MS: Final = 3
LOOK_S: Final = 0.5
"""How soon it is noticed that a process ended by itself."""
PORT_MAX: Final = 65_534
APP_SHELL: Final = Path(__file__).resolve().parents[1] / "static" / "index.html"
"""First page of the web app, once it is built."""
ENDING_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXIT_FAILED: Final = 1

app = typer.Typer(add_completion=False, help="Start a demonstration: server, signer, agent and simulated readers.")


class PortTaken(Conflict):
    """Another program listens where the demonstration wants to."""

    code = "port_taken"


@dataclass(frozen=True, slots=True)
class RunningDemo:
    """A demonstration whose every process is ready."""

    folder: "DemoFolder"
    floor: Mapping[str, Any]
    """What floor.json says."""
    port: int
    """Of the server; the page of the floor is at the next one."""
    processes: Processes
    """`processes.stop("server")` ends one of them in order; leaving the block ends all."""
    began_s: float
    """Monotonic moment at which its first process was started."""

    @property
    def boutique(self) -> str:
        """Address of the page of the shop floor."""
        return f"http://localhost:{self.port + 1}/"


@app.command(epilog="Example: baguier demo --port 9000")
def demo(
    *,
    port: Annotated[
        int, typer.Option(min=0, max=PORT_MAX, help="The page of the floor is at the next; 0: any.")
    ] = 8000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same jewels and the same day.")] = 1,
    data: Annotated[
        Path | None, typer.Option(help="Empty folder to keep it in; without it nothing is kept.", show_default=False)
    ] = None,
    scripted: Annotated[bool, typer.Option("--scripted", help="Play one whole day, check its pack, and end.")] = False,
    story: Annotated[str, typer.Option(help=f"What goes wrong in the scripted day: {', '.join(STORIES)}.")] = "theft",
    as_json: JsonOption = False,
) -> None:
    """Run a demonstration until Ctrl-C. Exit code: 0 ended as asked, 1 a process failed, 2 not possible as asked."""
    for number in ENDING_SIGNALS:
        signal.signal(number, _interrupt)
    try:
        if story not in STORIES:
            raise Malformed(f"There is no story {story[:40]!r}; choose one of {', '.join(STORIES)}.")
        pass_ms = SCRIPT_PASS_MS if scripted else HAND_PASS_MS
        with running_demo(data, port=port, seed=seed, pass_ms=pass_ms) as running:
            if scripted:
                from server.cli.demo_scripted import play_day

                raise typer.Exit(play_day(running, story=story, seed=seed, as_json=as_json, is_kept=data is not None))
            print(json.dumps(_document(running), ensure_ascii=False) if as_json else _text(running), flush=True)
            print(_ending(running, is_kept=data is not None), file=sys.stderr, flush=True)
            _wait_until_told(running.processes)
    except DomainError as refusal:
        print(refusal.sentence, file=sys.stderr)
        raise typer.Exit(EXIT_FAILED if isinstance(refusal, DemoFailed) else EXIT_REFUSED) from refusal
    except KeyboardInterrupt as interrupted:
        print("Ended; no process is left.", file=sys.stderr)
        if scripted:
            # A day that was not played to its end has shown nothing.
            raise typer.Exit(EXIT_FAILED) from interrupted


def _interrupt(*_: object) -> None:
    # A second Ctrl-C must not leave half of the processes behind; ending them takes a few seconds at most.
    for number in ENDING_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def running_demo(data: Path | None, *, port: int, seed: int, pass_ms: int) -> Iterator[RunningDemo]:
    """A demonstration for the length of the block; no process and, without `data`, no file outlives it.

    Raises: FolderNotEmpty, PortTaken. DemoFailed: a process did not start.
    """
    from server.cli.demo_shop import READERS, SCANNER, DemoFolder, seed_shop
    from server.settings import settings_from

    began_s = time.monotonic()
    with ExitStack() as opened:
        served = free_ports(port)
        root = data or Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="baguier-demo-")))
        folder = DemoFolder(settings_from(data=root, environment={}))
        folder.make()
        processes = opened.enter_context(Processes(folder.logs))
        _run_simulator("stock", "--seed", str(seed), "--out", str(folder.stock))
        readers = [
            _start_reader(processes, folder, name, options=("--pass-ms", str(pass_ms), "--seed", str(seed)))
            for name in (*READERS, SCANNER)
        ]
        floor = seed_shop(folder, port=served)
        server, boutique, agent = _commands(folder, port=served)
        processes.wait_ready(
            *readers,
            processes.start("server", server, ready_words="Baguier serves on"),
            processes.start("boutique", boutique, ready_words="http://"),
        )
        processes.wait_ready(processes.start("agent", agent, ready_words="connected to"))
        yield RunningDemo(folder, floor, port=served, processes=processes, began_s=began_s)


def free_ports(port: int) -> int:
    """`port` if it and the next are free on this computer; for 0, one for which that holds. Raises: PortTaken."""
    for _ in range(100):
        try:
            with socket.create_server(("127.0.0.1", port)) as first:
                found = int(first.getsockname()[1])
                if found <= PORT_MAX:
                    with socket.create_server(("127.0.0.1", found + 1)):
                        return found
        except OSError as error:
            if port != 0:
                raise PortTaken(
                    f"Port {port} or {port + 1} is taken by another program ({error.strerror}). "
                    f"Stop that one, or choose another: baguier demo --port {9000 if port != 9000 else 9100}."
                ) from error
    raise PortTaken("No two free ports were found side by side. Choose one with --port.")


def _start_reader(processes: Processes, folder: "DemoFolder", name: str, *, options: Sequence[str]) -> Child:
    from server.cli.demo_shop import PROTOCOL, SCANNER

    protocol = "barcode_line" if name == SCANNER else PROTOCOL
    command = ("simulators", "reader", protocol, "--follow", "--with-parent", "--tags", str(folder.tags(name)))
    link = ("--link", f"pty:{folder.link(name)}", "--stats", str(folder.stats(name)))
    return processes.start(name, (*command, *link, *options), ready_words=str(folder.link(name)))


def _commands(folder: "DemoFolder", *, port: int) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    """How server, page and agent are started."""
    return (
        ("server", "serve", "--demo", "--stdin-eof", "--data", str(folder.root), "--port", str(port)),
        ("simulators", "boutique", "--with-parent", "--floor", str(folder.floor), "--port", str(port + 1)),
        ("reader_drivers.agent", "run", "--stdin-eof", "--config", str(folder.agent_toml)),
    )


def _run_simulator(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "simulators", *arguments], check=True, stdin=subprocess.DEVNULL)


def _wait_until_told(processes: Processes) -> None:
    while True:
        time.sleep(LOOK_S)
        processes.require_running()


def _document(running: RunningDemo) -> dict[str, object]:
    floor = running.floor
    return {
        "server": floor["server"],
        "boutique": running.boutique,
        "links": floor["links"],
        "people": floor["people"],
        "pieces": len(floor["pieces"]),
        "places": sum(place["kind"] == "tray" for place in floor["places"]),
        "data": str(running.folder.root),
        "floor": str(running.folder.floor),
    }


def _text(running: RunningDemo) -> str:
    floor = running.floor
    devices = {"claire": "Claire's handheld", "marc": "Marc's handheld", "bureau": "The desk"}
    links = [f"  {devices[name]:<18} {link}" for name, link in floor["links"].items()]
    people = [f"  {one['name']:<18} PIN {one['pin']}   {_may(one['rights'])}" for one in floor["people"]]
    return "\n".join(
        [
            "",
            f"Maison Baguier is open: {len(floor['pieces'])} jewels in 12 trays. It is 08:35 in the shop.",
            "",
            "Open each link once; each is a device of its own, even in one browser:",
            *links,
            "",
            "Sign in as:",
            *people,
            "",
            "The shop floor, to lay, scan, steal and move pieces by hand (La boutique simulée):",
            f"  {running.boutique}",
            "",
        ]
    )


def _may(rights: Sequence[str]) -> str:
    return "counts, decides, sees everything" if "manage" in rights else "counts"


def _ending(running: RunningDemo, *, is_kept: bool) -> str:
    root = running.folder.root
    kept = f"the shop stays in {root}" if is_kept else f"nothing is kept of {root}"
    ending = f"Ctrl-C ends it; {kept}. What the processes say is in {running.folder.logs}."
    return (
        ending
        if APP_SHELL.is_file()
        else f"The web app is not built, so the links show nothing: run `make ui`.\n{ending}"
    )
