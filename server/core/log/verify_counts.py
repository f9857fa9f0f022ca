"""What the leaves of a pack say about counts: two people signed, and neither saw the other's result before their own.

Members of leaf bodies that are read here (a leaf may have more):

    count.opened           subject count    expected_sha256
    round.sealed           subject round    count, role (A | B | other), sealed_sha256; blind: false when not blind;
                                            carried_by: who brought it from the device, if another person
    search.ended           any subject      count, role A, sealed_sha256: A's set with what the search found
    verification.answered  any subject      count, role B, sealed_sha256: B's answers; without the hash: passed over;
                                            draw_root (hex): see verify_draw
    count.revealed         subject count
    signature.made         subject signature, actor and device those of the statement; statement (`baguier-sign/1`)
    count.closed           subject count    result, signature_a, signature_b (null: closed by one person)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from server.core.log import canonical, pack
from server.core.log.canonical import JsonValue
from server.core.log.events import EventType, Leaf
from server.core.log.findings import RecordBroken, State
from server.core.log.verify_story import Seal, Story, index_of, leaf_name, rows_in, story_of, text_of


@dataclass(frozen=True, slots=True)
class _Signature:
    """One person's signature under one tour's list."""

    leaf: Leaf
    person: str
    device: str
    tour: str
    list_no: int
    lines: tuple[Mapping[str, JsonValue], ...]

    def line_of(self, count: str) -> Mapping[str, JsonValue]:
        """The one line about `count`. Raises: RecordBroken: none, or two."""
        found = [line for line in self.lines if line.get("count") == count]
        if len(found) != 1:
            raise RecordBroken(
                leaf_name(self.leaf),
                f"The signature in leaf {self.leaf.seq} covers count {count} in {len(found)} lines.",
            )
        return found[0]


def check_members(leaves: Sequence[Leaf], members: Mapping[str, bytes], *, only: str | None = None) -> int:
    """How many sets and lists the leaves name; each is in the pack with its hash, and every count is in the index.

    `only`: the one count of an extract, whose sets alone must be there; the index is whole nevertheless.
    Raises: RecordBroken: one is missing or another, or a count happened in an order that cannot be.
    """
    story, held = story_of(leaves), pack.documents(members)
    if only is not None and only not in story.opened:
        raise RecordBroken(pack.MANIFEST, f"The extract is about count {only}, which the log never opened.")
    index = index_of(members)
    named = _documents_named(story, leaves, index, only=only)
    for folder, digest, leaf in named:
        if digest not in held:
            path = f"{folder}/{digest}.json"
            if path in members:
                raise RecordBroken(path, f"{path} is not the set whose hash is its name.")
            raise RecordBroken(leaf_name(leaf), f"Leaf {leaf.seq} names {path}, which the pack does not hold.")
    _check_counts_index(story, index)
    lists, wanted = _signed_lists(members), _signatures_named(story, only)
    for leaf in leaves:
        if leaf.type is not EventType.SIGNATURE_MADE or not (wanted is None or leaf.subject.id in wanted):
            continue
        if leaf.subject.id not in lists:
            raise RecordBroken(leaf_name(leaf), f"The list that was signed in leaf {leaf.seq} is not in the pack.")
    return len(named) + len(lists)


def _documents_named(
    story: Story, leaves: Sequence[Leaf], index: Mapping[str, Mapping[str, JsonValue]], *, only: str | None
) -> list[tuple[str, str, Leaf]]:
    """Folder, digest and leaf of each set and table that the pack must hold."""
    tours = None if only is None else {index.get(only, {}).get("tour")}
    named = [
        ("expected", text_of(leaf, "expected_sha256"), leaf)
        for count, leaf in story.opened.items()
        if only in (None, count)
    ]
    named += [
        ("sealed", seal.sealed_sha256, seal.leaf)
        for count, seals in story.seals.items()
        for seal in seals
        if only in (None, count)
    ]
    return named + [
        ("draws", text_of(leaf, "ppm_sha256"), leaf)
        for leaf in leaves
        if leaf.type is EventType.TOUR_PLANNED and (tours is None or leaf.subject.id in tours)
    ]


def _signatures_named(story: Story, only: str | None) -> set[str] | None:
    """The signatures whose lists an extract holds. None: those of all."""
    if only is None:
        return None
    closed = story.closed.get(only)
    names = [] if closed is None else [closed.body.get("signature_a"), closed.body.get("signature_b")]
    return {name for name in names if isinstance(name, str)}


def signed_sizes(leaves: Sequence[Leaf]) -> set[int]:
    """Sizes of the log that the signatures quote: `roots` of the checks must have their roots."""
    made = (leaf.body.get("statement") for leaf in leaves if leaf.type is EventType.SIGNATURE_MADE)
    sizes = (statement.get("prev_size") for statement in made if isinstance(statement, dict))
    return {size for size in sizes if isinstance(size, int)}


def check_two_people(
    leaves: Sequence[Leaf], members: Mapping[str, bytes], roots: Mapping[int, bytes], *, only: str | None = None
) -> tuple[State, str]:
    """Each closed count bears two signatures, by two people on two devices, over the same list and its own result.

    `roots`: the log's roots at `signed_sizes`. `only`: the one count of an extract.
    Raises: RecordBroken: the first closed count for which this is not so.
    """
    story = story_of(leaves)
    wanted = _signatures_named(story, only)
    made = [leaf for leaf in leaves if leaf.type is EventType.SIGNATURE_MADE]
    signatures = _signatures_of([leaf for leaf in made if wanted is None or leaf.subject.id in wanted], members, roots)
    closed = {count: leaf for count, leaf in story.closed.items() if only in (None, count)}
    single = 0
    for count, leaf in closed.items():
        name_b = leaf.body.get("signature_b")
        a = _named_signature(signatures, leaf, "signature_a")
        if name_b is None:
            _check_line(a, leaf, role="A", seals=story.seals.get(count, ()))
            single += 1
            continue
        b = _named_signature(signatures, leaf, "signature_b")
        if a.person == b.person:
            raise RecordBroken(leaf_name(leaf), f"Count {count} was signed twice by one person, {a.person}.")
        if a.device == b.device:
            raise RecordBroken(leaf_name(leaf), f"Count {count} was signed twice on one device, {a.device}.")
        _check_line(a, leaf, role="A", seals=story.seals.get(count, ()))
        _check_line(b, leaf, role="B", seals=story.seals.get(count, ()))
        if (a.tour, a.list_no, _shared(a)) != (b.tour, b.list_no, _shared(b)):
            raise RecordBroken(
                leaf_name(leaf), f"The two lists signed for count {count} differ in more than the roles."
            )
    if not closed:
        return State.CANNOT_TELL, "No count was closed."
    if single:
        return (
            State.CANNOT_TELL,
            f"{single} of {len(closed)} counts were closed by one person: not verified by two.",
        )
    carried = sum(_is_carried(seal.leaf) for count in closed for seal in story.seals.get(count, ()))
    brought = f" {carried} of their sets were brought from the device by a colleague." if carried else ""
    return State.OK, f"All {len(closed)} closed counts bear two signatures, by two people on two devices.{brought}"


def _is_carried(seal: Leaf) -> bool:
    """Whether another person's session brought this seal. Raises: RecordBroken: it names nobody, or its own person."""
    if "carried_by" not in seal.body:
        return False
    if text_of(seal, "carried_by") == seal.actor:
        raise RecordBroken(leaf_name(seal), f"Leaf {seal.seq} says that its own person carried it for somebody else.")
    return True


