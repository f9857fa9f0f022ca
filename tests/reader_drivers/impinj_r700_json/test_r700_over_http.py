"""The R700 by its web address: driver, HTTP and the simulated reader in its own process; and HTTP's own troubles."""

import asyncio
import json
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from reader_drivers.agent.adapters.http_orders import HttpPort
from reader_drivers.agent.port_words import opening_refused
from reader_drivers.agent.protocols import protocol_named
from reader_drivers.agent.settings import ReaderSettings
from reader_drivers.agent.trial import Trial, try_reader
from reader_drivers.driver import ReadPlan, Region
from reader_drivers.json_lines import order
from tests.reader_drivers.agent.stage import ROOT, end

TAGS = [
    {"antenna": 1 + n % 2, "epc": f"30{n:022X}", "tid": f"E2801160{n:016X}", "rssi_dbm": -40 - n} for n in range(10)
]


@contextmanager
def simulated(folder: Path) -> Iterator[str]:
    """The web address of a reader with these tags."""
    file = folder / "tags.jsonl"
    file.write_text("".join(json.dumps(tag) + "\n" for tag in TAGS))
    command = (
        "-m",
        "simulators",
        "reader",
        "impinj_r700_json",
        "--tags",
        str(file),
        "--link",
        "http:0",
        "--rate",
        "400",
    )
    started = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert started.stdout is not None
        yield started.stdout.readline().decode().strip()
    finally:
        end(started, signal.SIGKILL)


async def tried(address: str, plan: ReadPlan) -> Trial:
    settings = ReaderSettings(
        name="door",
        protocol=protocol_named("impinj_r700_json"),
        port=address,
        baud=0,
        plan=plan,
        antennas=plan.antennas,
    )
    return await try_reader(settings, seconds=0.6)


def lines_of(port: HttpPort, wanted: int) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    until = time.monotonic() + 20
    while len(found) < wanted and time.monotonic() < until:
        found += [json.loads(line) for line in port.read().splitlines() if line]
    return found


@pytest.mark.slow
def test_agent_reads_the_stream_and_stops_it(tmp_path: Path) -> None:
    with simulated(tmp_path) as address:
        trial = asyncio.run(tried(address, ReadPlan(region=Region.EU, power_cdbm=2_000, antennas=(1, 2))))

    assert {(epc, tid) for epc, tid, _ in trial.tags} == {(tag["epc"], tag["tid"]) for tag in TAGS}
    assert {(epc, antenna) for epc, _, antenna in trial.tags} >= {(tag["epc"], tag["antenna"]) for tag in TAGS}
    assert trial.rejected == []
    assert trial.phase == "idle"


@pytest.mark.slow
def test_a_reader_of_another_region_and_one_that_refuses_the_power_stay_silent(tmp_path: Path) -> None:
    with simulated(tmp_path) as address:
        foreign = asyncio.run(tried(address, ReadPlan(region=Region.US, power_cdbm=2_000, antennas=(1,))))
        strong = asyncio.run(tried(address, ReadPlan(region=Region.EU, power_cdbm=3_300, antennas=(1,))))

    assert foreign.tags == strong.tags == {}
    assert any("ETSI EN 302-208" in note for note in foreign.notes)
    assert any("transmitPowerCdbm is 1000 to 3000" in note for note in strong.notes)


@pytest.mark.slow
def test_requests_that_fail_are_answers_and_the_end_of_the_stream_is_the_end_of_the_port(tmp_path: Path) -> None:
    with simulated(tmp_path) as address:
        port = HttpPort(address)
        port.write(order("GET", "/nowhere") + order("GET", "/api/v1/data/stream") + order("GET", "/api/v1/data/stream"))
        told = lines_of(port, 3)
    with pytest.raises(OSError, match="ended its stream"):
        lines_of(port, 1)
    port.write(order("GET", "/api/v1/status"))
    (late,) = lines_of(port, 1)
    port.close()

    assert [answer["answer"]["status"] for answer in told] == [404, 200, 200]  # type: ignore[index]
    assert late["answer"]["status"] == 0  # type: ignore[index]


@contextmanager
def secure_reader(folder: Path) -> Iterator[tuple[str, str]]:
    """A web server with a certificate that it signed itself: its address without the scheme, and the fingerprint."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "impinj-14-12-34")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "reader.pem"
    file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    # Refused connections are what the test is about.
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}", certificate.fingerprint(hashes.SHA256()).hex()
    finally:
        server.shutdown()
        server.server_close()


def test_a_certificate_that_nobody_vouches_for_is_taken_by_its_fingerprint_only(tmp_path: Path) -> None:
    with secure_reader(tmp_path) as (address, fingerprint):
        with pytest.raises(OSError, match=f"add #{fingerprint} to the port"):
            HttpPort(f"https://root:impinj@{address}")
        with pytest.raises(OSError, match="another certificate than before"):
            HttpPort(f"https://root:impinj@{address}#{'0' * 64}")

        HttpPort(f"https://root:impinj@{address}#{fingerprint.upper()}").close()


def test_a_password_in_the_port_is_in_no_sentence() -> None:
    said = opening_refused("https://root:geheim@192.168.1.50#ab", ConnectionRefusedError(111, "refused"))

    assert "192.168.1.50" in said
    assert "geheim" not in said


@pytest.mark.slow
def test_bytes_that_are_no_order_go_nowhere(tmp_path: Path) -> None:
    with simulated(tmp_path) as address:
        port = HttpPort(address)
        port.write(b"\xff\x00\x03\x1d\x0c\n[1]\n" + order("GET", "/api/v1/status"))
        (answer,) = lines_of(port, 1)
        port.close()

    assert answer["answer"]["body"] == {"status": "idle"}  # type: ignore[index]


def test_what_is_no_web_address_is_told_with_an_example() -> None:
    with pytest.raises(ValueError, match="https://root:PASSWORD@"):
        HttpPort("https:192.168.1.50")
