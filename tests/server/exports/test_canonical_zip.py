import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.log import pack
from server.exports import canonical_zip
from server.exports.canonical_zip import ZipUnreadable, read_zip, write_zip

paths = st.from_regex(r"[a-z0-9]{1,8}(/[A-Za-z0-9]{1,8}){0,2}\.(json|csv)", fullmatch=True).filter(pack.is_member_path)
contents = st.dictionaries(paths, st.binary(max_size=200), max_size=8)


@given(contents)
def test_what_was_written_is_read_and_is_canonical(members: dict[str, bytes]) -> None:
    opened = read_zip(write_zip(members))

    assert (opened.members, opened.damaged, opened.is_canonical) == (members, (), True)


@given(contents)
def test_order_of_the_members_does_not_matter(members: dict[str, bytes]) -> None:
    assert write_zip(dict(reversed(members.items()))) == write_zip(members)


@given(contents)
def test_another_program_reads_what_was_written(members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(write_zip(members))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == members


def packed_again(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for path, raw in members.items():
            archive.writestr(path, raw)
    return file.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_zip_packed_again_is_read_but_is_not_canonical(method: int) -> None:
    opened = read_zip(packed_again({"a.json": b"x" * 100}, method))

    assert opened.members == {"a.json": b"x" * 100}
    assert not opened.is_canonical


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compression_that_unpacks_more_than_was_asked_for_is_refused(method: int) -> None:
    with pytest.raises(ZipUnreadable, match=f"compressed by method {method};"):
        read_zip(packed_again({"a.json": b"x" * 100}, method))


@pytest.mark.parametrize(
    "change", [lambda raw: raw + b"x", lambda raw: b"x" + raw, lambda raw: raw[:-2] + b"\x01\x00y"]
)
def test_bytes_around_the_zip_are_not_canonical(change: "object") -> None:
    raw = write_zip({"a.json": b"1", "b.json": b"2"})
    assert callable(change)

    try:
        opened = read_zip(change(raw))
    except ZipUnreadable:
        return
    assert not opened.is_canonical


def test_member_that_does_not_fit_its_check_sum_is_named() -> None:
    raw = write_zip({"a.json": b"first", "b.json": b"second"})

    opened = read_zip(raw.replace(b"second", b"sekond"))

    assert (opened.damaged, opened.is_canonical) == (("b.json",), False)


@pytest.mark.parametrize(
    "path",
    ["../a", "/a", "a//b", "a/../b", "a\\b", "é.json", "A.json", ".hidden", "a/.b", "a/b/c/d/e", "x" * 121, "a/"],
)
def test_paths_that_packs_do_not_have_are_refused_both_ways(path: str) -> None:
    with pytest.raises(ZipUnreadable):
        write_zip({path: b""})
    with pytest.raises(ZipUnreadable):
        read_zip(packed_again({path: b""}))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_member_named_twice_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.json", b"1")
        archive.writestr("a.json", b"2")

    with pytest.raises(ZipUnreadable, match="twice"):
        read_zip(file.getvalue())


@pytest.mark.parametrize("raw", [b"", b"PK", b"not a zip", bytes(100)])
def test_file_that_is_no_zip_is_unreadable(raw: bytes) -> None:
    with pytest.raises(ZipUnreadable):
        read_zip(raw)


def test_limits_hold_for_files_entries_and_unpacked_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = packed_again({"a.json": bytes(100_000)}, zipfile.ZIP_DEFLATED)
    many = packed_again({f"{number}.json": b"" for number in range(5)})

    monkeypatch.setattr(canonical_zip, "ZIP_BYTES_MAX", 2_000)
    with pytest.raises(ZipUnreadable, match="limits"):
        read_zip(bomb)
    with pytest.raises(ZipUnreadable, match="limits"):
        read_zip(bytes(2_001))
    with pytest.raises(ZipUnreadable, match="limits"):
        write_zip({"a.json": bytes(2_001)})
    monkeypatch.setattr(canonical_zip, "ENTRIES_MAX", 4)
    with pytest.raises(ZipUnreadable, match="limits"):
        read_zip(many)
