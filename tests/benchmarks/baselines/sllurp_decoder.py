"""sllurp's decoder as a baseline, in a process of its own: it is GPL, so nothing of ours ever imports it or this file.

Standard input: one line of JSON with the messages in hex. Each further line is one round; its answer is a line with the
processor seconds it took. The first answer holds what the last message says, so that both ways can be compared.
"""

import json
import sys
import time
from typing import Any

from sllurp.llrp import LLRPMessage  # type: ignore[import-untyped]

messages = [bytes.fromhex(message) for message in json.loads(sys.stdin.readline())]


def told(message: bytes) -> list[dict[str, Any]]:
    reports = LLRPMessage(msgbytes=message).msgdict["RO_ACCESS_REPORT"]["TagReportData"]
    return list(reports)


print(json.dumps([[tag["EPC"].decode(), tag["AntennaID"], tag["PeakRSSI"]] for tag in told(messages[-1])]), flush=True)
for _ in sys.stdin:
    started = time.process_time()
    for message in messages:
        told(message)
    print(time.process_time() - started, flush=True)
