"""A program that appends leaves until it is killed and prints each index once it is acknowledged."""

import sys
from pathlib import Path

from server.store.unit_of_work import Store
from tests.server.store.acts import note
from tests.server.store.conftest import found


def main() -> None:
    """Append, acknowledge, repeat."""
    store = Store(Path(sys.argv[1]))
    found(store)
    while True:
        waiting = [store.writer.submit(note, hot=True) for _ in range(20)]
        for future in waiting:
            print(future.result(), flush=True)


if __name__ == "__main__":
    main()
