"""Tag contents against the published vectors, then properties, then the checks that libraries omit."""

import doctest
import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.epc import EpcError, decode, encode, gtin_and_serial, identity_of
from server.core.epc.content import escaped
from server.core.epc.schemes import DECODERS

VECTOR_FILES = Path(__file__).resolve().parents[3] / "vectors"
VECTORS: list[dict[str, Any]] = [
    json.loads(line) for line in (VECTOR_FILES / "tds_epc.jsonl").read_text(encoding="utf-8").splitlines()
]
VALID = [vector for vector in VECTORS if vector["valid"]]
WRITABLE = [vector for vector in VALID if vector["uri"] and not vector["uri"].startswith("urn:epc:tag:gid")]
# A factory identity is refused as an EPC and kept as a raw tag: the vectors state both, and a decoder of tags keeps it.
INVALID = [vector for vector in VECTORS if not vector["valid"] and not vector["hex"].startswith("E2")]


def vector_name(vector: dict[str, Any]) -> str:
    return str(vector["id"])


@pytest.mark.parametrize("vector", VALID, ids=vector_name)
def test_published_content_decodes_as_published(vector: dict[str, Any]) -> None:
    pc = int(vector["pc"], 16) if "pc" in vector else None

    content = decode(vector["hex"], pc=pc)

    assert content.uri == vector["uri"]
    assert content.epc_uri == vector.get("epc_uri")
    assert dict(content.ais) == vector["ais"]
    assert content.filter_value == vector.get("filter")
    assert content.scheme == vector["scheme"]
    assert content.hostname == vector.get("hostname")


@pytest.mark.parametrize("vector", WRITABLE, ids=vector_name)
def test_published_uri_encodes_to_the_published_content(vector: dict[str, Any]) -> None:
    assert encode(vector["uri"]) == vector["hex"]


@pytest.mark.parametrize("vector", INVALID, ids=vector_name)
def test_invalid_content_is_refused_for_the_stated_reason(vector: dict[str, Any]) -> None:
    with pytest.raises(EpcError) as refused:
        decode(vector["hex"])

    assert refused.value.reason == vector["expect_error"]


@st.composite
def sgtin_96_uris(draw: st.DrawFn) -> str:
    length = draw(st.integers(6, 12))
    prefix = draw(st.integers(0, 10**length - 1))
    reference = draw(st.integers(0, 10 ** (13 - length) - 1))
    serial = draw(st.integers(0, 2**38 - 1))
    return f"urn:epc:tag:sgtin-96:{draw(st.integers(0, 7))}.{prefix:0{length}}.{reference:0{13 - length}}.{serial}"


@st.composite
def giai_96_uris(draw: st.DrawFn) -> str:
    length = draw(st.integers(6, 12))
    prefix = draw(st.integers(0, 10**length - 1))
    bits = {12: 42, 11: 45, 10: 48, 9: 52, 8: 55, 7: 58, 6: 62}[length]
    asset = draw(st.integers(0, 2**bits - 1))
    return f"urn:epc:tag:giai-96:{draw(st.integers(0, 7))}.{prefix:0{length}}.{asset}"


@given(uri=sgtin_96_uris() | giai_96_uris())
def test_what_is_encoded_decodes_to_itself(uri: str) -> None:
    assert decode(encode(uri)).uri == uri


@given(header=st.sampled_from(["30", "34"]), rest=st.text("0123456789ABCDEF", min_size=22, max_size=22))
def test_a_content_is_refused_or_encodes_back_to_itself(header: str, rest: str) -> None:
    try:
        content = decode(header + rest)
    except EpcError:
        return

    assert encode(content.uri or "") == header + rest


@given(
    kind=st.sampled_from(
        ["sgtin-198:1.0614141.812345", "giai-202:0.0614141", "grai-170:0.0614141.12345", "sgln-195:0.0614141.12345"]
    ),
    serial=st.text("!\"%&'()*+,-./0189:;<=>?AZ_az", min_size=1, max_size=16),
)
def test_every_serial_of_gs1_text_survives_being_written(kind: str, serial: str) -> None:
    uri = f"urn:epc:tag:{kind}.{escaped(serial)}"

    assert decode(encode(uri)).uri == uri
    assert serial in dict(decode(encode(uri)).ais)[decode(encode(uri)).ais[-1][0]] or serial == "0"


@given(content=st.binary(max_size=16) | st.binary(min_size=11, max_size=11).map(lambda rest: b"\x30" + rest))
def test_the_short_way_to_gtin_and_serial_agrees_with_the_long_one(content: bytes) -> None:
    try:
        decoded = decode(content.hex())
        ais = dict(decoded.ais) if decoded.scheme == "sgtin-96" else {}
    except EpcError:
        ais = {}

    assert gtin_and_serial(content) == ((ais["01"], int(ais["21"])) if ais else None)


