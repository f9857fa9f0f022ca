"""Pace: how fast a simulated reader tells what it hears."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Pace:
    """How fast a search goes."""

    rate: float = 0.0
    """Tags a second; 0: as fast as the link takes them."""
    pass_s_min: float = 0.003
    """Shortest pass. Four antennas of 3 ms repeat a tag after 12 ms, beyond the shortest pass a driver tells apart (10 ms)."""

    @property
    def interval_s(self) -> float:
        """Time between two tags."""
        return 1 / self.rate if self.rate > 0 else 0.0
