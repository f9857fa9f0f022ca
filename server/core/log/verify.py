"""Verify: what a stranger can say of a pack from its members and from what they held before. Pure; needs no shop.

The order of the work is the order of trust: the bytes are those of the signed manifest, the leaves are those of the
signed tree, the tree continues the heads held earlier, and only then do the leaves mean anything.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, TypeVar

from server.core.errors import Malformed
from server.core.log import pack, verify_counts, verify_draw, verify_records
from server.core.log.checkpoint import Checkpoint, open_note, open_pack_note, parse_pack_text, split_notes
from server.core.log.events import EventType, Leaf
from server.core.log.findings import Finding, Property, RecordBroken, State, Verification
from server.core.log.merkle import leaf_hash, roots_at
from server.core.log.note import VerifierKey, unsigned_text
from server.core.log.pack import Manifest
from server.core.log.trust import Trust
from server.core.log.verify_records import ReadRecord

T = TypeVar("T")

_ZIP: Final = "the ZIP file"
PROFILES_WITHOUT_RECORDS: Final = frozenset({"auditor"})
"""For whom a pack is made without people's names, and so without records."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A pack whose bytes are those of its signed manifest."""

    members: Mapping[str, bytes]
    count: str | None
    """The one count that the pack is an extract about; None: it is about all."""
    has_records: bool
    """False: this profile leaves them out, for they name people."""
    head: Checkpoint
    raw_leaves: tuple[bytes, ...]
    leaves: "tuple[Leaf, ...] | RecordBroken"
    """The leaves in values, or why they cannot be read: each property that needs them is then broken."""
    signed: tuple[Checkpoint, ...] | RecordBroken
    """The checkpoints in the pack, checked with the trusted keys, else with the pack's own; or why they are not good."""
    held: tuple[Checkpoint, ...]
    """What the reader holds of this log, smallest first."""
    roots: Mapping[int, bytes]
    """Roots at the sizes that checkpoints and signatures speak of, as far as the leaves reach."""


def verify_pack(
    members: Mapping[str, bytes],
    trust: Trust | None,
    *,
    is_canonical: bool = True,
    read_record: ReadRecord | None = None,
) -> Verification:
    """Check every property of a pack. Never raises for what the members hold.

    `is_canonical`: whether the ZIP the members came from is, byte for byte, the one written from them.
    `read_record` checks the seal of a PDF and gives what it says; None: only the records' hashes are looked at.
    """
    bytes_finding, opened = _bytes_finding(members, trust, is_canonical=is_canonical)
    if opened is None:
        reason = "The pack's bytes are not those that were signed, so they say nothing."
        rest = [Finding(one, State.CANNOT_TELL, reason) for one in Property if one is not Property.BYTES]
        return Verification((bytes_finding, *rest))
    pack_is_trusted = bytes_finding.state is State.OK
    checks: tuple[tuple[Property, Callable[[], tuple[State, str]]], ...] = (
        (Property.APPEND_ONLY, lambda: _check_append_only(opened)),
        (Property.COMPLETE, lambda: _check_complete(opened)),
        (
            Property.TWO_PEOPLE,
            lambda: verify_counts.check_two_people(
                _good(opened.leaves), opened.members, opened.roots, only=opened.count
            ),
        ),
        (Property.BLIND, lambda: verify_counts.check_blind(_good(opened.leaves), only=opened.count)),
        (
            Property.DRAW,
            lambda: verify_draw.check_draw(
                _good(opened.leaves), opened.members, _good(opened.signed), only=opened.count
            ),
        ),
        (Property.RECORDS, lambda: _check_records(opened, trust, read_record)),
        (Property.TIME, lambda: _check_time(opened)),
        (Property.TAIL, lambda: _check_tail(opened)),
    )
    return Verification(
        (bytes_finding, *(_checked(one, check, pack_is_trusted=pack_is_trusted) for one, check in checks))
    )


