"""`baguier`: the command line. Each command's code is loaded only when it is called, so that all of them start at once."""

import sys
from importlib import import_module
from typing import Final

import click
import typer.main

COMMANDS: Final = {
    "serve": ("server.cli.serve", "Run the server."),
    "import": ("server.cli.import_stock", "Bring a stock file in; `--dry-run` shows what would change."),
    "reconcile": ("server.cli.reconcile", "Compare a file of reads with a file of what should be there."),
    "tag": ("server.cli.tag", "Decode and encode what tags hold."),
    "barcode": ("server.cli.barcode", "Take barcodes apart."),
    "user": ("server.cli.people", "Enrol, list and disable people."),
    "device": ("server.cli.devices", "Pair, list and revoke devices and agents."),
    "db": ("server.cli.database", "Upgrade, back up and restore the database."),
    "log": ("server.cli.log", "Rebuild the log's tree and compare it."),
    "signer": ("server.cli.signer", "Run the signer: a process of its own that holds the log's key."),
    "verify": ("server.cli.verify", "Verify an evidence pack, on any machine, without the shop."),
}
"""Name of each command, the module whose `app` it is, and its line in the list."""


class LazyGroup(click.Group):
    """A group of commands whose modules are imported when one of them is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order in which a shop meets them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command called `cmd_name`, or None."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, summary = COMMANDS[cmd_name]
        command = typer.main.get_command(import_module(module).app)
        command.name, command.short_help = cmd_name, summary
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


def main() -> None:
    """Run `baguier` with the arguments of the process."""
    LazyGroup(name="baguier", help="The stocktake that two people sign and an insurer can verify.")(
        sys.argv[1:], prog_name="baguier"
    )


if __name__ == "__main__":
    main()
