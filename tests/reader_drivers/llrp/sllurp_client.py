"""sllurp as a foreign client, in a process of its own: it is GPL, so nothing of ours ever imports it or this file.

`python sllurp_client.py PORT ANTENNAS REPORTS` prints one JSON line for each of so many tag reports or more, then says `done`.
"""

import json
import os
import sys
import threading
from typing import Any

from sllurp.llrp import LLRPReaderClient, LLRPReaderConfig  # type: ignore[import-untyped]

port, antennas, wanted = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
heard = threading.Semaphore(0)
telling = threading.Lock()
"""Held while a line is printed, and for ever once the last one is."""
selector = dict.fromkeys(
    ("EnableROSpecID", "EnableSpecIndex", "EnableInventoryParameterSpecID", "EnableAccessSpecID"), False
) | dict.fromkeys(
    (
        "EnableAntennaID",
        "EnableChannelIndex",
        "EnablePeakRSSI",
        "EnableFirstSeenTimestamp",
        "EnableLastSeenTimestamp",
        "EnableTagSeenCount",
    ),
    True,
)


def tell(_: Any, reports: list[dict[str, Any]]) -> None:
    for report in reports:
        names = ("AntennaID", "PeakRSSI", "ChannelIndex", "TagSeenCount")
        with telling:
            print(json.dumps({"epc": report["EPC"].decode()} | {name: report[name] for name in names}), flush=True)
        heard.release()


reader = LLRPReaderClient(
    "127.0.0.1",
    port,
    LLRPReaderConfig(
        {
            "antennas": list(range(1, antennas + 1)),
            "report_every_n_tags": 2,
            "tag_content_selector": selector,
            "session": 1,
            "keepalive_interval": 100,
        }
    ),
)
reader.add_tag_report_callback(tell)
reader.connect()
is_done = all(heard.acquire(timeout=20) for _ in range(wanted))
telling.acquire()
print("done" if is_done else "silent", flush=True)
# Its polite end waits for ever when the reader's answer is quicker than its own thread.
os._exit(0)
