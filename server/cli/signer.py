"""`baguier signer`: the process that alone holds the log key."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from server.signer.files import SignerStateUnusable
from server.signer.server import run_signer

app = typer.Typer(add_completion=False, help="Run the signer: a process of its own that holds the log's key.")


@app.command(epilog="Example: baguier signer --data /var/lib/baguier-signer --socket /run/baguier/signer.sock")
def sign(
    folder: Annotated[Path, typer.Option("--data", help="Keys and state go to its folder `signer`.")],
    socket_path: Annotated[Path, typer.Option("--socket", help="Unix socket to answer on.")],
    *,
    is_tied_to_stdin: Annotated[bool, typer.Option("--stdin-eof", help="Stop when standard input ends.")] = False,
) -> None:
    """Sign checkpoints that continue the last one, and nothing else, until told to stop."""
    raise typer.Exit(signer_command(folder, socket_path, is_tied_to_stdin=is_tied_to_stdin))


def signer_command(folder: Path, socket_path: Path, *, is_tied_to_stdin: bool) -> int:
    """Run the signer with its keys and state in `folder`/signer until it is told to stop; the exit code.

    0: stopped as asked. 1: the folder is in use or open to others, or the socket cannot be made; standard error says why.
    """
    try:
        run_signer(folder, socket_path, is_tied_to_stdin=is_tied_to_stdin)
    except (SignerStateUnusable, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0
