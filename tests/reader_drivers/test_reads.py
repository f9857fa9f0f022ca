"""The wire messages: what is sent is what arrives, and nothing that breaks a limit is taken for a message."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader_drivers import reads
from reader_drivers.reads import (
    Ack,
    Batch,
    Drain,
    Drained,
    Hello,
    Idle,
    Listen,
    Listening,
    Message,
    MessageRefused,
    PassRow,
    ReaderEntry,
    ReaderHealth,
    ReadRow,
    ScanRow,
    decode_message,
    encode_message,
)

NAMES = st.text(min_size=1, max_size=20)
SEQS = st.integers(0, 2**53 - 1)
MS = st.integers(0, 2**53 - 1)
ANTENNAS = st.lists(st.integers(0, 255), max_size=4).map(tuple)
CDBM = st.none() | st.integers(-(10**9), 10**9)
ROWS = st.builds(
    ReadRow,
    st.binary(max_size=62),
    st.none() | st.binary(max_size=64),
    st.integers(0, 255),
    MS,
    MS,
    st.integers(0, 2**31 - 1),
    st.integers(0, 2**31 - 1),
    CDBM,
    CDBM,
)
MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.builds(
        Hello, st.just(1), NAMES, SEQS, st.lists(st.builds(ReaderEntry, NAMES, NAMES, ANTENNAS, NAMES)).map(tuple)
    ),
    st.builds(
        Batch,
        SEQS,
        NAMES,
        st.integers(0, 2**63 - 1),
        st.lists(st.builds(PassRow, st.integers(0, 255), SEQS, MS, MS)).map(tuple),
        st.lists(ROWS).map(tuple),
        st.lists(st.builds(ScanRow, st.text(), st.none() | st.just("E0"), MS)).map(tuple),
    ),
    st.builds(Ack, SEQS),
    st.builds(Listen, NAMES, NAMES, ANTENNAS, st.integers(0, 60_000)),
    st.builds(Listening, NAMES, SEQS),
    st.builds(Drain, NAMES),
    st.builds(Drained, NAMES, SEQS),
    st.builds(Idle, NAMES),
    st.builds(ReaderHealth, NAMES, NAMES, st.text(max_size=100)),
)


@given(MESSAGES)
def test_message_survives_encoding_and_decoding(message: Message) -> None:
    assert decode_message(encode_message(message)) == message


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused(raw: bytes) -> None:
    try:
        decode_message(raw)
    except MessageRefused:
        return


def test_batch_is_one_flat_array_named_first() -> None:
    batch = Batch(7, "pad", 9, (PassRow(1, 2, 0, 5),), (ReadRow(b"\xaa", None, 1, 0, 5, 3, 1, -15_000, -4_900),), ())

    assert msgspec.msgpack.decode(encode_message(batch)) == [
        "batch",
        7,
        "pad",
        9,
        [[1, 2, 0, 5]],
        [[b"\xaa", None, 1, 0, 5, 3, 1, -15_000, -4_900]],
        [],
    ]


ROW = (b"", None, 1, 0, 0, 1, 1, None, None)


@pytest.mark.parametrize(
    "wrong",
    [
        ["ack", -1],
        ["ack", 2**53],
        ["ack", 1.5],
        ["shout", 1],
        ["drain", ""],
        ["drain", "x" * 201],
        ["listen", "a", "pad", [1], 60_001],
        ["listen", "a", "pad", [256], 10],
        ["listen", "a", "pad", [1] * 65, 10],
        ["batch", 1, "pad", 0, [], [(b"x" * 63, *ROW[1:])], []],
        ["batch", 1, "pad", 0, [], [(*ROW[:5], -1, *ROW[6:])], []],
        ["batch", 1, "pad", 0, [], [ROW] * (reads.ROWS_MAX + 1), []],
        ["batch", 1, "pad", 0, [], [], [("x" * (reads.SCAN_CHARACTERS_MAX + 1), None, 0)]],
        {"ack": 1},
        7,
    ],
)
def test_message_beyond_a_limit_is_refused(wrong: object) -> None:
    with pytest.raises(MessageRefused):
        decode_message(msgspec.msgpack.encode(wrong))


def test_message_longer_than_the_limit_is_refused_unread() -> None:
    with pytest.raises(MessageRefused, match="1048576"):
        decode_message(bytes(reads.MESSAGE_BYTES_MAX + 1))


def test_deeply_nested_message_is_refused() -> None:
    with pytest.raises(MessageRefused):
        decode_message(b"\x91" * 100_000)