def _checked(one: Property, check: Callable[[], tuple[State, str]], *, pack_is_trusted: bool) -> Finding:
    try:
        state, sentence = check()
    except RecordBroken as broken:
        return Finding(one, State.BROKEN, broken.sentence, broken.record)
    if state is State.OK and not pack_is_trusted:
        return Finding(one, State.CANNOT_TELL, f"As the pack tells it: {sentence}")
    return Finding(one, state, sentence)


def _bytes_finding(
    members: Mapping[str, bytes], trust: Trust | None, *, is_canonical: bool
) -> tuple[Finding, _Opened | None]:
    try:
        manifest = _manifest_of(members, trust)
        _check_members(members, manifest)
        _check_form(is_canonical=is_canonical)
        head, keys, is_trusted = _check_note(members, manifest, trust)
    except RecordBroken as broken:
        return Finding(Property.BYTES, State.BROKEN, broken.sentence, broken.record), None
    opened = _opened(members, head, keys, trust=trust, manifest=manifest)
    if is_trusted:
        sentence = f"All {len(members)} members are those that the log's key signed on {manifest.made_at}."
        return Finding(Property.BYTES, State.OK, sentence), opened
    sentence = f"All {len(members)} members fit the manifest, but whose signature it bears is not known: " + (
        "give a trust file." if trust is None else f"the trust file is for {trust.origin}, the pack for {head.origin}."
    )
    return Finding(Property.BYTES, State.CANNOT_TELL, sentence), opened


def _check_form(*, is_canonical: bool) -> None:
    if not is_canonical:
        raise RecordBroken(_ZIP, "The ZIP file is not the one that is written from its members: it was packed again.")


def _manifest_of(members: Mapping[str, bytes], trust: Trust | None) -> Manifest:
    """The manifest, if the note speaks of it. Its signature is checked last, so that a changed key file can be named."""
    for path in (pack.MANIFEST, pack.MANIFEST_NOTE):
        if path not in members:
            raise RecordBroken(path, f"The pack has no {path}.")
    note = _note_of(members)
    manifest_sha256, _ = _guarded(pack.MANIFEST_NOTE, lambda: parse_pack_text(unsigned_text(note)))
    if manifest_sha256 != sha256(members[pack.MANIFEST]).digest():
        # One of the two was changed. A note whose signature is good was not.
        _open_note(note, _keys_for(members, trust, note))
        raise RecordBroken(pack.MANIFEST, "manifest.json is not the one that was signed.")
    return _guarded(pack.MANIFEST, lambda: Manifest.from_bytes(members[pack.MANIFEST]))


def _check_members(members: Mapping[str, bytes], manifest: Manifest) -> None:
    named = {pack.MANIFEST, pack.MANIFEST_NOTE}
    for row in manifest.files:
        raw = members.get(row.path)
        if raw is None:
            raise RecordBroken(row.path, f"The member {row.path} is missing.")
        if len(raw) != row.length or sha256(raw).hexdigest() != row.sha256:
            raise RecordBroken(row.path, f"The member {row.path} was changed after the pack was signed.")
        named.add(row.path)
    for path in sorted(members.keys() - named):
        raise RecordBroken(path, f"The member {path!r:.150} was added after the pack was signed.")


def _check_note(
    members: Mapping[str, bytes], manifest: Manifest, trust: Trust | None
) -> tuple[Checkpoint, tuple[VerifierKey, ...], bool]:
    """The signed head, the keys to check others with, and whether they are trusted."""
    note = _note_of(members)
    keys = _keys_for(members, trust, note)
    head = _open_note(note, keys)
    if (head.origin, head.size, head.root.hex()) != (manifest.log, manifest.size, manifest.root):
        raise RecordBroken(pack.MANIFEST_NOTE, "The signed head is not the one that the manifest names.")
    return head, keys, trust is not None and trust.origin == head.origin


def _note_of(members: Mapping[str, bytes]) -> str:
    return _guarded(pack.MANIFEST_NOTE, lambda: members[pack.MANIFEST_NOTE].decode("utf-8"))


