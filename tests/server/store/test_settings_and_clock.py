"""Where the shop's records lie, and what time it is."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from server.clock import FixedClock, SystemClock, from_ms, to_ms
from server.core.errors import Malformed
from server.settings import settings_from


def test_an_option_wins_over_the_environment() -> None:
    around = {"BAGUIER_DATA": "/of/environment", "BAGUIER_PUBLIC_URL": "https://shop.example"}

    chosen = settings_from(data=Path("/of/option"), environment=around)

    assert chosen.database == Path("/of/option/baguier.sqlite3")
    assert chosen.public_url == "https://shop.example"
    assert settings_from(environment=around).data == Path("/of/environment")


def test_a_database_address_names_the_file_and_its_folder() -> None:
    chosen = settings_from(database_url="sqlite:////srv/shop/one.sqlite3", environment={})

    assert (chosen.database, chosen.data) == (Path("/srv/shop/one.sqlite3"), Path("/srv/shop"))


@pytest.mark.parametrize("url", ["postgresql://host/db", "sqlite:///", "sqlite://"])
def test_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(Malformed, match="SQLite"):
        settings_from(database_url=url, environment={})


def test_without_a_folder_the_sentence_says_how_to_name_one() -> None:
    with pytest.raises(Malformed, match="--data DIR or BAGUIER_DATA"):
        settings_from(environment={})


def test_the_clocks_are_in_utc() -> None:
    now = datetime.now(UTC)

    assert abs(SystemClock().now() - now) < timedelta(minutes=1)
    assert FixedClock(now.astimezone(timezone(timedelta(hours=2)))).now().tzinfo is UTC


def test_milliseconds_are_cut_and_come_back() -> None:
    moment = datetime(2026, 3, 2, 8, 35, 0, 123_999, tzinfo=UTC)

    assert from_ms(to_ms(moment)) == moment.replace(microsecond=123_000)
    assert to_ms(datetime(1969, 12, 31, 23, 59, 59, 999_500, tzinfo=UTC)) == -1
