"""Pure code asks nobody for the time, for chance or for a file: imports alone do not show it, so the syntax trees are walked."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PURE_CALLS_FORBIDDEN = {
    "now",
    "utcnow",
    "today",
    "uuid1",
    "uuid4",
    "uuid7",
    "open",
    "print",
    "input",
    "token_bytes",
    "token_hex",
    "monotonic",
}
"""Names of calls whose answer depends on the outside."""


def pure_files() -> list[Path]:
    """Every module that must give the same answer for the same arguments."""
    drivers = [path for path in (ROOT / "reader_drivers").rglob("*.py") if "agent" not in path.parts]
    return sorted([*(ROOT / "server" / "core").rglob("*.py"), *drivers])


def outside_calls(source: str) -> list[str]:
    """The forbidden calls of one module, as `line: name`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in PURE_CALLS_FORBIDDEN:
                found.append(f"{node.lineno}: {name}")
    return found


@pytest.mark.parametrize("path", pure_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_pure_code_never_asks_the_outside(path: Path) -> None:
    assert outside_calls(path.read_text()) == []


def test_a_call_for_the_time_is_seen() -> None:
    assert outside_calls("from datetime import datetime\nat = datetime.now()\n") == ["2: now"]
