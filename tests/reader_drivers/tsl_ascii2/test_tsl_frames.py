"""Lines, orders and tags of TSL sleds."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader_drivers.belief import BELIEF_MS
from reader_drivers.errors import FrameError, Rejected
from reader_drivers.framing import crc_gen2
from reader_drivers.tsl_ascii2.describe import Describer
from reader_drivers.tsl_ascii2.frames import LINE_BYTES_MAX, Line, LineHunt, Order, OrderHunt, encode_line, encode_order
from reader_drivers.tsl_ascii2.orders import parse_params
from reader_drivers.tsl_ascii2.tags import TagLines, Witness

# R200 user protocol V2.3.3 and a YRM100 bring-up log: PC, EPC and CRC as real tags sent them.
REAL_TAGS = [("3400", "30751FEB705C5904E3D50D70", "3A76"), ("3400", "E28011704000021D35AE4008", "D444")]
PRINTABLE = st.text(string.printable[:95], max_size=60).map(str.strip)


def lines(*chunks: bytes) -> list[Line | Rejected]:
    hunt = LineHunt()
    return [part for chunk in chunks for part in hunt.feed(chunk)] + hunt.flush()


def tag(*told: tuple[str, str], is_damaged: bool = False) -> TagLines:
    group = TagLines()
    for header, value in told:
        group.add(Line(header, value, b""))
    group.is_damaged = is_damaged
    return group


@given(st.sampled_from(["ME", "PR", "US", "CS"]), PRINTABLE.filter(lambda text: "CS: ." not in text))
def test_line_survives_encoding_and_decoding(header: str, value: str) -> None:
    raw = encode_line(header, value)

    assert lines(raw) == [Line(header, value, raw)]


@given(st.text(max_size=60).filter(lambda text: not text.startswith(" ")))
def test_barcode_of_any_characters_survives_its_escapes(barcode: str) -> None:
    raw = encode_line("BC", barcode)

    assert lines(raw) == [Line("BC", barcode, raw)]


@given(st.binary(max_size=80), PRINTABLE.filter(lambda text: "CS: ." not in text))
def test_garbage_before_a_block_does_not_lose_it(garbage: bytes, message: str) -> None:
    block = encode_line("CS", ".iv") + encode_line("ME", message) + encode_line("OK", "")

    found = lines(garbage + block)

    assert [part.header for part in found if isinstance(part, Line)][-3:] == ["CS", "ME", "OK"]
    assert b"".join(part.raw for part in found) == garbage + block


@pytest.mark.parametrize("cut", range(48))
def test_block_cut_anywhere_does_not_hide_the_next_one(cut: int) -> None:
    cut_block = b"CS: .iv\r\nEP: 000000000000000000001242\r\nME: No\r\n"[:cut]

    found = lines(cut_block + b"CS: .vr\r\nUS: 1\r\nOK:\r\n\r\n")

    assert [part.header for part in found if isinstance(part, Line)][-3:] == ["CS", "US", "OK"]


@pytest.mark.parametrize(
    "broken",
    [
        b"EP: 30051\r\n",
        b"EP: 3005G000\r\n",
        b"EP: " + b"3005" * 32 + b"\r\n",
        b"RI: -6 1\r\n",
        b"PC: 300\r\n",
        b"ER: x\r\n",
        b"ME: caf\xe9\r\n",
        b"ME: a\nb\r\n",
    ],
)
def test_value_that_its_header_cannot_have_is_rejected_as_one_piece(broken: bytes) -> None:
    found = lines(broken)

    assert [(type(part), part.raw) for part in found] == [(Rejected, broken)]
    assert str(getattr(found[0], "reason", "")).startswith("format:")


def test_end_of_a_block_takes_its_empty_line_and_comes_without_one_too() -> None:
    assert [part.raw for part in lines(b"OK:\r\n\r\nOK:\r\nCS: .iv\r\n")] == [
        b"OK:\r\n\r\n",
        b"OK:\r\n",
        b"CS: .iv\r\n",
    ]


@pytest.mark.parametrize(("header", "end"), [("ME", b"\r\n"), ("BC", b"\r\n"), ("BC", b"\x1b\r\r\n")])
def test_longest_line_is_read_and_one_byte_more_is_not(header: str, end: bytes) -> None:
    longest = f"{header}: ".encode().ljust(LINE_BYTES_MAX - len(end), b"A") + end
    longer = longest.replace(b"A", b"AA", 1)

    for size in (500, LINE_BYTES_MAX - 1, LINE_BYTES_MAX):
        chunks = [longer[at : at + size] for at in range(0, len(longer), size)]
        assert [part.raw for part in lines(longest)] == [longest]
        assert {type(part) for part in lines(*chunks)} == {Rejected}
        assert lines(*chunks) == lines(longer)


@given(st.sampled_from([".iv", ".bc -t 3", ".sa -a on -s inv"]))
def test_order_survives_encoding_and_decoding(text: str) -> None:
    hunt = OrderHunt()

    assert hunt.feed(b"\x00" + encode_order(text))[-1] == Order(text, encode_order(text))


def test_parameters_with_and_without_blanks_are_told_apart() -> None:
    assert parse_params("-al off -x -n -ron -qs s0 -o 29 -so0020 -rs -5") == {
        "al": "off",
        "x": True,
        "n": True,
        "r": "on",
        "qs": "s0",
        "o": "29",
        "so": "0020",
        "rs": "-5",
    }


@pytest.mark.parametrize(("pc", "epc", "crc"), REAL_TAGS)
def test_crc_of_real_tags_covers_pc_and_epc(pc: str, epc: str, crc: str) -> None:
    assert f"{crc_gen2(bytes.fromhex(pc + epc)):04X}" == crc


def test_tag_is_read_from_its_lines() -> None:
    pc, epc, crc = REAL_TAGS[1]

    read = tag(("EP", epc), ("PC", pc), ("CR", crc), ("RI", "-61"), ("TD", "e280117020001234")).read(antenna=1, at_ms=7)

    assert (read.id_hex, read.id_bits, read.id_kind, read.pc, read.tag_crc) == (epc, 96, "epc", 0x3400, 0xD444)
    assert (read.rssi_dbm, read.rssi_sum_cdbm, read.tid_hex) == (-61, -6_100, "E280117020001234")
    assert (read.antenna, read.at_ms) == (1, 7)


@pytest.mark.parametrize(
    ("told", "is_damaged", "word"),
    [
        ((("PC", "3400"), ("RI", "-61")), False, "format"),
        ((("EP", "3005FB63AC1F3681EC880468"), ("PC", "2800")), False, "length"),
        ((("EP", "30751FEB705C5904E3D50D71"), ("PC", "3400"), ("CR", "3A76")), True, "format"),
        ((("EP", "30751FEB705C5904E3D50D70"), ("RI", "-61")), True, "format"),
    ],
)
def test_tag_that_lost_or_changed_a_line_is_no_read(
    told: tuple[tuple[str, str], ...], *, is_damaged: bool, word: str
) -> None:
    with pytest.raises(FrameError, match=f"^{word}:"):
        tag(*told, is_damaged=is_damaged).read()


def test_fast_id_may_lengthen_pc_and_crc_by_the_tid() -> None:
    epc, tid = "30751FEB", "E2801170"
    crc = f"{crc_gen2(bytes.fromhex('2000' + epc + tid)):04X}"

    group = tag(("EP", epc), ("PC", "2000"), ("CR", crc), ("TD", tid))

    assert (group.is_proven, group.read().tid_hex) == (True, tid)


def told(witness: Witness, *lines: tuple[str, str], is_same_inventory: bool = False) -> tuple[str, str | None] | None:
    if not is_same_inventory:
        witness.begin_inventory(0)
    group = tag(*lines)
    group.raw = b"lines"
    try:
        read = witness.read(group, antenna=1, at_ms=0)
    except FrameError:
        return None
    return None if read is None else (read.id_hex, read.tid_hex)


def test_crc_counts_once_it_has_fitted() -> None:
    pc, epc, crc = REAL_TAGS[0]
    witness = Witness()
    proven = (("EP", epc), ("PC", pc), ("CR", crc))

    assert told(witness, *proven) == (epc, None)
    for damaged in ((("EP", epc),), (("EP", "4" + epc[1:]), *proven[1:])):
        assert [told(witness, *damaged) for _ in range(3)] == [None] * 3
    assert told(witness, *proven) == (epc, None)


def test_tag_that_no_crc_proves_counts_when_it_is_told_twice_alike() -> None:
    pc, epc, _ = REAL_TAGS[0]
    witness = Witness()

    for without in (
        (("EP", epc),),
        (("EP", "41524E4C"), ("PC", "1000"), ("CR", "0000")),
        (("EP", "AA"), ("PC", "3600")),
    ):
        assert told(witness, *without) is None
        assert told(witness, *without) == (without[0][1], None)
    assert told(witness, ("EP", epc), ("PC", pc), ("CR", "0000")) == (epc, None)


def test_one_that_has_xpc_needs_no_crc_to_fit_but_to_be_told_twice() -> None:
    pc, epc, crc = REAL_TAGS[0]
    witness = Witness()
    told(witness, ("EP", epc), ("PC", pc), ("CR", crc))
    odd = (("EP", "30751FEB"), ("PC", "1200"), ("CR", "0000"))

    assert [told(witness, *odd) for _ in range(2)] == [None, ("30751FEB", None)]


def test_tid_that_no_crc_covers_counts_when_it_is_told_twice_alike() -> None:
    pc, epc, crc = REAL_TAGS[0]
    witness = Witness()
    lines = (("EP", epc), ("PC", pc), ("CR", crc))

    found = [told(witness, *lines, ("TD", tid)) for tid in ("E2801170", "E2801171", "E2801170", "E2801170")]

    assert found == [(epc, None), (epc, None), (epc, "E2801170"), (epc, "E2801170")]


def test_line_that_came_twice_in_one_inventory_is_not_told_twice() -> None:
    pc, epc, crc = REAL_TAGS[0]
    witness = Witness()
    damaged = (("EP", epc), ("PC", pc), ("CR", crc), ("TD", "E2801171"))
    told(witness, *damaged)

    assert told(witness, *damaged, is_same_inventory=True) == (epc, None)


def test_tid_that_the_crc_covers_counts_at_once() -> None:
    epc, tid = "30751FEB", "E2801170"
    crc = f"{crc_gen2(bytes.fromhex('2000' + epc + tid)):04X}"

    assert told(Witness(), ("EP", epc), ("PC", "2000"), ("CR", crc), ("TD", tid)) == (epc, tid)


def test_tag_that_nothing_proves_and_no_other_inventory_tells_comes_out_at_last() -> None:
    witness = Witness()
    told(witness, ("EP", "30751FEB"))

    assert witness.begin_inventory(BELIEF_MS) == ()
    assert [piece.raw for piece in witness.begin_inventory(BELIEF_MS + 1)] == [b"lines"]


def test_damage_beside_a_proven_tag_costs_what_the_crc_does_not_cover() -> None:
    pc, epc, crc = REAL_TAGS[0]

    read = tag(("EP", epc), ("PC", pc), ("CR", crc), ("RI", "-61"), ("TD", "E2801170"), is_damaged=True).read()

    assert (read.id_hex, read.rssi_dbm, read.tid_hex) == (epc, None, None)


def test_toggle_bit_makes_the_code_a_uii_and_xpc_leaves_the_length_open() -> None:
    assert tag(("EP", "AA" * 12), ("PC", "3100")).read().id_kind == "uii"
    assert tag(("EP", "AA" * 12), ("PC", "3A00"), ("CR", "0000")).read().id_bits == 96


def described(capture: bytes) -> list[tuple[bytes, str, dict[str, object]]]:
    describer = Describer("reader_to_host")
    found = describer.feed(capture) + describer.finish()
    return [(raw, name, dict(facts)) for raw, (name, facts, _) in found]


def test_switch_lines_on_their_own_are_one_event_until_another_line() -> None:
    assert described(b"SW: single\r\nSW: off\r\nCS: .ab\r\nOK:\r\n\r\n") == [
        (b"SW: single\r\nSW: off\r\n", "state", {"switch": ["single", "off"]}),
        (b"CS: .ab\r\nOK:\r\n\r\n", "reply", {"echo": ".ab", "status": "OK"}),
    ]


def test_block_with_a_damaged_tag_names_it_and_reads_the_others() -> None:
    pc, epc, crc = REAL_TAGS[0]
    good, bad = (f"EP: {code}\r\nPC: {pc}\r\nCR: {crc}\r\n" for code in (epc, "00" * 10))

    found = Describer("reader_to_host").feed(f"CS: .iv\r\n{good}{bad}OK:\r\n\r\n".encode())

    _, (name, facts, reads) = found[0]
    assert (name, [read.id_hex for read in reads], facts["tags_damaged"]) == ("tag_read", [epc], 1)
    assert facts["tags"] == [{"epc": code, "pc": pc, "tag_crc": crc} for code in (epc, "00" * 10)]


def test_time_of_a_barcode_is_no_tag() -> None:
    assert [name for _, name, _ in described(b"CS: .bc\r\nDT: 2026-11-25T08:35:00\r\nBC: A\r\nOK:\r\n\r\n")] == [
        "barcode"
    ]


def test_block_without_its_end_is_rejected_and_the_next_one_read() -> None:
    assert [(name, raw) for raw, name, _ in described(b"CS: .iv\r\nEP: 1111\r\nCS: .ab\r\nOK:\r\n\r\n")] == [
        ("rejected", b"CS: .iv\r\nEP: 1111\r\n"),
        ("reply", b"CS: .ab\r\nOK:\r\n\r\n"),
    ]


def test_block_that_never_ends_is_given_up_in_parts() -> None:
    describer = Describer("reader_to_host")
    line = encode_line("ME", "A" * 8_000)

    sizes = [len(raw) for _ in range(200) for raw, _ in describer.feed(line)]

    assert len(sizes) == 3
    assert max(sizes) < 600_000
