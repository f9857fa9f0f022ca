"""The core without its two-person rule: what then still refuses is the database, and what then breaks shows that a test looks."""

import pytest

from server.core import settling, signoff, tours, verification
from server.core.actors import Role
from server.core.count_sheet import Count
from server.core.ids import PersonId


def take_out_the_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one person, or one device, stand on both sides."""
    for module in (signoff, verification, settling):
        monkeypatch.setattr(module, "require_two_people", _no_rule)


def let_anybody_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever holds both sides signs for both, one after the other."""
    monkeypatch.setattr(tours, "role_of", _still_free)


def _no_rule(*_given: object, **_named: object) -> None:
    return


def _still_free(count: Count, person: PersonId) -> Role | None:
    signed = {signature.role for signature in count.signatures}
    holders = {Role.A: count.a, Role.B: count.b}
    return next((role for role, by in holders.items() if by and by.person == person and role not in signed), None)
