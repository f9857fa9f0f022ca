"""Seeded tags: a shop's population and how often each is heard, the same for every run of one seed."""

import random
from dataclasses import dataclass

ANTENNAS = 4
"""Of a tray reader of the usual kind."""
FIRST_SIGHTS = 0.05
"""Share of hearings that are the first of their tag: what a tray that lies still gives in a second (performance.md 3.2)."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """One hearing of one tag, before any protocol."""

    epc: bytes
    """12 bytes: SGTIN-96 of one company."""
    antenna: int
    """1-based."""
    rssi_dbm: int
    ms: int
    """Reader's clock, rising."""


def population(size: int, seed: int) -> list[bytes]:
    """Different EPCs of one company: header 30, filter 1, partition 5, then item and serial by chance."""
    chance = random.Random(seed)
    prefix = (0x30 << 88) | (1 << 85) | (5 << 82) | (0x0361234 << 58)
    tails = chance.sample(range(1 << 40), size)
    return [(prefix | tail).to_bytes(12, "big") for tail in tails]


def hearings(size: int, seed: int) -> list[Hearing]:
    """Hearings in the order of the air: 5 % first sights, the rest repeats of tags heard before."""
    chance = random.Random(seed)
    tags = population(max(1, int(size * FIRST_SIGHTS)), seed)
    return [
        Hearing(epc=chance.choice(tags), antenna=chance.randint(1, ANTENNAS), rssi_dbm=-chance.randint(30, 80), ms=turn)
        for turn in range(size)
    ]