def _keys_for(members: Mapping[str, bytes], trust: Trust | None, note: str) -> tuple[VerifierKey, ...]:
    _, head = _guarded(pack.MANIFEST_NOTE, lambda: parse_pack_text(unsigned_text(note)))
    return trust.vkeys if trust is not None and trust.origin == head.origin else (_own_key(members),)


def _open_note(note: str, keys: tuple[VerifierKey, ...]) -> Checkpoint:
    _, head = _guarded(pack.MANIFEST_NOTE, lambda: open_pack_note(note, keys))
    return head


def _own_key(members: Mapping[str, bytes]) -> VerifierKey:
    return _guarded(pack.LOG_KEY, lambda: VerifierKey.from_text(members.get(pack.LOG_KEY, b"").decode("ascii")))


def _guarded(record: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except (Malformed, UnicodeDecodeError) as error:
        raise RecordBroken(record, f"{record} cannot be read: {error}") from error


def _check_append_only(opened: _Opened) -> tuple[State, str]:
    held, signed = opened.held, _good(opened.signed)
    heads = sorted({*signed, *held, opened.head}, key=lambda head: (head.size, head.root))
    verified = 0
    for head in heads:
        if head.size <= len(opened.raw_leaves) and opened.roots[head.size] != head.root:
            whose = "you hold" if head in held else "was signed"
            raise RecordBroken(
                f"leaf {verified}",
                f"The leaves {verified} to {head.size - 1} are not those of the checkpoint of size {head.size} that {whose}.",
            )
        verified = min(head.size, len(opened.raw_leaves))
    if not held:
        return (
            State.CANNOT_TELL,
            f"{len(signed)} checkpoints fit the leaves, but you hold no earlier one to compare with.",
        )
    if held[-1].size > opened.head.size:
        return State.CANNOT_TELL, (
            f"You hold a checkpoint of size {held[-1].size}; this pack ends at {opened.head.size}. "
            "Either the pack was made before your copy, or the log was cut. Check it with a trust file written before "
            "the pack, or ask the shop for a pack written today."
        )
    return (
        State.OK,
        f"The log only grew since size {held[0].size}, the earliest copy you hold; {len(signed)} checkpoints fit.",
    )


def _opened(
    members: Mapping[str, bytes],
    head: Checkpoint,
    keys: tuple[VerifierKey, ...],
    *,
    trust: Trust | None,
    manifest: Manifest,
) -> _Opened:
    raw_leaves = tuple(members.get(pack.EVENTS, b"").split(b"\n")[:-1])
    leaves = _tried(lambda: _read_leaves(raw_leaves, head.origin))
    signed = _tried(lambda: _read_checkpoints(members, head, keys))
    held = trust.held() if trust is not None and trust.origin == head.origin else ()
    sizes = {one.size for one in (*held, head)}
    if not isinstance(signed, RecordBroken):
        sizes |= {one.size for one in signed}
    if not isinstance(leaves, RecordBroken):
        sizes |= verify_counts.signed_sizes(leaves)
    roots = roots_at(map(leaf_hash, raw_leaves), sizes)
    has_records = manifest.profile not in PROFILES_WITHOUT_RECORDS
    return _Opened(members, manifest.count, has_records, head, raw_leaves, leaves, signed, held, roots)


def _read_leaves(raw_leaves: tuple[bytes, ...], origin: str) -> tuple[Leaf, ...]:
    leaves = []
    for index, raw in enumerate(raw_leaves):
        try:
            leaf = Leaf.from_bytes(raw)
        except Malformed as error:
            raise RecordBroken(f"leaf {index}", f"Leaf {index} cannot be read: {error.sentence}") from error
        if leaf.seq != index or leaf.log != origin:
            raise RecordBroken(f"leaf {index}", f"Leaf {index} says that it is leaf {leaf.seq} of {leaf.log}.")
        leaves.append(leaf)
    return tuple(leaves)


def _read_checkpoints(
    members: Mapping[str, bytes], last: Checkpoint, keys: tuple[VerifierKey, ...]
) -> tuple[Checkpoint, ...]:
    def read() -> tuple[Checkpoint, ...]:
        notes = split_notes(members.get(pack.CHECKPOINTS, b"").decode("utf-8"))
        return tuple(open_note(note, keys) for note in notes)

    signed = _guarded(pack.CHECKPOINTS, read)
    for head in signed:
        if head.origin != last.origin or head.size > last.size:
            raise RecordBroken(
                pack.CHECKPOINTS, f"The checkpoint of {head.origin}, size {head.size}, is not of this pack."
            )
    return signed


def _tried(read: Callable[[], T]) -> T | RecordBroken:
    try:
        return read()
    except RecordBroken as broken:
        return broken


def _good(value: T | RecordBroken) -> T:
    if isinstance(value, RecordBroken):
        raise value
    return value


def _check_complete(opened: _Opened) -> tuple[State, str]:
    leaves = _good(opened.leaves)
    if len(leaves) != opened.head.size or not opened.members.get(pack.EVENTS, b"").endswith(b"\n"):
        raise RecordBroken(
            f"leaf {min(len(leaves), opened.head.size)}",
            f"The pack has {len(leaves)} leaves; the signed head says {opened.head.size}.",
        )
    sets = verify_counts.check_members(leaves, opened.members, only=opened.count)
    if opened.count is None:
        return (
            State.OK,
            f"All {len(leaves)} leaves from 0 are here without a gap, with {sets} sets and lists they name.",
        )
    return State.OK, (
        f"All {len(leaves)} leaves from 0 and the list of all counts are here; this is an extract about count "
        f"{opened.count}, with its {sets} sets and lists. Nothing is said of the other counts: ask for a whole pack."
    )


def _check_records(opened: _Opened, trust: Trust | None, read_record: ReadRecord | None) -> tuple[State, str]:
    if not opened.has_records:
        return State.CANNOT_TELL, "This profile leaves the records out, for they name people."
    pinned = trust.pdf_cert_sha256 if trust is not None and trust.origin == opened.head.origin else ""
    own = sha256(opened.members.get(pack.PDF_CERTIFICATE, b"")).hexdigest()
    contents = verify_records.check_records(
        _good(opened.leaves),
        opened.members,
        read=None if read_record is None else lambda pdf: read_record(pdf, pinned or own),
        only=opened.count,
    )
    if contents == 0:
        return State.CANNOT_TELL, "The log tells of no record of a tour."
    if read_record is None:
        return (
            State.CANNOT_TELL,
            f"All {contents} records that the log tells of are here; their seals were not checked.",
        )
    if not pinned:
        return State.CANNOT_TELL, f"The {contents} records bear the pack's own seal; you hold no fingerprint of it."
    return State.OK, f"All {contents} records bear the seal whose fingerprint you hold, and say what was signed."


def _check_time(opened: _Opened) -> tuple[State, str]:
    leaves = _good(opened.leaves)
    previous: datetime | None = None
    for leaf in leaves:
        if previous is not None and leaf.rx < previous and leaf.type is not EventType.CLOCK_ANOMALY:
            raise RecordBroken(f"leaf {leaf.seq}", f"Leaf {leaf.seq} was received before the one it follows.")
        previous = leaf.rx
    if previous is None:
        return State.CANNOT_TELL, "The log is empty."
    span = f"{leaves[0].rx:%Y-%m-%d %H:%M} to {previous:%Y-%m-%d %H:%M} UTC"
    return (
        State.CANNOT_TELL,
        f"No time stamp of a third party is in the pack; the shop's clock says {span}, never back.",
    )


def _check_tail(opened: _Opened) -> tuple[State, str]:
    sizes = [head.size for head in opened.held if head.size <= opened.head.size]
    if not sizes:
        return (
            State.CANNOT_TELL,
            f"You hold no earlier checkpoint: all {opened.head.size} leaves could have been chosen today.",
        )
    tail = opened.head.size - max(sizes)
    return (
        State.OK,
        f"{tail} leaves are newer than your latest copy (size {max(sizes)}); keep this pack's head as the next.",
    )
