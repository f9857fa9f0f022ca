"""`python -m server.signer`: starts the signer without the rest of the command line."""

import argparse
import sys
from pathlib import Path

from server.signer.files import SignerStateUnusable
from server.signer.server import run_signer


def main() -> int:
    """Parse the arguments and sign; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m server.signer", description="Sign checkpoints of the log.")
    parser.add_argument("--data", type=Path, required=True, help="data folder; keys and state go to its folder signer")
    parser.add_argument("--socket", type=Path, required=True, help="Unix socket to answer on")
    parser.add_argument("--stdin-eof", action="store_true", help="stop when standard input ends")
    chosen = parser.parse_args()
    try:
        run_signer(chosen.data, chosen.socket, is_tied_to_stdin=chosen.stdin_eof)
    except (SignerStateUnusable, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