def check_blind(leaves: Sequence[Leaf], *, only: str | None = None) -> tuple[State, str]:
    """In each closed count A sealed before B did, and both before anything was revealed. `only`: that of an extract.

    Raises: RecordBroken: the first closed count for which this is not so.
    """
    story = story_of(leaves)
    closed = {count: leaf for count, leaf in story.closed.items() if only in (None, count)}
    not_blind = 0
    for count, leaf in closed.items():
        revealed = story.revealed.get(count)
        if revealed is None:
            raise RecordBroken(leaf_name(leaf), f"Count {count} was closed but never revealed.")
        seals = story.seals.get(count, ())
        firsts = {role: next((seal for seal in seals if seal.role == role), None) for role in ("A", "B")}
        first_a, first_b = firsts["A"], firsts["B"]
        if first_a is None or first_a.leaf.seq > revealed.seq:
            raise RecordBroken(leaf_name(revealed), f"Count {count} was revealed before A's set was sealed.")
        if leaf.body.get("signature_b") is None:
            continue
        if first_b is None or first_b.leaf.seq > revealed.seq:
            raise RecordBroken(leaf_name(revealed), f"Count {count} was revealed before B's set was sealed.")
        if first_b.leaf.seq < first_a.leaf.seq:
            raise RecordBroken(leaf_name(first_b.leaf), f"In count {count} B sealed before A.")
        if first_a.leaf.actor == first_b.leaf.actor:
            raise RecordBroken(leaf_name(first_b.leaf), f"In count {count} one person sealed both sets.")
        not_blind += not first_b.is_blind
    if not closed:
        return State.CANNOT_TELL, "No count was closed."
    if not_blind:
        return State.CANNOT_TELL, f"In {not_blind} of {len(closed)} counts B's answers are marked not blind."
    return State.OK, f"In all {len(closed)} closed counts both sets were sealed before they were shown."


@dataclass(frozen=True, slots=True)
class ClosedLine:
    """What was signed of one closed count."""

    tour: str
    closed_seq: int
    figures: Mapping[str, JsonValue]
    """A's line of the signed list."""


