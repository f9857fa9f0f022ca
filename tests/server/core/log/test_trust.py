import json

import pytest

from server.core.errors import Malformed
from server.core.log import checkpoint
from server.core.log.checkpoint import Checkpoint
from server.core.log.trust import Trust
from tests.server.exports.shop_days import KEY, honest_day, trust_in

TRUST = trust_in(*honest_day().notes)


def test_trust_survives_its_file() -> None:
    assert Trust.from_json(TRUST.to_json().encode()) == TRUST


def test_checkpoints_held_come_smallest_first() -> None:
    assert [head.size for head in trust_in(*reversed(honest_day().notes)).held()] == [1, 8]


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"origin": 5},
        {"vkeys": "x"},
        {"vkeys": ["x"]},
        {"checkpoints": ["x"]},
        {"checkpoints": [checkpoint.sign(Checkpoint("other/e0", 1, bytes(32)), KEY)]},
        {"vkeys": []},
        {"tsa_roots": None},
        {"pdf_cert_sha256": 5},
    ],
)
def test_trust_file_that_contradicts_itself_is_refused(change: dict[str, object]) -> None:
    members = {**json.loads(TRUST.to_json()), **change}

    with pytest.raises(Malformed):
        Trust.from_json(json.dumps(members).encode())


@pytest.mark.parametrize("raw", [b"", b"[]", b"\xff", b"[" * 100_000, b" " * 2_000_000])
def test_file_that_is_no_trust_file_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed):
        Trust.from_json(raw)
