import subprocess
import sys
from pathlib import Path

import pytest

from server.signer.client import SignerClient, SignerDown
from server.signer.spawn import SpawnedSigner

ORIGIN = "example.org/site/7/e0"


@pytest.mark.slow
def test_spawned_signer_answers_until_it_is_stopped(tmp_path: Path) -> None:
    spawned = SpawnedSigner.start(tmp_path, tmp_path / "s.sock")
    client = SignerClient(spawned.socket_path)
    assert client.last(ORIGIN)[0] == 0

    spawned.stop()
    spawned.stop()

    assert spawned.child.returncode == 0
    with pytest.raises(SignerDown):
        client.last(ORIGIN)
    client.close()


@pytest.mark.slow
def test_signer_that_cannot_start_is_down(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    spawned = SpawnedSigner.start(tmp_path, tmp_path / "s.sock")

    with pytest.raises(SignerDown, match="did not start"):
        SpawnedSigner.start(tmp_path, tmp_path / "t.sock")

    spawned.stop()
    assert "Another signer" in capfd.readouterr().err


@pytest.mark.slow
def test_signer_ends_when_the_process_that_spawned_it_is_killed(tmp_path: Path) -> None:
    script = (
        "import pathlib, sys, time\n"
        "from server.signer.spawn import SpawnedSigner\n"
        f"s = SpawnedSigner.start(pathlib.Path({str(tmp_path)!r}), pathlib.Path({str(tmp_path / 's.sock')!r}))\n"
        "print('up', flush=True)\n"
        "sys.stdin.read()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdin is not None
    assert parent.stdout.readline() == b"up\n"

    parent.kill()
    parent.wait(10)
    parent.stdin.close()
    parent.stdout.close()

    # The lock is free again only when the orphan is gone; starting waits for nothing, so it is asked until it is.
    for _ in range(50):
        try:
            successor = SpawnedSigner.start(tmp_path, tmp_path / "s.sock")
        except SignerDown:
            continue
        successor.stop()
        return
    pytest.fail("the orphaned signer still holds its folder")
