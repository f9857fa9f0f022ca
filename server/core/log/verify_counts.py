"""What the leaves of a pack say about counts: two people signed, and neither saw the other's result before their own.

Members of leaf bodies that are read here (a leaf may have more):

    count.opened           subject count    expected_sha256
    round.sealed           subject round    count, role (A | B | other), sealed_sha256; blind: false when not blind
    search.ended           any subject      count, role A, sealed_sha256: A's set with what the search found
    verification.answered  any subject      count, role B, sealed_sha256: B's answers; without the hash: passed over;
                                            draw_root (hex): what chose the pieces B was asked to hold
    count.revealed         subject count
    signature.made         subject signature, actor and device those of the statement; statement (`baguier-sign/1`)
    count.closed           subject count    result, signature_a, signature_b (null: closed by one person)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from server.core.errors import Malformed
from server.core.log import canonical, pack
from server.core.log.canonical import JsonValue
from server.core.log.checkpoint import Checkpoint
from server.core.log.events import EventType, Leaf
from server.core.log.findings import RecordBroken, State

_SEALS: Final = frozenset({EventType.ROUND_SEALED, EventType.SEARCH_ENDED, EventType.VERIFICATION_ANSWERED})


@dataclass(frozen=True, slots=True)
class _Seal:
    """One sealed set of one person in one count."""

    leaf: Leaf
    count: str
    role: str
    sealed_sha256: str
    is_blind: bool


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
                _name(self.leaf), f"The signature in leaf {self.leaf.seq} covers count {count} in {len(found)} lines."
            )
        return found[0]


@dataclass(frozen=True, slots=True)
class _Story:
    """The leaves sorted by what they say of counts."""

    opened: Mapping[str, Leaf]
    seals: Mapping[str, Sequence[_Seal]]
    revealed: Mapping[str, Leaf]
    closed: Mapping[str, Leaf]


def check_members(leaves: Sequence[Leaf], members: Mapping[str, bytes]) -> int:
    """How many sets and lists the leaves name; each is in the pack with its hash, and every count is in the index.

    Raises: RecordBroken: one is missing or another, or a count happened in an order that cannot be.
    """
    story = _story_of(leaves)
    named = [(pack.expected_path(_text(leaf, "expected_sha256")), leaf) for leaf in story.opened.values()]
    named += [(pack.sealed_path(seal.sealed_sha256), seal.leaf) for seals in story.seals.values() for seal in seals]
    for path, leaf in named:
        if path not in members:
            raise RecordBroken(_name(leaf), f"Leaf {leaf.seq} names {path}, which the pack does not hold.")
        if pack.path_of(path.split("/")[0], members[path]) != path:
            raise RecordBroken(path, f"{path} is not the set whose hash is its name.")
    _check_counts_index(story, members)
    lists = _signed_lists(members)
    for leaf in leaves:
        if leaf.type is EventType.SIGNATURE_MADE and leaf.subject.id not in lists:
            raise RecordBroken(_name(leaf), f"The list that was signed in leaf {leaf.seq} is not in the pack.")
    return len(named) + len(lists)


def signed_sizes(leaves: Sequence[Leaf]) -> set[int]:
    """Sizes of the log that the signatures quote: `roots` of the checks must have their roots."""
    made = (leaf.body.get("statement") for leaf in leaves if leaf.type is EventType.SIGNATURE_MADE)
    sizes = (statement.get("prev_size") for statement in made if isinstance(statement, dict))
    return {size for size in sizes if isinstance(size, int)}


def check_two_people(
    leaves: Sequence[Leaf], members: Mapping[str, bytes], roots: Mapping[int, bytes]
) -> tuple[State, str]:
    """Each closed count bears two signatures, by two people on two devices, over the same list and its own result.

    `roots`: the log's roots at `signed_sizes`.
    Raises: RecordBroken: the first closed count for which this is not so.
    """
    story = _story_of(leaves)
    signatures = _signatures_of(leaves, members, roots)
    single = 0
    for count, leaf in story.closed.items():
        name_b = leaf.body.get("signature_b")
        a = _named_signature(signatures, leaf, "signature_a")
        if name_b is None:
            _check_line(a, leaf, role="A", seals=story.seals.get(count, ()))
            single += 1
            continue
        b = _named_signature(signatures, leaf, "signature_b")
        if a.person == b.person:
            raise RecordBroken(_name(leaf), f"Count {count} was signed twice by one person, {a.person}.")
        if a.device == b.device:
            raise RecordBroken(_name(leaf), f"Count {count} was signed twice on one device, {a.device}.")
        _check_line(a, leaf, role="A", seals=story.seals.get(count, ()))
        _check_line(b, leaf, role="B", seals=story.seals.get(count, ()))
        if (a.tour, a.list_no, _shared(a)) != (b.tour, b.list_no, _shared(b)):
            raise RecordBroken(_name(leaf), f"The two lists signed for count {count} differ in more than the roles.")
    if not story.closed:
        return State.CANNOT_TELL, "No count was closed."
    if single:
        return (
            State.CANNOT_TELL,
            f"{single} of {len(story.closed)} counts were closed by one person: not verified by two.",
        )
    return State.OK, f"All {len(story.closed)} closed counts bear two signatures, by two people on two devices."


def check_blind(leaves: Sequence[Leaf]) -> tuple[State, str]:
    """In each closed count A sealed before B did, and both before anything was revealed.

    Raises: RecordBroken: the first closed count for which this is not so.
    """
    story = _story_of(leaves)
    not_blind = 0
    for count, leaf in story.closed.items():
        revealed = story.revealed.get(count)
        if revealed is None:
            raise RecordBroken(_name(leaf), f"Count {count} was closed but never revealed.")
        seals = story.seals.get(count, ())
        firsts = {role: next((seal for seal in seals if seal.role == role), None) for role in ("A", "B")}
        first_a, first_b = firsts["A"], firsts["B"]
        if first_a is None or first_a.leaf.seq > revealed.seq:
            raise RecordBroken(_name(revealed), f"Count {count} was revealed before A's set was sealed.")
        if leaf.body.get("signature_b") is None:
            continue
        if first_b is None or first_b.leaf.seq > revealed.seq:
            raise RecordBroken(_name(revealed), f"Count {count} was revealed before B's set was sealed.")
        if first_b.leaf.seq < first_a.leaf.seq:
            raise RecordBroken(_name(first_b.leaf), f"In count {count} B sealed before A.")
        if first_a.leaf.actor == first_b.leaf.actor:
            raise RecordBroken(_name(first_b.leaf), f"In count {count} one person sealed both sets.")
        not_blind += not first_b.is_blind
    if not story.closed:
        return State.CANNOT_TELL, "No count was closed."
    if not_blind:
        return State.CANNOT_TELL, f"In {not_blind} of {len(story.closed)} counts B's answers are marked not blind."
    return State.OK, f"In all {len(story.closed)} closed counts both sets were sealed before they were shown."


def check_draw(leaves: Sequence[Leaf], signed: Sequence[Checkpoint]) -> tuple[State, str]:
    """The root that chose B's pieces in each closed count is the first one signed over A's seal: nobody could choose it.

    `signed`: the checkpoints of the pack. After a search, the first over its end is as good.
    Raises: RecordBroken: the first closed count whose root is another. Source: decisions.md 6.7.
    """
    story = _story_of(leaves)
    heads = sorted(signed, key=lambda head: head.size)
    untold = 0
    for count, leaf in story.closed.items():
        seals = story.seals.get(count, ())
        answered = [
            seal.leaf for seal in seals if seal.role == "B" and isinstance(seal.leaf.body.get("draw_root"), str)
        ]
        if leaf.body.get("signature_b") is None or not answered:
            untold += 1
            continue
        over = [next((head for head in heads if head.size > seal.leaf.seq), None) for seal in seals if seal.role == "A"]
        roots = {head.root.hex() for head in over if head is not None}
        if answered[-1].body["draw_root"] not in roots:
            raise RecordBroken(
                _name(answered[-1]), f"In count {count} the draw was not made with the first root signed over A's seal."
            )
    if untold or not story.closed:
        return State.CANNOT_TELL, f"{untold} of {len(story.closed)} closed counts name no draw."
    return (
        State.OK,
        f"In all {len(story.closed)} closed counts the draw follows from the first root signed over A's seal.",
    )


def _story_of(leaves: Sequence[Leaf]) -> _Story:
    opened: dict[str, Leaf] = {}
    revealed: dict[str, Leaf] = {}
    closed: dict[str, Leaf] = {}
    seals: dict[str, list[_Seal]] = {}
    once = {EventType.COUNT_OPENED: opened, EventType.COUNT_REVEALED: revealed, EventType.COUNT_CLOSED: closed}
    for leaf in leaves:
        if leaf.type in once:
            if leaf.subject.id in once[leaf.type]:
                raise RecordBroken(_name(leaf), f"Leaf {leaf.seq} repeats {leaf.type} for count {leaf.subject.id}.")
            once[leaf.type][leaf.subject.id] = leaf
            _refuse_unopened(leaf, leaf.subject.id, opened)
        if leaf.type in _SEALS and "sealed_sha256" in leaf.body:
            seal = _seal_of(leaf)
            _refuse_unopened(leaf, seal.count, opened)
            seals.setdefault(seal.count, []).append(seal)
        if leaf.type is EventType.COUNT_VOIDED and leaf.subject.id in closed:
            raise RecordBroken(_name(leaf), f"Leaf {leaf.seq} voids count {leaf.subject.id} after it was closed.")
    return _Story(opened, seals, revealed, closed)


def _refuse_unopened(leaf: Leaf, count: str, opened: Mapping[str, Leaf]) -> None:
    if count not in opened:
        raise RecordBroken(_name(leaf), f"Leaf {leaf.seq} is about count {count}, which was not opened before it.")


def _seal_of(leaf: Leaf) -> _Seal:
    return _Seal(
        leaf=leaf,
        count=_text(leaf, "count"),
        role=_text(leaf, "role"),
        sealed_sha256=_text(leaf, "sealed_sha256"),
        is_blind=leaf.body.get("blind") is not False,
    )


def _signatures_of(
    leaves: Sequence[Leaf], members: Mapping[str, bytes], roots: Mapping[int, bytes]
) -> dict[str, _Signature]:
    lists = _signed_lists(members)
    made = [leaf for leaf in leaves if leaf.type is EventType.SIGNATURE_MADE]
    statements = [_statement_of(leaf) for leaf in made]
    signatures: dict[str, _Signature] = {}
    for leaf, statement in zip(made, statements, strict=True):
        lines = lists.get(leaf.subject.id)
        if lines is None or leaf.subject.id in signatures:
            raise RecordBroken(
                _name(leaf), f"The list of the signature in leaf {leaf.seq} is missing, or it is made twice."
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
                        _name(leaf), f"The list of the signature in leaf {leaf.seq} is not the one signed."
                    )
                if size > leaf.seq or roots.get(size, b"").hex() != root:
                    raise RecordBroken(_name(leaf), f"The signature in leaf {leaf.seq} was made over another history.")
                signatures[leaf.subject.id] = _Signature(leaf, leaf.actor, device, tour, list_no, lines)
            case _:
                raise RecordBroken(_name(leaf), f"The statement in leaf {leaf.seq} does not fit its leaf or its list.")
    return signatures


def _statement_of(leaf: Leaf) -> Mapping[str, JsonValue]:
    statement = leaf.body.get("statement")
    if not isinstance(statement, dict):
        raise RecordBroken(_name(leaf), f"The signature in leaf {leaf.seq} has no statement.")
    return statement


def _signed_lists(members: Mapping[str, bytes]) -> dict[str, tuple[Mapping[str, JsonValue], ...]]:
    lists = {}
    for row in _rows(members, pack.SIGNATURES):
        match row:
            case {"signature": str(name), "lines": list(lines)} if all(isinstance(line, dict) for line in lines):
                lists[name] = tuple(lines)
            case _:
                raise RecordBroken(pack.SIGNATURES, f"A row of {pack.SIGNATURES} is not a signature and its lines.")
    return lists


def _named_signature(signatures: Mapping[str, _Signature], closed: Leaf, member: str) -> _Signature:
    signature = signatures.get(_text(closed, member))
    if signature is None or signature.leaf.seq > closed.seq:
        raise RecordBroken(_name(closed), f"Count {closed.subject.id} was closed without the signature it names.")
    return signature


def _check_line(signature: _Signature, closed: Leaf, *, role: str, seals: Sequence[_Seal]) -> None:
    line = signature.line_of(closed.subject.id)
    if line.get("my_role") != role or line.get("result") != _text(closed, "result"):
        raise RecordBroken(
            _name(closed), f"The signature in leaf {signature.leaf.seq} is not role {role}'s over this count's result."
        )
    before = [seal for seal in seals if seal.leaf.seq < signature.leaf.seq]
    for member, sealer in (("sealed_a", "A"), ("sealed_b", "B")):
        hashes = [seal.sealed_sha256 for seal in before if seal.role == sealer]
        if line.get(member) != (hashes[-1] if hashes else None):
            raise RecordBroken(
                _name(signature.leaf),
                f"The signature in leaf {signature.leaf.seq} names another set than {sealer} sealed.",
            )
    if role not in {seal.role for seal in before if seal.leaf.actor == signature.person}:
        raise RecordBroken(
            _name(signature.leaf), f"Leaf {signature.leaf.seq} is signed as {role} by who sealed nothing."
        )


def _shared(signature: _Signature) -> list[dict[str, JsonValue]]:
    return [{key: value for key, value in line.items() if key != "my_role"} for line in signature.lines]


def _check_counts_index(story: _Story, members: Mapping[str, bytes]) -> None:
    listed = set[str]()
    for path in sorted(members):
        if path.startswith(pack.COUNTS):
            for row in _rows(members, path):
                match row:
                    case {"count": str(count)}:
                        listed.add(count)
                    case _:
                        raise RecordBroken(path, f"A row of {path} names no count.")
    for count, leaf in story.opened.items():
        if count not in listed:
            raise RecordBroken(_name(leaf), f"Count {count} was opened in leaf {leaf.seq} but is in no list of counts.")
    for count in sorted(listed - story.opened.keys()):
        raise RecordBroken(pack.COUNTS, f"Count {count} is listed but was never opened in the log.")


def _rows(members: Mapping[str, bytes], path: str) -> list[JsonValue]:
    try:
        return pack.rows_of(members.get(path, b""))
    except Malformed as error:
        raise RecordBroken(path, f"{path} cannot be read: {error.sentence}") from error


def _text(leaf: Leaf, member: str) -> str:
    text = leaf.body.get(member)
    if not isinstance(text, str) or not text:
        raise RecordBroken(_name(leaf), f"Leaf {leaf.seq} ({leaf.type}) has no {member}.")
    return text


def _name(leaf: Leaf) -> str:
    return f"leaf {leaf.seq}"
