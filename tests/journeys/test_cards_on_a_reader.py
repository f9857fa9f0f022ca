"""Cards on a PC/SC reader: the real card service with its virtual reader, the agent, and cards laid down in turn."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from reader_drivers.agent.adapters.card_calls import CardServiceError, CtypesCalls, card_calls
from reader_drivers.agent.adapters.pcsc import PcscPort, reader_names
from reader_drivers.pcsc.frames import encode as slot_message
from reader_drivers.reads import Drain, Drained, Listen, Listening
from simulators.virtual_card import KINDS, VPCD_PORT, VirtualCard, lying
from tests.reader_drivers.agent.stage import Stage, play

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="pcscd is Linux's card service.")]

VPCD = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
CARDS = int(os.environ.get("BAGUIER_CARDS", "8"))
"""BAGUIER_CARDS=20 for the long run; the service looks for a card every 400 ms."""
START_S = 10.0

CONFIG = f"""FRIENDLYNAME "Comptoir"
DEVICENAME /dev/null:0x{VPCD_PORT:X}
LIBPATH {VPCD}
CHANNELID 0x{VPCD_PORT:X}
"""


@contextmanager
def card_service(folder: Path) -> Iterator[None]:
    """The card service with one virtual reader, "Comptoir 00 00". Its socket is fixed: one such test at a time on a machine."""
    service = shutil.which("pcscd") or shutil.which("pcscd", path="/usr/sbin")
    if service is None or not VPCD.exists() or os.geteuid() != 0:
        why = "NO CARD SERVICE: install pcscd and vsmartcard-vpcd, and run as root, to test PC/SC readers."
        if "pcsc" in os.environ.get("BAGUIER_REQUIRE", ""):
            pytest.fail(why)
        pytest.skip(why)
    (folder / "conf").mkdir()
    (folder / "conf" / "vpcd").write_text(CONFIG)
    with (folder / "pcscd.log").open("wb") as log:
        running = subprocess.Popen([service, "--foreground", "--config", str(folder / "conf")], stdout=log, stderr=log)
    try:
        end = time.monotonic() + START_S
        while not _names():
            assert running.poll() is None, (folder / "pcscd.log").read_text()
            assert time.monotonic() < end, "the card service has no reader yet"
            time.sleep(0.02)
        yield
    finally:
        running.terminate()
        running.wait(START_S)


def _names() -> tuple[str, ...]:
    try:
        return reader_names(CtypesCalls())
    except CardServiceError:
        return ()


def cards() -> list[VirtualCard]:
    kinds = list(KINDS)
    return [
        VirtualCard(
            kinds[n % len(kinds)],
            bytes.fromhex("E00401" if n % 2 else "04BD0F") + bytes((n,)) * (5 if n % 2 else 4),
            f"BAG-{n:06d}.K3Q7Z" if n % 3 else "",
        )
        for n in range(CARDS)
    ]


def told(stage: Stage) -> tuple[set[str], set[str]]:
    batches = stage.server.batches.values()
    uids = {row.epc.hex().upper() for batch in batches for row in batch.reads}
    return uids, {row.text for batch in batches for row in batch.scans}


def test_every_card_that_was_laid_down_is_reported_with_its_text_and_none_is_invented(tmp_path: Path) -> None:
    laid = cards()

    async def story(stage: Stage) -> None:
        stage.add_port("reader", protocol="pcsc", port="pcsc:Comptoir 00 00")
        stage.start_agent()
        await stage.server.say(Listen("a", "reader", (), 10))
        await stage.server.hear(Listening)
        for card in laid:
            uid = card.uid.hex().upper()
            with lying(card, port=VPCD_PORT):
                await stage.server.until(lambda uid=uid, card=card: _is_told(stage, uid, card.text))  # type: ignore[misc]
        await stage.server.say(Drain("a"))
        to_seq = (await stage.server.hear(Drained)).to_seq
        await stage.server.until(lambda: stage.server.acked >= to_seq)
        uids, texts = told(stage)

        assert uids == {card.uid.hex().upper() for card in laid}
        assert texts == {card.text for card in laid} - {""}

    with card_service(tmp_path):
        play(tmp_path, story)


@pytest.mark.parametrize("way", ["ctypes", "pyscard"])
def test_both_ways_to_the_card_service_say_the_same(way: str, tmp_path: Path) -> None:
    if way == "pyscard":
        pytest.importorskip("smartcard.scard", reason="pyscard is compiled on Linux; requirements/pcsc.txt brings it.")
    ring = VirtualCard("ntag", bytes.fromhex("04BD0F8ACD1190"))
    order = slot_message("T", bytes.fromhex("FFCA000000"))

    with card_service(tmp_path), closing(PcscPort("", CtypesCalls() if way == "ctypes" else card_calls())) as port:
        with lying(ring, port=VPCD_PORT):
            assert said(port) == slot_message("C", ring.atr)
            port.write(order)
            assert said(port) == slot_message("A", ring.uid + b"\x90\x00")
        assert said(port) == slot_message("G")
        port.write(order)
        assert said(port) == slot_message("F")


def said(port: PcscPort) -> bytes:
    """What the port says next; nothing after `START_S` seconds."""
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if heard := port.read():
            return heard
    return b""


def _is_told(stage: Stage, uid: str, text: str) -> bool:
    uids, texts = told(stage)
    return uid in uids and (not text or text in texts)
