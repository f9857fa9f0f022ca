"""What can be wrong in the shop's own terms: each error has a stable code, a sentence for a person, and facts."""

from typing import ClassVar


class DomainError(Exception):
    """A rule of the trade refused an act. Nothing was changed.

    `facts` holds plain values (text, whole numbers, booleans) that an interface may show or translate.
    """

    code: ClassVar[str] = "refused"
    """Stable word for programs, such as `same_person`."""

    def __init__(self, sentence: str, **facts: str | int | bool) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.facts = facts


class Malformed(DomainError):
    """What came in could not be read. The sentence says what was given, what was expected and what to do."""

    code: ClassVar[str] = "malformed"


class Absent(DomainError):
    """No such thing in this shop."""

    code: ClassVar[str] = "absent"


class NotAllowed(DomainError):
    """Whatever the state, this person or device may not do it."""

    code: ClassVar[str] = "not_allowed"


class Conflict(DomainError):
    """The act is fine in itself but not now: the state says otherwise."""

    code: ClassVar[str] = "conflict"
