"""The demonstration's clock follows its file; a real shop never runs on a shifted clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.cli.shop_folder import opened
from server.clock import DemoClock, SystemClock
from server.core.errors import Malformed
from server.settings import Settings, settings_from
from server.store.unit_of_work import Store
from server.usecases.open_shop import open_shop
from server.usecases.shop_clock import DemoMismatch, clock_of, clock_to_serve

HOUR_MS = 3_600_000


def is_off_by(clock: DemoClock, hours: int) -> bool:
    return abs(clock.now() - datetime.now(UTC) - timedelta(hours=hours)) < timedelta(seconds=5)


def folder(path: Path, *, is_demo: bool, clock: str | None) -> Settings:
    chosen = settings_from(data=path, environment={})
    with Store(chosen.database) as store:
        store.run(lambda unit: open_shop(unit, name="M", zone="Europe/Paris", currency="EUR", is_demo=is_demo))
    if clock is not None:
        chosen.demo_clock.write_text(clock)
    return chosen


def test_the_next_act_goes_by_a_moved_clock(tmp_path: Path) -> None:
    file = tmp_path / "demo-clock"
    file.write_text(f"{2 * HOUR_MS}\n")
    clock = DemoClock(file)
    assert is_off_by(clock, 2)

    for hours in (3, -4):
        aside = tmp_path / "aside"
        aside.write_text(str(hours * HOUR_MS))
        aside.replace(file)
        assert is_off_by(clock, hours)


@pytest.mark.parametrize("spoil", [lambda file: file.write_text("noon"), lambda file: file.unlink()])
def test_a_file_that_cannot_be_read_changes_nothing(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    file = tmp_path / "demo-clock"
    file.write_text(str(HOUR_MS))
    clock = DemoClock(file)
    spoil(file)

    assert is_off_by(clock, 1)
    with pytest.raises(Malformed, match="baguier demo"):
        DemoClock(file)


def test_a_shifted_clock_is_refused_without_the_word_demo(tmp_path: Path) -> None:
    chosen = folder(tmp_path, is_demo=True, clock="0")

    with pytest.raises(DemoMismatch, match="--demo"):
        clock_to_serve(chosen, is_demo=False)
    assert isinstance(clock_to_serve(chosen, is_demo=True), DemoClock)


@pytest.mark.parametrize("clock", [None, "3600000"])
def test_a_real_shop_is_never_served_as_a_demonstration(tmp_path: Path, clock: str | None) -> None:
    chosen = folder(tmp_path, is_demo=False, clock=clock)

    with pytest.raises(DemoMismatch, match="no demonstration"):
        clock_to_serve(chosen, is_demo=True)


def test_an_empty_folder_is_no_demonstration(tmp_path: Path) -> None:
    with pytest.raises(DemoMismatch):
        clock_to_serve(settings_from(data=tmp_path, environment={}), is_demo=True)


def test_a_demonstration_that_lost_its_clock_says_so(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="baguier demo"):
        clock_to_serve(folder(tmp_path, is_demo=True, clock=None), is_demo=True)


def test_commands_write_by_the_clock_of_their_folder(tmp_path: Path) -> None:
    demo = folder(tmp_path / "demo", is_demo=True, clock=str(5 * HOUR_MS))
    real = folder(tmp_path / "real", is_demo=False, clock=None)

    with opened(demo) as store:
        assert isinstance(store.clock, DemoClock)
    assert isinstance(clock_of(real), SystemClock)
    real.demo_clock.write_text("0")
    with pytest.raises(DemoMismatch, match="Remove that file"):
        clock_of(real)
