"""D6 and D7: tags' contents to GTIN and serial, labels to GS1 values, against the libraries that others use."""

import random
import warnings
from collections.abc import Callable

import pytest
from biip import parse as biip_parse

from server.core.barcode import parse_barcode
from server.core.epc import bank_of, encode, gtin_and_serial
from server.core.epc.layout import check_digit
from tests.benchmarks.conftest import Measure
from tests.benchmarks.harness import SEED, cpu_cost

TAGS = 2_000
REPEATS = 20
"""Ours takes so little that one walk over the tags could not be timed."""
MODELS = 200
"""A jeweller's shop has some hundred models of a few pieces each."""
LABELS = 300


def epcpy_elements() -> Callable[[str], str]:
    """The library's way from hex to a GS1 element string. Its source has warnings that Python tells at the first import."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from epcpy.epc_schemes.sgtin import SGTIN

    return lambda digits: str(SGTIN.from_hex(digits).gs1_element_string())


def contents() -> list[str]:
    """SGTIN-96 of pieces of some models, as a tray count meets them."""
    chance = random.Random(SEED)
    items = [f"{chance.randrange(10**7):07}.{chance.randrange(10**6):06}" for _ in range(MODELS)]
    return [encode(f"urn:epc:tag:sgtin-96:1.{chance.choice(items)}.{chance.randrange(2**38)}") for _ in range(TAGS)]


def labels() -> list[str]:
    chance = random.Random(SEED)
    gtins = [f"{chance.randrange(10**13):013}" for _ in range(LABELS)]
    return [f"01{gtin}{check_digit(gtin)}21{chance.randrange(10**6)}" for gtin in gtins]


@pytest.mark.benchmark
def test_tag_contents_become_gtin_and_serial(measure: Measure) -> None:
    hexes = contents()
    octets = [bytes.fromhex(bank_of(digits).epc) for digits in hexes]
    elements = epcpy_elements()
    ours = [f"(01){gtin}(21){serial}" for gtin, serial in map(_ours, octets)]
    assert ours == [elements(digits) for digits in hexes]

    measure(
        "D6",
        subject=cpu_cost(lambda: [gtin_and_serial(one) for one in octets * REPEATS], operations=TAGS * REPEATS),
        baseline=cpu_cost(lambda: [elements(digits) for digits in hexes], operations=TAGS),
    )


@pytest.mark.benchmark
def test_labels_become_gs1_values(measure: Measure) -> None:
    texts = labels()
    found = biip_parse(texts[0]).gs1_message
    assert found is not None
    assert [(one.ai.ai, one.value) for one in found.element_strings] == list(parse_barcode(f"]d2{texts[0]}").ais)

    measure(
        "D7",
        subject=cpu_cost(lambda: [parse_barcode(f"]d2{text}") for text in texts], operations=LABELS),
        baseline=cpu_cost(lambda: [biip_parse(f"]d2{text}") for text in texts], operations=LABELS),
    )


def _ours(epc: bytes) -> tuple[str, int]:
    found = gtin_and_serial(epc)
    assert found is not None
    return found
