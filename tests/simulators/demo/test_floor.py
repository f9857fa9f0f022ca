"""What is done on the floor is heard by the readers, seen by other processes, and never goes back in time."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from simulators.demo.floor import Floor, FloorError
from tests.simulators.demo.floors import ONE, SAFE, TWO, make_floor


def tags(folder: Path, reader: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{reader}.tags").read_text().splitlines()]


def test_the_readers_hear_what_lies_on_their_antennas(tmp_path: Path) -> None:
    floor = Floor(make_floor(tmp_path))
    floor.lay("BAG-000002", TWO)
    floor.write()

    heard = {(tag["antenna"], tag["epc"][-1]) for tag in tags(tmp_path, "vitrine-1")}
    assert heard == {(1, "1"), (2, "2")}
    assert [tag["epc"][-1] for tag in tags(tmp_path, "coffre")] == ["3"]


def test_a_stolen_piece_is_in_no_tags_file_and_can_be_put_back(tmp_path: Path) -> None:
    floor = Floor(make_floor(tmp_path))
    floor.steal("BAG-000003")
    floor.write()
    assert tags(tmp_path, "coffre") == []
    assert [piece.ref for piece in floor.gone()] == ["BAG-000003"]

    floor.lay("BAG-000003", SAFE)
    floor.write()
    assert len(tags(tmp_path, "coffre")) == 1


def test_a_dead_tag_lies_there_and_is_mute(tmp_path: Path) -> None:
    floor = Floor(make_floor(tmp_path))
    floor.kill_tag("BAG-000001")
    floor.write()

    assert [tag.get("mute", False) for tag in tags(tmp_path, "vitrine-1")] == [True, False]
    assert [piece.ref for piece in floor.pieces_in(ONE)] == ["BAG-000001", "BAG-000002"]


def test_two_processes_take_turns_on_one_floor(tmp_path: Path) -> None:
    path = make_floor(tmp_path)
    page, day = Floor(path), Floor(path)
    page.steal("BAG-000001")
    page.write()
    day.kill_tag("BAG-000002")
    day.write()
    page.refresh()

    assert (day.lies_in("BAG-000001"), page.is_dead("BAG-000002")) == (None, True)
    assert Floor(path).lies_in("BAG-000001") is None


def test_acts_before_a_write_are_kept_together(tmp_path: Path) -> None:
    floor = Floor(make_floor(tmp_path))
    floor.write()
    floor.steal("BAG-000001")
    floor.steal("BAG-000002")

    assert len(floor.gone()) == 2


def test_scans_are_appended_line_by_line(tmp_path: Path) -> None:
    floor = Floor(make_floor(tmp_path))
    floor.scan("BAG-000001.ABCDE")
    floor.scan("BAG-000002.ABCDE")

    assert (tmp_path / "scans").read_text() == "BAG-000001.ABCDE\nBAG-000002.ABCDE\n"
    with pytest.raises(FloorError):
        floor.scan("two\nlines")


def test_the_clock_goes_forward_only(tmp_path: Path) -> None:
    floor = Floor(make_floor(tmp_path))
    later = floor.now() + dt.timedelta(hours=3)
    floor.set_clock(later)

    assert abs((floor.now() - later).total_seconds()) < 5
    with pytest.raises(FloorError, match="forward"):
        floor.set_clock(later - dt.timedelta(minutes=1))
    assert floor.now().tzinfo is floor.zone


def test_unknown_pieces_and_trays_are_refused(tmp_path: Path) -> None:
    floor = Floor(make_floor(tmp_path))
    for wrong in (
        lambda: floor.steal("BAG-9"),
        lambda: floor.lay("BAG-000001", "Vitrine 1"),
        lambda: floor.pieces_in("x"),
    ):
        with pytest.raises(FloorError):
            wrong()


def test_what_the_floor_writes_is_its_owners_only(tmp_path: Path) -> None:
    Floor(make_floor(tmp_path)).write()

    assert {(tmp_path / name).stat().st_mode & 0o777 for name in ("vitrine-1.tags", "floor_state.json")} == {0o600}
