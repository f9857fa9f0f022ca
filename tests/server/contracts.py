"""Contracts: real answers of the server, kept as golden files that the app's tests parse.

Each file of `tests/contracts` holds examples of one shape by name. A test fails when an answer is no longer the one that is kept;
`REWRITE_CONTRACTS=1 pytest …` writes the file again, for a reader to look at in the diff.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parents[1] / "contracts"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_MADE_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def require_contract(name: str, examples: Mapping[str, Any]) -> None:
    """Compare answers with `tests/contracts/<name>.json`."""
    text = plain_text(dict(examples))
    path = FOLDER / f"{name}.json"
    if os.environ.get("REWRITE_CONTRACTS") == "1":
        FOLDER.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text, f"{path.name} is another answer; see REWRITE_CONTRACTS."


def plain_text(value: Any) -> str:
    """A JSON text in which made ids are numbered as they come and digests are noughts: what two runs have in common."""
    return json.dumps(_plain(value, {}), ensure_ascii=False, indent=2) + "\n"


def _plain(value: Any, numbered: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one, numbered) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one, numbered) for one in value]
    if isinstance(value, str):
        text = _DIGEST.sub("0" * 64, value)
        return _MADE_ID.sub(lambda found: numbered.setdefault(found[0], f"id-{len(numbered) + 1}"), text)
    return value