@given(text=st.text("0123456789ABCDEFabcdef", min_size=1, max_size=124))
def test_every_hex_text_has_one_identity(text: str) -> None:
    assert identity_of(text) == identity_of(text.lower())


@given(uri=sgtin_96_uris() | giai_96_uris(), other=st.integers(0, 7))
def test_tags_that_differ_only_in_filter_are_the_same_piece(uri: str, other: int) -> None:
    scheme, fields = uri.rsplit(":", 1)
    refiltered = f"{scheme}:{other}.{fields.split('.', 1)[1]}"

    assert identity_of(encode(refiltered)) == identity_of(encode(uri))


@given(uri=sgtin_96_uris(), words=st.integers(1, 4))
def test_zero_words_after_the_scheme_change_nothing(uri: str, words: int) -> None:
    assert identity_of(encode(uri) + "0000" * words) == identity_of(encode(uri))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("303C257BF7194E4000001A85", "partition"),
        ("30142578F7194E400000 1A85 0001", "trailing_bits"),
        ("34", "length"),
        ("3", "length"),
        ("", "length"),
        ("3034Z57BF7194E4000001A85", "hex"),
        ("A" * 125, "length"),
    ],
)
def test_a_content_that_breaks_its_scheme_is_refused(content: str, reason: str) -> None:
    with pytest.raises(EpcError) as refused:
        decode(content)

    assert refused.value.reason == reason


def made_by_hand(*fields: tuple[int, int]) -> str:
    """A content from (value, bits) pairs, independent of the encoder under test."""
    bits = "".join(f"{number:0{width}b}" for number, width in fields)
    return f"{int(bits, 2):0{len(bits) // 4}X}"


@pytest.mark.parametrize(
    "content",
    [
        made_by_hand((0x30, 8), (1, 3), (6, 3), (10**6, 20), (1, 24), (1, 38)),
        made_by_hand((0x30, 8), (1, 3), (5, 3), (10**7 - 1, 24), (10**6, 20), (1, 38)),
        made_by_hand((0x30, 8), (1, 3), (0, 3), (10**12 - 1, 40), (10, 4), (1, 38)),
        made_by_hand((0x34, 8), (0, 3), (6, 3), (10**6, 20), (1, 62)),
    ],
)
def test_a_number_beyond_its_digits_is_refused(content: str) -> None:
    with pytest.raises(EpcError) as refused:
        decode(content)

    assert refused.value.reason == "range"


def test_a_mis_encoded_label_keeps_an_identity_of_its_own() -> None:
    over_long = made_by_hand((0x30, 8), (1, 3), (6, 3), (10**6, 20), (1, 24), (1, 38))

    assert identity_of(over_long) == f"urn:epc:raw:96.x{over_long}"


def test_leading_zeros_keep_two_tags_apart() -> None:
    assert identity_of("00A1") != identity_of("A1")


@pytest.mark.parametrize("content", ["F03952114112345", "F7379521141123453A566CB0AFC4"])
def test_a_writing_not_taken_apart_keeps_its_raw_uri(content: str) -> None:
    assert decode(content).uri == f"urn:epc:raw:{4 * len(content)}.x{content}"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("F73795211411234548566CB0AFC4", "check_digit"),
        ("F737952114112345A8566CB0AFC4", "range"),
        ("F73795211411234538566CB0AF", "length"),
        ("F73795211411234538566CB0AFC4FFFF", "trailing_bits"),
        ("F73795211411234538066CB0AFC4", "text"),
        ("FA3952114132A", "range"),
    ],
)
def test_plus_schemes_are_checked_as_strictly(content: str, reason: str) -> None:
    with pytest.raises(EpcError) as refused:
        decode(content)

    assert refused.value.reason == reason


def test_filter_date_host_and_padding_do_not_change_which_piece_a_plus_tag_names() -> None:
    plain = "F73795211411234538566CB0AFC4"
    dated = "FB342CDE795211411234538566CB0AFC4000"

    assert identity_of(plain) == identity_of("F70" + plain[3:]) == identity_of(plain + "0000") == identity_of(dated)
    assert decode(dated).digital_link == "https://id.gs1.org/01/79521141123453/21/32a%2Fb?17=220630"


