"""Shop clock: by which clock a data folder lives: a real shop by the computer's, a demonstration by its own file.

Given the folder and what was asked for; gives the clock; promises that no real shop ever runs on a shifted one.
"""

from typing import ClassVar

from sqlalchemy import Connection

from server.clock import Clock, DemoClock, SystemClock
from server.core.errors import Conflict
from server.settings import Settings
from server.store import log, shops
from server.store.database import read_once


class DemoMismatch(Conflict):
    """A demonstration's folder is asked to be a real shop, or the other way round."""

    code: ClassVar[str] = "demo_mismatch"


def clock_to_serve(chosen: Settings, *, is_demo: bool) -> Clock:
    """The clock of a server. Raises: DemoMismatch: `is_demo` and the folder differ. Malformed: the clock is unreadable."""
    if not is_demo:
        if chosen.demo_clock.exists():
            raise DemoMismatch(
                f"{chosen.data} is a demonstration's folder: it has a shifted clock. "
                "Serve it with --demo, or name a real shop's folder with --data."
            )
        return SystemClock()
    if not _is_demo_folder(chosen):
        raise DemoMismatch(
            f"{chosen.data} holds no demonstration: its log does not begin as one. Leave --demo out, "
            "or start a demonstration in an empty folder with `baguier demo --data DIR`."
        )
    return DemoClock(chosen.demo_clock)


def clock_of(chosen: Settings) -> Clock:
    """The clock of a command beside no server. Raises: DemoMismatch: a clock file lies in a real shop's folder."""
    if not chosen.demo_clock.exists():
        return SystemClock()
    if not _is_demo_folder(chosen):
        raise DemoMismatch(
            f"{chosen.demo_clock} shifts the clock of a shop that is no demonstration. Remove that file, then try again."
        )
    return DemoClock(chosen.demo_clock)


def _is_demo_folder(chosen: Settings) -> bool:
    def asked(connection: Connection) -> bool:
        shop_id = shops.only_shop(connection)
        return shop_id is not None and log.is_demo(connection, shop_id)

    return chosen.database.exists() and read_once(chosen.database, asked)
