import json
import random
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from server.core.errors import Malformed
from server.exports.record_pdf import (
    LINES_MAX,
    SealBroken,
    check_seal,
    make_record,
    render_record,
    seal_fingerprint,
)
from server.signer.client import SignerClient
from tests.server.exports.records import CLOSED_AT, closing_record, new_seal
from tests.server.signer.conftest import SignerBench

SEAL = new_seal()
FINGERPRINT = seal_fingerprint(SEAL.certificate)


@pytest.fixture(scope="module")
def sealed() -> bytes:
    return make_record(closing_record(), SEAL)


def embedded_files(pdf: bytes) -> dict[str, bytes]:
    names = PdfFileReader(BytesIO(pdf)).root["/Names"]["/EmbeddedFiles"]["/Names"]
    return {str(names[at]): names[at + 1]["/EF"]["/F"].data for at in range(0, len(names), 2)}


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("is_demo", [True, False])
def test_the_same_record_makes_the_same_unsealed_bytes(language: str, *, is_demo: bool) -> None:
    record = replace(closing_record(language=language), is_demo=is_demo)

    assert render_record(record, FINGERPRINT) == render_record(record, FINGERPRINT)


def test_record_declares_pdf_a_4f_and_embeds_its_fonts(sealed: bytes) -> None:
    assert re.search(rb"<pdfaid:part>4</pdfaid:part>", sealed)
    assert re.search(rb"<pdfaid:conformance>F</pdfaid:conformance>", sealed)
    assert b"/FontFile3" in sealed or b"FontFile" in sealed


def test_record_holds_its_content_as_json_with_recomputed_totals(sealed: bytes) -> None:
    content = json.loads(embedded_files(sealed)["record.json"])

    assert content["totals"] == {"places": 12, "expected": 300, "present": 299, "by_hand": 1, "missing": 1}
    assert content["seal"] == FINGERPRINT
    assert content["checkpoint"] == closing_record().checkpoint.split("\n")


def test_record_tells_the_tour_s_close_and_no_other_time(sealed: bytes) -> None:
    stamp = CLOSED_AT.strftime("%Y%m%d%H%M%S").encode()

    dates = re.findall(rb"\(D:(\d{14})", sealed)

    assert dates
    assert set(dates) == {stamp}


def test_sealed_record_is_accepted_for_the_pinned_certificate_only(sealed: bytes) -> None:
    check_seal(sealed, certificate_sha256=FINGERPRINT)

    with pytest.raises(SealBroken, match="another certificate"):
        check_seal(sealed, certificate_sha256="0" * 64)


@pytest.mark.slow
def test_no_flipped_bit_of_a_record_is_accepted(sealed: bytes) -> None:
    dice = random.Random(20260302)
    reserved = re.search(rb"/Contents <([0-9A-Fa-f]+)>", sealed)
    assert reserved is not None
    for _ in range(60):
        at = dice.randrange(len(sealed))
        if reserved.start(1) <= at < reserved.end(1):
            continue  # The signature itself, with its unused room: not what is signed.
        flipped = bytearray(sealed)
        flipped[at] ^= 1 << dice.randrange(8)

        with pytest.raises(SealBroken):
            check_seal(bytes(flipped), certificate_sha256=FINGERPRINT)


@pytest.mark.parametrize(
    "change", [lambda pdf: pdf + b"\n% more\n", lambda pdf: pdf[:-50], lambda _: b"", lambda _: b"%PDF-2.0"]
)
def test_longer_shorter_and_other_files_are_refused(sealed: bytes, change: object) -> None:
    assert callable(change)

    with pytest.raises(SealBroken):
        check_seal(change(sealed), certificate_sha256=FINGERPRINT)


def test_a_tour_that_closed_within_a_second_has_its_record() -> None:
    record = replace(closing_record(), closed_at=CLOSED_AT.replace(microsecond=250_000))

    assert b"D:20260302181240" in render_record(record, FINGERPRINT)


def test_record_without_a_seal_is_refused() -> None:
    with pytest.raises(SealBroken, match="0 seals"):
        check_seal(render_record(closing_record(), FINGERPRINT), certificate_sha256=FINGERPRINT)


def test_place_that_nobody_verified_is_counted_as_single() -> None:
    record = closing_record()
    alone = replace(record, lines=(replace(record.lines[0], person_b=""), *record.lines[1:]))

    content = json.loads(embedded_files(render_record(alone, FINGERPRINT))["record.json"])

    assert content["single"] == 1


def test_text_of_the_shop_is_never_taken_for_markup() -> None:
    record = replace(closing_record(), shop='#panic("x") *bold* $x$ [a] \\ // <tag> @ref "quoted"')

    content = json.loads(embedded_files(render_record(record, FINGERPRINT))["record.json"])

    assert content["shop"] == record.shop


def test_record_over_the_limit_or_in_another_language_is_refused() -> None:
    record = closing_record()

    with pytest.raises(Malformed):
        render_record(replace(record, lines=record.lines[:1] * (LINES_MAX + 1)), FINGERPRINT)
    with pytest.raises(Malformed):
        render_record(replace(record, language="de"), FINGERPRINT)


def test_forty_two_places_and_no_case_make_a_record() -> None:
    record = closing_record()
    long = replace(record, lines=(record.lines * 4)[:42], cases=(), uncovered=())

    assert render_record(long, FINGERPRINT).startswith(b"%PDF-2.0")


@pytest.mark.slow
def test_the_signing_process_seals_records(tmp_path: Path) -> None:
    from server.exports.record_pdf import Seal

    bench = SignerBench(tmp_path)
    bench.start()
    client = SignerClient(bench.socket_path)
    try:
        seal = Seal(client.pdf_certificate(), client.pdf_sign)
        check_seal(make_record(closing_record(), seal), certificate_sha256=seal_fingerprint(seal.certificate))
    finally:
        client.close()
        bench.close()
