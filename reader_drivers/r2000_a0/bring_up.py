"""Bring-up: what a reader must be told before the first round, judged from its own answers.

Region and power live in the reader's flash memory and survive the power switch: only what differs is written, and whatever
was written is read back.
"""

from typing import Final

from reader_drivers.driver import ReaderError, ReadPlan
from reader_drivers.r2000_a0 import orders

Step = tuple[int, bytes]
"""Order and payload; the address is added when it is sent."""

QUESTIONS: Final[tuple[Step, ...]] = ((orders.GET_FIRMWARE, b""), (orders.GET_REGION, b""), (orders.GET_POWER, b""))
"""The region comes before the power: nothing is ever strengthened under wrong rules."""

_SETTERS: Final = {orders.GET_REGION: orders.SET_REGION, orders.GET_POWER: orders.SET_POWER}


def steps_after(plan: ReadPlan, question: int, payload: bytes) -> tuple[Step, ...]:
    """What to write and ask again after this answer; empty when it is as planned."""
    if question not in _SETTERS or _is_as_planned(plan, question, payload):
        return ()
    return ((_SETTERS[question], _wanted(plan, question)), (question, b""))


def mismatch(plan: ReadPlan, question: int, payload: bytes, *, raw: bytes) -> ReaderError | None:
    """Why the reader must stay silent although it took the order; None: it does what the plan says."""
    if _is_as_planned(plan, question, payload):
        return None
    if question == orders.GET_REGION:
        found, wanted = orders.region_words(payload), orders.region_words(_wanted(plan, question))
        advice = "Check the region in agent.toml and the reader's model."
        code = "region_mismatch"
    else:
        found, wanted = f"{list(payload)} dBm", f"{plan.power_cdbm // 100} dBm"
        advice = "Write a power_dbm that this model has."
        code = "power_mismatch"
    meaning = f"The reader reports {found} instead of {wanted}; it stays silent. {advice}"
    return ReaderError(code, meaning, is_retryable=False, raw=raw)


def _wanted(plan: ReadPlan, question: int) -> bytes:
    return orders.REGIONS[plan.region] if question == orders.GET_REGION else bytes((plan.power_cdbm // 100,))


def _is_as_planned(plan: ReadPlan, question: int, payload: bytes) -> bool:
    """The power is told once for all antennas or once for each."""
    wanted = _wanted(plan, question)
    return payload == wanted or (question == orders.GET_POWER and bool(payload) and payload == wanted * len(payload))
