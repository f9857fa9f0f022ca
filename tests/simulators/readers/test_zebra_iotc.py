"""The simulated Zebra readers push messages in the two shapes of the documents."""

import json
from typing import Any

from simulators.pace import Pace
from simulators.radio import Radio
from simulators.readers.zebra_iotc import ZebraReader

TAGS = '{"antenna": 1, "epc": "AA0004EF55555555AA21BF43", "tid": "E28011602000000000000001", "rssi_dbm": -34}\n'


def told(model: str) -> list[tuple[dict[str, Any], tuple[str, ...]]]:
    reader = ZebraReader(Radio(seed=1), model=model, pace=Pace(rate=100))
    reader.load(TAGS)
    lines = [line for step in range(100) for line in reader.due(step / 1000)]
    assert reader.reads_told == len(lines)
    assert reader.feed(b"anything", 0.0) == []
    return [(json.loads(line), tuple(reader.tags_of(line))) for line in lines]


def test_a_fixed_reader_tells_one_tag_a_message_with_its_antenna() -> None:
    message, tags = told("fx")[0]

    assert message["type"] == "CUSTOM"
    # An offset without colon, as the readers write it.
    assert message["timestamp"].endswith("+0000")
    body = message["data"]
    assert (body["idHex"], body["format"], body["antenna"], body["PC"]) == (
        "aa0004ef55555555aa21bf43",
        "epc",
        1,
        "3000",
    )
    assert tags == ("AA0004EF55555555AA21BF43",)


def test_a_sled_tells_an_array_without_antennas_and_numbers_its_events() -> None:
    messages = [message["data"]["tagData"] for message, _ in told("rfd")]

    assert [tag["eventNum"] for (tag,) in messages] == list(range(1, len(messages) + 1))
    assert "antenna" not in messages[0][0]
    assert messages[0][0]["TID"] == "e28011602000000000000001"
