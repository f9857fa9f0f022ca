"""C1: from nothing to the first answer, on a data folder that exists."""

import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.benchmarks.conftest import Measure
from tests.benchmarks.harness import wall_cost
from tests.benchmarks.servers import ours, require_ok, running

IMPORTS = [sys.executable, "-c", "import fastapi, uvicorn, sqlmodel"]


@pytest.mark.benchmark
def test_server_starts_soon_after_its_imports(tmp_path: Path, measure: Measure) -> None:
    folder, log = tmp_path / "shop", tmp_path / "stderr"

    def subject() -> float:
        began_s = time.perf_counter()
        with running(ours(folder), log=log) as server:
            require_ok(httpx.get(f"{server.url}/healthz"))
            return time.perf_counter() - began_s

    def imports() -> None:
        subprocess.run(IMPORTS, check=True)

    measure("C1", subject=subject, baseline=wall_cost(imports, operations=1), rounds=5)
