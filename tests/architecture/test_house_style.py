"""The house style that a machine can check: sizes, parameters, names, and sentences above public code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("reader_drivers", "server", "simulators")
FUNCTION_LINES_MAX = 60
"""A function that needs more has two jobs."""
FILE_LINES_MAX = 400
"""A module that needs more has two nouns."""
POSITIONAL_MAX = 3
"""Beyond three, the reader of a call can no longer tell which is which."""
BANNED = {"data", "info", "item_list", "manager", "helper", "helpers", "utils", "process", "handle", "do"}
COMMANDS_WORD = "data"
"""The contract's own word: `--data` names the shop's folder in every command, and so in the settings."""
COMMANDS_FILES = ("server/cli/", "server/settings.py", "server/signer/")
COMPONENT_LINES_MAX = 150

Function = ast.FunctionDef | ast.AsyncFunctionDef


def python_files(*folders: str) -> list[Path]:
    """Every Python file below the named folders, in path order."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function and method of a module."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def length(node: Function) -> int:
    """Lines from the first decorator or `def` to the last statement."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def positional(node: Function) -> int:
    """Parameters that a caller may pass by position, `self` and `cls` aside. A route is called by the framework, by name."""
    if any("router" in ast.unparse(decorator) for decorator in node.decorator_list):
        return 0
    named = [argument.arg for argument in [*node.args.posonlyargs, *node.args.args]]
    return len([name for name in named if name not in {"self", "cls"}])


def bound_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Names that a module gives: functions, classes, parameters and variables."""
    for node in ast.walk(tree):
        if isinstance(node, Function | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id


@pytest.mark.parametrize("path", python_files(*SOURCES, "tests"), ids=lambda path: str(path.relative_to(ROOT)))
def test_file_and_functions_are_short(path: Path) -> None:
    source = path.read_text()
    long = [
        f"{node.name}: {length(node)}" for node in functions(ast.parse(source)) if length(node) > FUNCTION_LINES_MAX
    ]

    assert long == []
    assert source.count("\n") <= FILE_LINES_MAX


@pytest.mark.parametrize("path", python_files(*SOURCES), ids=lambda path: str(path.relative_to(ROOT)))
def test_names_say_what_a_thing_is(path: Path) -> None:
    banned = BANNED - {COMMANDS_WORD} if str(path.relative_to(ROOT)).startswith(COMMANDS_FILES) else BANNED

    assert [f"{line}: {name}" for line, name in bound_names(ast.parse(path.read_text())) if name in banned] == []


@pytest.mark.parametrize("path", python_files(*SOURCES), ids=lambda path: str(path.relative_to(ROOT)))
def test_at_most_three_parameters_go_by_position(path: Path) -> None:
    wide = [
        f"{node.name}: {positional(node)}"
        for node in functions(ast.parse(path.read_text()))
        if positional(node) > POSITIONAL_MAX
    ]

    assert wide == []


@pytest.mark.parametrize("path", python_files(*SOURCES), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_open_points_name_an_issue() -> None:
    mark = re.compile(r"#\s*(TODO|FIXME|XXX)(?!\(#\d+\))")

    assert [str(path) for path in python_files(*SOURCES) if mark.search(path.read_text())] == []


def test_components_are_short() -> None:
    components = [path for path in (ROOT / "handheld_app").rglob("*.svelte") if "node_modules" not in path.parts]

    assert [path.name for path in components if path.read_text().count("\n") > COMPONENT_LINES_MAX] == []


def test_no_registry_host_in_lock_files() -> None:
    lines = [line for path in (ROOT / "requirements").glob("*.txt") for line in path.read_text().splitlines()]
    lock = ROOT / "handheld_app" / "package-lock.json"

    assert [line for line in lines if re.search(r"(https?|file)://|^--", line)] == []
    assert not lock.exists() or '"resolved"' not in lock.read_text()
