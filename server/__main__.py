"""`baguier`: the command line. Each command's code is loaded only when it is called, so that all of them start at once."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

COMMANDS: Final = {
    "demo": ("server.cli.demo", "Try it: a shop with simulated readers on this computer."),
    "serve": ("server.cli.serve", "Run the server."),
    "import": ("server.cli.import_stock", "Bring a stock file in; `--dry-run` shows what would change."),
    "reconcile": ("server.cli.reconcile", "Compare a file of reads with a file of what should be there."),
    "tag": ("server.cli.tag", "Decode and encode what tags hold."),
    "barcode": ("server.cli.barcode", "Take barcodes apart."),
    "user": ("server.cli.people", "Enrol, list and disable people, and give new PINs."),
    "device": ("server.cli.devices", "Pair, list and revoke devices and agents."),
    "reader": ("server.cli.readers", "Say which place a reader's antenna stands for."),
    "db": ("server.cli.database", "Upgrade, back up and restore the database."),
    "log": ("server.cli.log", "Rebuild the log's tree and compare it."),
    "export": ("server.cli.export", "Write the evidence pack of a period."),
    "trust": ("server.cli.trust", "Write what others keep of the log, to verify packs with."),
    "signer": ("server.cli.signer", "Run the signer: a process of its own that holds the log's key."),
    "verify": ("server.cli.verify", "Verify an evidence pack, on any machine, without the shop."),
}
"""Name of each command, the module whose `app` it is, and its line in the list."""


EXIT_INTERRUPTED: Final = 130
"""Ctrl-C before or during a command that has nothing to put in order: as shells expect it."""


def overview() -> str:
    """What `baguier --help` says: a line for each command, in the order in which a shop meets them."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {summary}" for name, (_, summary) in COMMANDS.items()]
    return "\n".join(
        [
            "Usage: baguier COMMAND [ARGUMENTS]",
            "",
            "The stocktake that two people sign and an insurer can verify.",
            "",
            "Commands (each has --help):",
            *lines,
            "",
            "Example: baguier import stock.csv --dry-run --data shop",
        ]
    )


def run(arguments: Sequence[str]) -> int:
    """Run one command and give its exit code: 2 for a command that does not exist."""
    if not arguments or arguments[0] in {"--help", "-h"}:
        print(overview(), file=sys.stdout if arguments else sys.stderr)
        return 0 if arguments else 2
    name, *rest = arguments
    if name not in COMMANDS:
        print(f"There is no command {name!r}. Commands: {', '.join(COMMANDS)}.", file=sys.stderr)
        return 2
    try:
        import_module(COMMANDS[name][0]).app(rest, prog_name=f"baguier {name}")
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else 1
    return 0


def main() -> None:
    """Run `baguier` with the arguments of the terminal."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