def closed_lines(
    leaves: Sequence[Leaf], members: Mapping[str, bytes], *, only: str | None = None
) -> dict[str, ClosedLine]:
    """Count → what A signed of it, for each closed count; `check_two_people` says whether the signatures are good.

    Raises: RecordBroken: a list cannot be read. A count whose list is missing is left out.
    """
    lists = _signed_lists(members)
    made = {leaf.subject.id: leaf for leaf in leaves if leaf.type is EventType.SIGNATURE_MADE}
    found: dict[str, ClosedLine] = {}
    for count, leaf in story_of(leaves).closed.items():
        name = leaf.body.get("signature_a")
        if only in (None, count) and isinstance(name, str) and name in made:
            tour = _statement_of(made[name]).get("tour")
            figures = next((line for line in lists.get(name, ()) if line.get("count") == count), None)
            if figures is not None:
                found[count] = ClosedLine(str(tour), leaf.seq, figures)
    return found


def _signatures_of(
    made: Sequence[Leaf], members: Mapping[str, bytes], roots: Mapping[int, bytes]
) -> dict[str, _Signature]:
    lists = _signed_lists(members)
    statements = [_statement_of(leaf) for leaf in made]
    signatures: dict[str, _Signature] = {}
    for leaf, statement in zip(made, statements, strict=True):
        lines = lists.get(leaf.subject.id)
        if lines is None or leaf.subject.id in signatures:
            raise RecordBroken(
                leaf_name(leaf), f"The list of the signature in leaf {leaf.seq} is missing, or it is made twice."
            )
        match statement:
            case {
                "log": leaf.log,
                "lines_sha256": str(digest),
                "n_lines": int(count),
                "person": leaf.actor,
                "device": str(device),
                "tour": str(tour),
                "list_no": int(list_no),
                "prev_size": int(size),
                "prev_root": str(root),
            } if device == leaf.device and count == len(lines):
                if digest != sha256(canonical.encode(lines)).hexdigest():
                    raise RecordBroken(
                        leaf_name(leaf), f"The list of the signature in leaf {leaf.seq} is not the one signed."
                    )
                if size > leaf.seq or roots.get(size, b"").hex() != root:
                    raise RecordBroken(
                        leaf_name(leaf), f"The signature in leaf {leaf.seq} was made over another history."
                    )
                signatures[leaf.subject.id] = _Signature(leaf, leaf.actor, device, tour, list_no, lines)
            case _:
                raise RecordBroken(
                    leaf_name(leaf), f"The statement in leaf {leaf.seq} does not fit its leaf or its list."
                )
    return signatures


def _statement_of(leaf: Leaf) -> Mapping[str, JsonValue]:
    statement = leaf.body.get("statement")
    if not isinstance(statement, dict):
        raise RecordBroken(leaf_name(leaf), f"The signature in leaf {leaf.seq} has no statement.")
    return statement


def _signed_lists(members: Mapping[str, bytes]) -> dict[str, tuple[Mapping[str, JsonValue], ...]]:
    lists = {}
    for row in rows_in(members, pack.SIGNATURES):
        match row:
            case {"signature": str(name), "lines": list(lines)} if all(isinstance(line, dict) for line in lines):
                lists[name] = tuple(lines)
            case _:
                raise RecordBroken(pack.SIGNATURES, f"A row of {pack.SIGNATURES} is not a signature and its lines.")
    return lists


def _named_signature(signatures: Mapping[str, _Signature], closed: Leaf, member: str) -> _Signature:
    signature = signatures.get(text_of(closed, member))
    if signature is None or signature.leaf.seq > closed.seq:
        raise RecordBroken(leaf_name(closed), f"Count {closed.subject.id} was closed without the signature it names.")
    return signature


def _check_line(signature: _Signature, closed: Leaf, *, role: str, seals: Sequence[Seal]) -> None:
    line = signature.line_of(closed.subject.id)
    if line.get("my_role") != role or line.get("result") != text_of(closed, "result"):
        raise RecordBroken(
            leaf_name(closed),
            f"The signature in leaf {signature.leaf.seq} is not role {role}'s over this count's result.",
        )
    before = [seal for seal in seals if seal.leaf.seq < signature.leaf.seq]
    for member, sealer in (("sealed_a", "A"), ("sealed_b", "B")):
        hashes = [seal.sealed_sha256 for seal in before if seal.role == sealer]
        if line.get(member) != (hashes[-1] if hashes else None):
            raise RecordBroken(
                leaf_name(signature.leaf),
                f"The signature in leaf {signature.leaf.seq} names another set than {sealer} sealed.",
            )
    if role not in {seal.role for seal in before if seal.leaf.actor == signature.person}:
        raise RecordBroken(
            leaf_name(signature.leaf), f"Leaf {signature.leaf.seq} is signed as {role} by who sealed nothing."
        )


def _shared(signature: _Signature) -> list[dict[str, JsonValue]]:
    return [{key: value for key, value in line.items() if key != "my_role"} for line in signature.lines]


def _check_counts_index(story: Story, index: Mapping[str, Mapping[str, JsonValue]]) -> None:
    for count, leaf in story.opened.items():
        if count not in index:
            raise RecordBroken(
                leaf_name(leaf), f"Count {count} was opened in leaf {leaf.seq} but is in no list of counts."
            )
    for count in sorted(index.keys() - story.opened.keys()):
        raise RecordBroken(pack.COUNTS, f"Count {count} is listed but was never opened in the log.")
