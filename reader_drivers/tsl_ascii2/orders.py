"""Orders of TSL sleds: their names, parameters, error codes, and the sequence that the session sends.

Source: readers.md 5.1; parameter names and error codes also from cfe-lab/stocky and inteli-city/redwood-native-lib.
"""

import re
from dataclasses import dataclass
from typing import Final

from reader_drivers.driver import ReadPlan, Region
from reader_drivers.errors import PlanRefused

NAMES: Final = {
    "ab": "abort",
    "al": "alert",
    "bc": "read_barcode",
    "bl": "battery",
    "da": "date",
    "ec": "echo",
    "fd": "factory_defaults",
    "ft": "find_tag",
    "iv": "inventory",
    "ki": "kill",
    "lo": "lock",
    "rd": "read",
    "sa": "switch_action",
    "sl": "sleep",
    "sr": "region",
    "ss": "switch_state",
    "tm": "time",
    "vr": "version",
    "wr": "write",
    "ws": "write_single",
}
"""Names of the orders that a shop meets in a capture."""

_PARAMS: Final = (
    *("al", "ap", "bh", "da", "db", "dl", "do", "dr", "dt", "fi", "fs", "ic", "ie", "io", "ip", "ix", "kp", "qa", "ql"),
    *(
        "qs",
        "qt",
        "qv",
        "rd",
        "rs",
        "sa",
        "sb",
        "sd",
        "sl",
        "so",
        "st",
        "tf",
        "a",
        "b",
        "c",
        "d",
        "e",
        "h",
        "l",
        "m",
        "n",
    ),
    *("o", "p", "r", "s", "t", "v", "x"),
)
"""Parameter names, longer ones first: a value may follow its name without a blank (`-ron`)."""

ERROR_MEANINGS: Final = {
    1: "syntax error",
    2: "parameter not supported",
    3: "action not enabled",
    4: "order not supported by this model",
    5: "no transponder found",
    6: "no barcode found",
    7: "parameters contradict each other",
    8: "antenna or radio error: not fitted, or made for another region",
    9: "battery too low; charge the sled",
    10: "barcode scanner not ready",
    11: "order not supported over this link",
    12: "order not supported from the autorun file",
    13: "write failed",
    14: "switch already in use; release the trigger",
    15: "order aborted",
    16: "lock failed",
    17: "Bluetooth error",
    18: "licence key is not blank",
    255: "system error of the sled",
}
NOTHING_FOUND: Final = frozenset({5, 6})
"""Answers to a look around that met nothing: ordinary traffic."""
ABORTED: Final = 15
RETRYABLE: Final = frozenset({8, 9, 10, 14, 255})
"""A person or time can mend these; the others are wrong orders."""

POWER_DBM_MIN: Final = 10
POWER_DBM_MAX: Final = 29
ABORT: Final = ".ab"
_REGIONS: Final = frozenset({Region.EU, Region.US, Region.JP, Region.CN, Region.IN})
"""Regions that sleds are made for. EU = the lower band; no sled tells whether it keeps to the upper one."""
_REGION_WORD: Final = re.compile(r"(?<![A-Z0-9])(EU|US|JP|CN|IN|AU|NZ|BR|KR|TW|SG|MY|TH|VN|HK|ZA|IL|MX|CL)(?![A-Z0-9])")
"""Markets in serial numbers and answers; other letters in a serial number mean nothing here."""


@dataclass(frozen=True, slots=True)
class Step:
    """One order of the bring-up."""

    text: str
    loss: str = ""
    """What is lost when the sled refuses it; empty: nothing works without it."""


def bring_up(plan: ReadPlan) -> list[Step]:
    """Every order before the first inventory. None of them transmits.

    Raises: PlanRefused: no sled is made for the region, the power is no whole dBm from 10 to 29, or there is not just
    antenna 1.
    """
    _require_possible(plan)
    settings = f".iv -x -n -al off -c on -e on -r on -ie on -io on -ql all -qs s{plan.session} -qt a -o {plan.power_cdbm // 100}"
    steps = [
        # An action of an earlier life of the agent, or of a finger on the trigger, ends here.
        Step(ABORT),
        Step(".vr"),
        Step(".sr -p", loss="the region is not read back"),
        Step(settings),
        Step(".iv -n -p", loss="the power is not read back"),
    ]
    if plan.tid_words:
        steps.append(Step(".iv -n -fi on", loss="reads carry no TID"))
    # A person who pulls the trigger scans a label; the sled hears tags by our orders alone.
    steps.append(Step(".bc -n -e on -t 2", loss="barcodes with line breaks are not read"))
    steps.append(Step(".sa -a on -s bar", loss="the trigger does not scan labels"))
    return steps


def inventory(session: int, number: int) -> str:
    """The order of one inventory. Target A and B by turns, so that a tag answers in both states of its session flag.

    In session 0 a tag is in state A again as soon as the sled is silent, so B is never asked.

    >>> inventory(1, 0), inventory(1, 1), inventory(0, 1)
    ('.iv -qt a', '.iv -qt b', '.iv -qt a')
    """
    return ".iv -qt b" if session and number % 2 else ".iv -qt a"


def is_turn_over(session: int, inventories: int) -> bool:
    """After so many inventories, every target was asked equally often."""
    return not session or inventories % 2 == 0


def parse_params(text: str) -> dict[str, str | bool]:
    """Parameters of an order or of a `PR` line: name → value, True for a name without one.

    >>> parse_params("-x -n -ron -o 20")
    {'x': True, 'n': True, 'r': 'on', 'o': '20'}
    """
    params: dict[str, str | bool] = {}
    name = ""
    for word in text.split():
        if word.startswith("-") and not word[1:].isdigit():
            name, value = _split(word[1:])
            params[name] = value or True
        elif name:
            params[name] = word
    return params


def _split(word: str) -> tuple[str, str]:
    known = word if word in _PARAMS else next((name for name in _PARAMS if word.startswith(name)), word)
    return known, word.removeprefix(known)


def region_told(text: str) -> str | None:
    """The region in a serial number or in the answer to `.sr`: two letters that stand alone. None: there are none.

    >>> region_told("1128-S1-EU-000001"), region_told("-s us"), region_told("1128-000001")
    ('EU', 'US', None)
    """
    word = _REGION_WORD.search(text.upper())
    return None if word is None else word.group()


def _require_possible(plan: ReadPlan) -> None:
    if plan.region not in _REGIONS:
        raise PlanRefused(f"No tsl_ascii2 sled is made for {plan.region}; choose one of {', '.join(sorted(_REGIONS))}.")
    power_dbm, rest = divmod(plan.power_cdbm, 100)
    if rest or not POWER_DBM_MIN <= power_dbm <= POWER_DBM_MAX:
        raise PlanRefused(
            f"The power is {plan.power_cdbm} cdBm; a tsl_ascii2 sled takes whole dBm, {POWER_DBM_MIN} to {POWER_DBM_MAX}."
        )
    if plan.antennas != (1,):
        raise PlanRefused(f"The antennas are {list(plan.antennas)}; a tsl_ascii2 sled has one: write antennas = [1].")
