"""What the core refuses, in the tests' words."""

from collections.abc import Callable

import pytest

from server.core.errors import DomainError


def code_of(tell: Callable[[], object]) -> str:
    """The code with which `tell` is refused."""
    with pytest.raises(DomainError) as refused:
        tell()
    return refused.value.code
