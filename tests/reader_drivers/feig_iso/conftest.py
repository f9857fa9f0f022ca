"""A FEIG session that reads."""

import pytest

from reader_drivers.driver import ReaderPhase
from reader_drivers.feig_iso.machine import FeigIsoDriver
from tests.reader_drivers.feig_iso.answers import (
    INVENTORY,
    ON,
    PLAN,
    RESET,
    RESET_DONE,
    SWITCHED,
    VERSION,
    VERSION_ANSWER,
)


@pytest.fixture
def reading() -> FeigIsoDriver:
    """A driver whose first inventory is on its way; the pass began at 10."""
    driver = FeigIsoDriver()
    assert driver.start(PLAN).sent == VERSION
    assert driver.feed(VERSION_ANSWER, 0).sent == ON
    assert driver.feed(SWITCHED, 5).sent == RESET
    assert driver.feed(RESET_DONE, 10).sent == INVENTORY
    assert driver.phase is ReaderPhase.READING
    return driver
