import io
import json
import random
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from server.cli.verify import verify_command
from server.exports.canonical_zip import read_zip, write_zip
from server.exports.record_pdf import Seal, make_record
from tests.server.exports.records import closing_record, new_seal
from tests.server.exports.shop_days import C1, C2, C3, ShopDay, honest_day, trust_in

CHANGES = 500


@pytest.fixture(scope="module")
def pack() -> bytes:
    return honest_day().pack()


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    path = tmp_path / "trust.json"
    path.write_text(trust_in(honest_day().notes[0]).to_json())
    return path


def document_of(
    raw: bytes, trust: Path | None, *, capsys: pytest.CaptureFixture[str], folder: Path
) -> dict[str, object]:
    path = folder / "pack.zip"
    path.write_bytes(raw)
    code = verify_command(path, trust, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert isinstance(document, dict)
    assert document["exit"] == code
    return document


def test_honest_pack_prints_one_line_a_property(
    pack: bytes, trust: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pack.zip").write_bytes(pack)

    assert verify_command(tmp_path / "pack.zip", trust, as_json=False) == 0

    lines = capsys.readouterr().out.splitlines()
    names = [
        "BYTES",
        "APPEND-ONLY",
        "COMPLETE",
        "TWO PEOPLE",
        "BLIND",
        "DRAW",
        "RECORDS",
        "TIME",
        "TAIL",
        "NOT CLAIMED",
        "VERDICT",
    ]
    assert [line[:11].strip() for line in lines] == names
    assert lines[-1].endswith("verified")


def test_honest_pack_without_trust_cannot_be_told(
    pack: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = document_of(pack, None, capsys=capsys, folder=tmp_path)

    assert (document["exit"], document["verdict"]) == (2, "cannot tell")


def changed_member(raw: bytes, dice: random.Random) -> bytes:
    """One change: a bit, a byte more, a byte less, two lines swapped, or a line dropped."""
    kind = dice.randrange(5)
    lines = raw.split(b"\n")
    if kind == 3 and len(lines) > 3:
        at = dice.randrange(len(lines) - 2)
        lines[at], lines[at + 1] = lines[at + 1], lines[at]
        swapped = b"\n".join(lines)
        if swapped != raw:
            return swapped
    if kind == 4 and len(lines) > 2:
        del lines[dice.randrange(len(lines) - 1)]
        return b"\n".join(lines)
    at = dice.randrange(len(raw))
    if kind == 1:
        return raw[:at] + bytes([dice.randrange(256)]) + raw[at:]
    if kind == 2:
        return raw[:at] + raw[at + 1 :]
    return raw[:at] + bytes([raw[at] ^ 1 << dice.randrange(8)]) + raw[at + 1 :]


@pytest.mark.slow
@pytest.mark.parametrize("with_trust", [True, False])
def test_every_changed_member_is_broken_and_named(
    pack: bytes, trust: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, with_trust: bool
) -> None:
    members = read_zip(pack).members
    dice = random.Random(20260302)
    for _ in range(CHANGES // 2):
        path = dice.choice(sorted(members))
        changed = {**members, path: changed_member(members[path], dice)}
        if changed[path] == members[path]:
            continue

        document = document_of(write_zip(changed), trust if with_trust else None, capsys=capsys, folder=tmp_path)

        assert document["exit"] == 1, path
        assert isinstance(document["properties"], list)
        assert document["properties"][0]["first_bad"] == path


@pytest.mark.slow
def test_no_flipped_bit_of_the_file_is_verified(
    pack: bytes, trust: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(20260302)
    codes = []
    for _ in range(CHANGES):
        raw = bytearray(pack)
        raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
        codes.append(document_of(bytes(raw), trust, capsys=capsys, folder=tmp_path)["exit"])

    assert set(codes) <= {1, 2}
    assert codes.count(1) > CHANGES // 2


def test_member_dropped_added_renamed_or_swapped_is_broken_and_named(
    pack: bytes, trust: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    members = dict(read_zip(pack).members)
    for path in members:
        rest = {name: raw for name, raw in members.items() if name != path}
        dropped = document_of(write_zip(rest), trust, capsys=capsys, folder=tmp_path)
        assert dropped["exit"] == 1
        assert path in str(dropped["properties"])

    added = document_of(write_zip({**members, "tables/more.csv": b"x"}), trust, capsys=capsys, folder=tmp_path)
    assert added["exit"] == 1
    assert "tables/more.csv" in str(added["properties"])


def test_pack_zipped_again_by_another_program_is_broken(
    pack: bytes, trust: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for changed in ({}, {"moves.jsonl": b"{}\n"}):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, raw in {**read_zip(pack).members, **changed}.items():
                archive.writestr(path, raw)

        document = document_of(file.getvalue(), trust, capsys=capsys, folder=tmp_path)

        assert document["exit"] == 1
        assert isinstance(document["properties"], list)
        assert document["properties"][0]["first_bad"] == ("moves.jsonl" if changed else "the ZIP file")


@pytest.fixture(scope="module")
def seal() -> Seal:
    return new_seal()


def day_with_record(
    seal: Seal, *, sealed_by: Seal | None = None, missing: int = 0, counts: tuple[str, ...] = (C1, C2)
) -> ShopDay:
    """An honest day and the record of its tour, which says of each count what was signed unless told otherwise."""
    line = replace(closing_record().lines[0], present=2, by_hand=0, missing=missing)
    record = replace(closing_record(), lines=tuple(replace(line, count=count) for count in counts))
    day = honest_day()
    day.certificate = seal.certificate
    day.keep_record(make_record(record, sealed_by or seal))
    return day


@pytest.fixture
def sealed_trust(seal: Seal, tmp_path: Path) -> Path:
    trust = tmp_path / "sealed_trust.json"
    trust.write_text(trust_in(honest_day().notes[0], certificate=seal.certificate).to_json())
    return trust


def test_a_record_that_says_what_was_signed_is_ok(
    seal: Seal, sealed_trust: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = document_of(day_with_record(seal).pack(), sealed_trust, capsys=capsys, folder=tmp_path)

    assert document["exit"] == 0
    assert "All 1 records bear the seal" in str(document["properties"])


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda day: day.records.clear(), id="missing"),
        pytest.param(lambda day: day.records.update({"2026-03-02-closing": b"%PDF"}), id="another file"),
        pytest.param(lambda day: day.records.update({"2026-03-03-closing": b"%PDF"}), id="one more"),
    ],
)
def test_a_record_that_the_log_does_not_tell_of_or_that_is_missing_is_named(
    change: Callable[[ShopDay], None],
    seal: Seal,
    sealed_trust: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    day = day_with_record(seal)
    change(day)

    document = document_of(day.pack(), sealed_trust, capsys=capsys, folder=tmp_path)

    assert document["exit"] == 1
    assert "'first_bad': 'records/2026-03-0" in str(document["properties"])


def test_another_record_with_the_same_figures_and_seal_is_not_the_one_that_was_made(
    seal: Seal, sealed_trust: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = day_with_record(seal)
    (made,) = day.records.values()
    day.records = {name: day_with_record(seal).records[name] for name in day.records}
    assert [made] != list(day.records.values()), "each seal is another"

    document = document_of(day.pack(), sealed_trust, capsys=capsys, folder=tmp_path)

    assert document["exit"] == 1
    assert "is not the record that was made in leaf" in str(document["properties"])


@pytest.mark.parametrize(
    ("false", "complaint"),
    [
        pytest.param({"missing": 1}, "something else than was signed", id="other figures"),
        pytest.param({"counts": (C1,)}, "something else than was signed", id="a count left out"),
        pytest.param({"counts": (C1, C2, C3)}, "something else than was signed", id="a count that was not closed"),
        pytest.param({"sealed_by": new_seal()}, "another certificate", id="another seal"),
    ],
)
def test_a_record_that_says_something_else_is_broken_and_named(
    false: dict[str, Any],
    complaint: str,
    seal: Seal,
    sealed_trust: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = document_of(day_with_record(seal, **false).pack(), sealed_trust, capsys=capsys, folder=tmp_path)

    assert document["exit"] == 1
    assert "'first_bad': 'records/2026-03-02-closing.pdf'" in str(document["properties"])
    assert complaint in str(document["properties"])


def test_files_that_cannot_be_read_are_cannot_tell(
    pack: bytes, trust: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pack.zip"
    assert verify_command(path, trust, as_json=False) == 2
    path.write_bytes(b"not a zip")
    assert verify_command(path, trust, as_json=False) == 2
    path.write_bytes(pack)
    trust.write_text("{}")
    assert verify_command(path, trust, as_json=False) == 2

    said = capsys.readouterr().err
    assert said.count("Cannot tell: ") == 3
    assert f"{path} cannot be opened: No such file or directory. Check the path." in said
