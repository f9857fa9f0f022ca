"""Labels against the published vectors, and the labels that shops really print."""

import contextlib
import doctest
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core import barcode
from server.core.barcode import BarcodeError, parse_barcode

VECTOR_FILE = Path(__file__).resolve().parents[2] / "vectors" / "gs1_barcode.jsonl"
VECTORS: list[dict[str, Any]] = [
    json.loads(line) for line in VECTOR_FILE.read_text(encoding="utf-8").split("\n") if line
]


def vector_name(vector: dict[str, Any]) -> str:
    return str(vector["id"])


@pytest.mark.parametrize("vector", [vector for vector in VECTORS if vector["valid"]], ids=vector_name)
def test_published_label_parses_as_published(vector: dict[str, Any]) -> None:
    label = parse_barcode(vector["data"])

    assert dict(label.ais) == vector["ais"]
    assert label.aim == vector.get("aim")
    assert label.kind == vector.get("meaning", {}).get("kind", label.kind)


@pytest.mark.parametrize("vector", [vector for vector in VECTORS if not vector["valid"]], ids=vector_name)
def test_invalid_label_is_refused_for_the_stated_reason(vector: dict[str, Any]) -> None:
    with pytest.raises(BarcodeError) as refused:
        parse_barcode(vector["data"])

    # The link vectors say only "invalid", whatever the reason.
    assert vector["expect_error"] in {refused.value.reason, "invalid"}


def test_a_digital_link_in_a_plain_qr_code_is_found() -> None:
    label = parse_barcode("]Q1https://id.gs1.org/01/09506000134352/21/6789")

    assert (label.aim, label.kind, label.gtin) == ("Q1", "digital_link", "09506000134352")


def test_a_short_gtin_in_a_link_is_padded() -> None:
    assert parse_barcode("https://id.gs1.org/01/9506000134352").gtin == "09506000134352"


def test_a_link_that_is_no_digital_link_is_a_url() -> None:
    assert parse_barcode("https://example.com/ring").kind == "url"


def test_a_serial_without_its_gtin_is_kept_and_flagged() -> None:
    label = parse_barcode("]C121RING-0042")

    assert (label.ais, label.flags) == ((("21", "RING-0042"),), ("serial_without_gtin",))


@pytest.mark.parametrize(
    "text", ["BAG-000001", "BAG-000001.K7QXM", "21ABC", "10-4455", "800412", "12345678", "Bague é"]
)
def test_a_shop_s_own_number_is_never_taken_for_gs1(text: str) -> None:
    label = parse_barcode(text)

    assert (label.kind, label.sku, label.ais) == ("text", text, ())


def test_an_ean_with_a_wrong_check_digit_is_refused_when_the_symbol_vouches_for_it() -> None:
    with pytest.raises(BarcodeError) as refused:
        parse_barcode("]E04006381333932")

    assert refused.value.reason == "check_digit"


def test_hex_typed_by_a_wedge_reader_is_a_tag() -> None:
    label = parse_barcode("3074257BF7194E4000001A85")

    assert (label.kind, label.gtin, label.sku) == ("epc", "80614141123458", None)


@pytest.mark.parametrize("text", ["", " ", "]C1", "x" * 2_001])
def test_nothing_and_too_much_are_refused(text: str) -> None:
    with pytest.raises(BarcodeError):
        parse_barcode(text)


@given(text=st.text(max_size=60) | st.from_regex(r"\](C1|d2|Q3|Q1|E0)[0-9A-Z\x1d]{0,40}", fullmatch=True))
def test_any_text_is_parsed_or_refused_with_a_sentence(text: str) -> None:
    with contextlib.suppress(BarcodeError):
        assert parse_barcode(text).kind


def test_examples_in_the_documentation_hold() -> None:
    assert doctest.testmod(barcode).failed == 0