def test_what_follows_behind_the_toggle_describes_and_does_not_name() -> None:
    content = decode("F7B795211411234538566CB0AFC4F123")

    assert (content.filter_value, dict(content.ais)) == (3, {"01": "79521141123453", "21": "32a/b"})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("311BA1B300CE0A6A83000001", "reserved"),
        ("313C000000000000000000000", "partition"),
        ("3666C4409047E159B2C2BF100000000000000000000000000001", "trailing_bits"),
        (made_by_hand((0x36, 8), (1, 3), (5, 3), (1, 24), (1, 20), (0, 7), (0x41, 7), (0, 132)), "text"),
        (made_by_hand((0x36, 8), (1, 3), (5, 3), (1, 24), (1, 20), (0, 150)), "text"),
        (made_by_hand((0x33, 8), (1, 3), (0, 3), (1, 40), (1, 4), (1, 38)), "range"),
        (made_by_hand((0x3F, 8), (1, 3), (5, 3), (1, 24), (1, 17), (25, 41)), "serial"),
    ],
)
def test_other_schemes_are_checked_as_strictly(content: str, reason: str) -> None:
    with pytest.raises(EpcError) as refused:
        decode(content)

    assert refused.value.reason == reason


@given(rest=st.binary(min_size=11, max_size=27), header=st.sampled_from(sorted(DECODERS)))
def test_two_contents_of_one_length_and_filter_never_share_an_identity(rest: bytes, header: int) -> None:
    content = bytes([header]) + rest
    neighbour = bytes([header]) + rest[:-1] + bytes([rest[-1] ^ 1])

    assert identity_of(content.hex()) != identity_of(neighbour.hex())


def test_a_text_serial_is_escaped_in_uri_and_link() -> None:
    content = decode("3666C4409047E159B2C2BF100000000000000000000000000000")

    assert content.uri == "urn:epc:tag:sgtin-198:3.95060001343.05.32a%2Fb"
    assert content.digital_link == "https://id.gs1.org/01/09506000134352/21/32a%2Fb"


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("urn:epc:tag:sgtin-96:8.0614141.812345.1", "filter"),
        ("urn:epc:tag:sgtin-96:1.06141.81234599.1", "prefix"),
        ("urn:epc:tag:sgtin-96:1.0614141.81234.1", "reference"),
        ("urn:epc:tag:sgtin-96:1.0614141.812345.01", "serial"),
        ("urn:epc:tag:sgtin-96:1.0614141.812345.274877906944", "serial"),
        ("urn:epc:tag:sgtin-96:1.0614141.812345", "uri"),
        ("urn:epc:tag:giai-96:1.0614141.288230376151711744", "serial"),
        ("urn:epc:tag:giai-96:1.0614141.1.1", "serial"),
        ("urn:epc:raw:96.xA1", "length"),
        ("urn:epc:tag:sgtin-96:1.0614141.812345.A1", "serial"),
        ("urn:epc:tag:sgtin-96:1.0614141.812345.٣", "serial"),
        ("urn:epc:tag:sgtin-198:1.0614141.812345.", "serial"),
        ("urn:epc:tag:sgtin-198:1.0614141.812345.123456789012345678901", "serial"),
        ("urn:epc:tag:sgtin-198:1.0614141.812345.a%2fb", "uri"),
        ("urn:epc:tag:sgtin-198:1.0614141.812345.a/b", "uri"),
        ("urn:epc:tag:grai-96:1.061414112345.1.1", "reference"),
        ("urn:epc:tag:itip-110:1.0614141.812345.1.02.3", "reference"),
        ("urn:epc:tag:gid-96:1.2.3", "uri"),
        ("urn:epc:id:sgtin:0614141.812345.é", "serial"),
        ("x" * 300, "length"),
    ],
)
def test_a_uri_that_does_not_fit_is_refused_not_shortened(uri: str, reason: str) -> None:
    with pytest.raises(EpcError) as refused:
        encode(uri)

    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("identity", "scheme"),
    [
        ("urn:epc:id:sgtin:0614141.812345.6789", "sgtin-96"),
        ("urn:epc:id:sgtin:0614141.812345.06789", "sgtin-198"),
        ("urn:epc:id:sgtin:0614141.812345.RING.0042", "sgtin-198"),
        ("urn:epc:id:giai:0614141.BAG-000001", "giai-202"),
        ("urn:epc:id:grai:0614141.12345.400", "grai-96"),
        ("urn:epc:id:sscc:0614141.1234567890", "sscc-96"),
    ],
)
def test_a_pure_identity_takes_the_shortest_scheme_that_holds_it(identity: str, scheme: str) -> None:
    content = decode(encode(identity))

    assert (content.scheme, content.epc_uri) == (scheme, identity)


def test_a_pure_identity_is_written_as_an_item_for_sale() -> None:
    assert decode(encode("urn:epc:id:sgtin:0614141.812345.6789")).filter_value == 1


def test_the_digital_link_names_gtin_and_serial() -> None:
    link = decode("3074257BF7194E4000001A85").digital_link

    assert link == "https://id.gs1.org/01/80614141123458/21/6789"


@pytest.mark.parametrize("module", ["layout", "content", "decode", "schemes", "plus_schemes", "uri"])
def test_examples_in_the_documentation_hold(module: str) -> None:
    assert doctest.testmod(import_module(f"server.core.epc.{module}")).failed == 0
