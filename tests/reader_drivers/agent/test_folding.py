"""Folding: exact sums, whatever the windows."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from reader_drivers.agent.folding import Folder
from reader_drivers.driver import PassEnd
from reader_drivers.reads import ROWS_MAX, BarcodeScan, Batch, TagRead, decode_message

UTC_NS = 1_700_000_000_000_000_000

Step = TagRead | PassEnd | None
"""None: the window closes here."""


@st.composite
def steps(draw: st.DrawFn) -> list[Step]:
    """Reads, ends of passes and window ends in any order, on a clock that goes forward."""
    now, numbers, story = 1_000, Counter[int](), list[Step]()
    for kind in draw(st.lists(st.sampled_from("rrrrpw"), max_size=60)):
        now += draw(st.integers(0, 50))
        antenna = draw(st.integers(1, 2))
        if kind == "w":
            story.append(None)
        elif kind == "p":
            numbers[antenna] += 1
            story.append(PassEnd(antenna, numbers[antenna], now - 10, now))
        else:
            story.append(
                TagRead(
                    id_hex=draw(st.sampled_from(["AA", "BB", ""])),
                    tid_hex=draw(st.sampled_from([None, "E2"])),
                    antenna=antenna,
                    rssi_dbm=draw(st.integers(-90, -20)),
                    count=draw(st.integers(1, 3)),
                    at_ms=now,
                )
            )
    return story


def batches(story: list[Step]) -> list[Batch]:
    folder, found = Folder(), list[Batch]()

    def close() -> None:
        for folded in folder.take():
            raw = folded.maker("pad", lambda ms: UTC_NS + ms * 1_000_000)(len(found) + 1)
            batch = decode_message(raw)
            assert isinstance(batch, Batch)
            found.append(batch)

    for step in story:
        if step is None:
            close()
        else:
            folder.hear(step, 0)
    close()
    return found


@given(steps())
def test_sums_over_any_windows_equal_the_sums_over_all_hearings(story: list[Step]) -> None:
    counts, strengths, passes = Counter[object](), Counter[object](), Counter[object]()
    running: dict[int, set[object]] = {}
    for step in story:
        if isinstance(step, PassEnd):
            running.pop(step.antenna, None)
        elif isinstance(step, TagRead):
            key = (bytes.fromhex(step.id_hex), step.tid_hex and bytes.fromhex(step.tid_hex), step.antenna)
            counts[key] += step.count
            strengths[key] += round((step.rssi_dbm or 0) * 100) * step.count
            heard = running.setdefault(step.antenna or 0, set())
            passes[key] += key not in heard
            heard.add(key)

    rows = [row for batch in batches(story) for row in batch.reads]

    for wanted, name in ((counts, "dcount"), (strengths, "rssi_sum_cdbm"), (passes, "dpasses")):
        sums = Counter[object]()
        for row in rows:
            sums[(row.epc, row.tid, row.ant)] += getattr(row, name)
        assert sums == wanted


@given(steps())
def test_every_time_lies_behind_the_start_of_its_batch(story: list[Step]) -> None:
    for batch in batches(story):
        times = [row.first_ms for row in batch.reads] + [row.from_ms for row in batch.passes]
        assert min(times) == 0
        assert all(row.first_ms <= row.last_ms for row in batch.reads)


def test_silent_window_makes_no_batch() -> None:
    assert Folder().take() == []


def test_strength_unknown_to_the_reader_stays_unknown() -> None:
    (batch,) = batches([TagRead(id_hex="AA", antenna=1, at_ms=5)])

    assert (batch.reads[0].rssi_sum_cdbm, batch.reads[0].rssi_max_cdbm) == (None, None)


def test_scan_is_passed_on_with_its_moment() -> None:
    folder = Folder()
    folder.hear(BarcodeScan(text="JWL-1", aim="C1", at_ms=50), 0)
    folder.hear(BarcodeScan(text="JWL-2", at_ms=70), 0)

    (batch,) = [decode_message(f.maker("pad", lambda ms: ms * 1_000_000)(9)) for f in folder.take()]

    assert isinstance(batch, Batch)
    assert (batch.seq, batch.t0_utc_ns) == (9, 50_000_000)
    assert [(scan.text, scan.aim, scan.ms) for scan in batch.scans] == [("JWL-1", "C1", 0), ("JWL-2", None, 20)]


def test_window_with_more_rows_than_a_batch_holds_is_split() -> None:
    story: list[Step] = [TagRead(id_hex=f"{n:08X}", antenna=1, at_ms=n) for n in range(ROWS_MAX + 1)]

    assert [len(batch.reads) for batch in batches(story)] == [ROWS_MAX, 1]
