import hmac
import os
import signal
import socket
import stat
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from server.core.log import canonical, checkpoint, merkle
from server.core.log.canonical import JsonValue
from server.core.log.checkpoint import Checkpoint
from server.core.log.merkle import Frontier
from server.core.log.note import NoteMalformed, VerifierKey
from server.signer.client import SignerClient, SignerDown, SignerRefused
from server.signer.protocol import LINE_BYTES_MAX
from server.signer.state import RootNotExtending
from tests.server.signer.conftest import ORIGIN, SignerBench

LEAVES = [merkle.leaf_hash(b"%d" % number) for number in range(40)]


def head(size: int) -> tuple[int, bytes]:
    return size, merkle.root_of(LEAVES[:size])


def ask(client: SignerClient, old: int, new: int) -> str:
    proof = merkle.consistency_proof(LEAVES, old, new) if old else ()
    return client.checkpoint(ORIGIN, size=new, root=head(new)[1], proof=proof)


@pytest.mark.slow
def test_checkpoints_that_continue_each_other_are_signed(bench: SignerBench) -> None:
    bench.start()
    client = bench.client()
    vkey = VerifierKey.from_text(client.vkey(ORIGIN))

    assert client.last(ORIGIN) == (0, merkle.EMPTY_ROOT)
    for old, new in ((0, 3), (3, 4), (4, 4), (4, 40)):
        note = ask(client, old, new)
        assert checkpoint.open_note(note, [vkey]) == Checkpoint(ORIGIN, *head(new))
        assert client.last(ORIGIN) == head(new)


@pytest.mark.slow
def test_forks_rollbacks_and_empty_logs_are_refused_and_change_nothing(bench: SignerBench) -> None:
    bench.start()
    client = bench.client()
    ask(client, 0, 20)
    forked = [bytes(32), *LEAVES[1:]]
    fork_root = merkle.root_of(forked)

    for size, root, proof in (
        (40, fork_root, merkle.consistency_proof(forked, 20, 40)),
        (40, head(40)[1], ()),
        (20, merkle.root_of(forked[:20]), ()),
        (19, head(19)[1], ()),
        (0, merkle.EMPTY_ROOT, ()),
        (40, head(40)[1], (*merkle.consistency_proof(LEAVES, 20, 40), bytes(32))),
    ):
        with pytest.raises(RootNotExtending):
            client.checkpoint(ORIGIN, size=size, root=root, proof=proof)

    assert client.last(ORIGIN) == head(20)
    ask(client, 20, 40)


@pytest.mark.slow
def test_each_log_has_its_own_state(bench: SignerBench) -> None:
    bench.start()
    client = bench.client()
    ask(client, 0, 20)

    client.checkpoint("example.org/site/8/e0", size=2, root=head(2)[1], proof=())

    assert client.last(ORIGIN) == head(20)
    assert client.last("example.org/site/8/e0") == head(2)


@pytest.mark.slow
def test_restarted_signer_has_its_state_and_its_keys(bench: SignerBench) -> None:
    first = bench.start()
    client = bench.client()
    vkey, certificate, mac = client.vkey(ORIGIN), client.pdf_certificate(), client.pin_mac("shop:person:123456")
    ask(client, 0, 20)
    first.send_signal(signal.SIGTERM)
    assert first.wait(10) == 0
    with pytest.raises(SignerDown):
        client.last(ORIGIN)

    bench.start()

    assert client.last(ORIGIN) == head(20)
    assert (client.vkey(ORIGIN), client.pdf_certificate()) == (vkey, certificate)
    assert client.pin_mac("shop:person:123456") == mac
    with pytest.raises(RootNotExtending):
        ask(client, 0, 10)


@pytest.mark.slow
def test_second_signer_on_the_same_folder_is_refused(bench: SignerBench) -> None:
    bench.start()
    second = bench.start(socket_name="t.sock")

    assert second.wait(10) == 1
    assert second.stderr is not None
    assert b"Another signer" in second.stderr.read()
    ask(bench.client(), 0, 3)


@pytest.mark.slow
def test_signer_ends_when_its_standard_input_ends(bench: SignerBench) -> None:
    process = bench.start()
    assert process.stdin is not None

    process.stdin.close()

    assert process.wait(10) == 0
    assert not bench.socket_path.exists()


@pytest.mark.slow
def test_signer_killed_around_its_answer_never_signs_two_histories(bench: SignerBench) -> None:
    old = 0
    for new in range(2, 8):
        process = bench.start()
        # The request is sent and the process killed at once: the state may or may not have been written.
        link = socket.socket(socket.AF_UNIX)
        link.connect(str(bench.socket_path))
        proof = merkle.consistency_proof(LEAVES, old, new) if old else ()
        request: dict[str, JsonValue] = {"op": "checkpoint", "origin": ORIGIN, "size": new, "root": head(new)[1].hex()}
        link.sendall(canonical.encode({**request, "proof": [one.hex() for one in proof]}) + b"\n")
        if new % 2:
            assert link.recv(4096)
        process.kill()
        process.wait(10)
        link.close()

        bench.start()
        client = bench.client()
        size, root = client.last(ORIGIN)
        assert size == new if new % 2 else size in {old, new}
        assert root == head(size)[1]
        note = ask(client, size, new)
        assert checkpoint.open_note(note, [VerifierKey.from_text(client.vkey(ORIGIN))]).size == new
        client.close()
        bench.started[-1].kill()
        bench.started[-1].wait(10)
        old = new


@pytest.mark.slow
def test_signer_that_cannot_keep_its_state_signs_nothing(bench: SignerBench) -> None:
    bench.start()
    client = bench.client()
    ask(client, 0, 3)
    # A folder where the new state file would go makes its write fail, for any user.
    state = next((bench.folder / "signer").glob("log-*.json"))
    blocker = state.with_name(state.name + ".new")
    blocker.mkdir()

    with pytest.raises(SignerRefused, match="cannot keep its state"):
        ask(client, 3, 9)
    assert client.last(ORIGIN) == head(3)

    blocker.rmdir()
    ask(client, 3, 9)


@pytest.mark.slow
def test_keys_and_state_are_private_to_their_user(bench: SignerBench) -> None:
    process = bench.start()
    ask(bench.client(), 0, 3)
    files = sorted((bench.folder / "signer").iterdir())

    assert {path.name for path in files} >= {"log.key", "pdf.key", "pdf.der", "pepper.key", "lock"}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)
    assert stat.S_IMODE((bench.folder / "signer").stat().st_mode) == 0o700

    process.kill()
    process.wait(10)
    (bench.folder / "signer" / "log.key").chmod(0o644)
    refused = bench.start()
    assert refused.wait(10) == 1
    assert refused.stderr is not None
    assert b"open to other users" in refused.stderr.read()


@pytest.mark.slow
def test_records_pins_and_packs_are_sealed(bench: SignerBench) -> None:
    bench.start()
    client = bench.client()
    digest = sha256(b"record").digest()

    key = x509.load_der_x509_certificate(client.pdf_certificate()).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(client.pdf_sign(digest), b"record", ec.ECDSA(hashes.SHA256()))

    pepper = (bench.folder / "signer" / "pepper.key").read_bytes()
    assert client.pin_mac("1") == hmac.digest(pepper, b"1", "sha256")


@pytest.mark.slow
def test_a_pack_ends_at_any_head_that_what_was_signed_continues_and_at_no_other(bench: SignerBench) -> None:
    bench.start()
    client, digest = bench.client(), sha256(b"manifest").digest()

    def pack(size: int, *, root: bytes | None = None) -> str:
        proof = merkle.consistency_proof(LEAVES, size, 7) if size < 7 else ()
        return client.pack(ORIGIN, manifest_sha256=digest, size=size, root=root or head(size)[1], proof=proof)

    with pytest.raises(SignerRefused, match="no signed checkpoint"):
        pack(7)
    ask(client, 0, 7)
    vkey = VerifierKey.from_text(client.vkey(ORIGIN))
    for size in (3, 7):
        assert checkpoint.open_pack_note(pack(size), [vkey]) == (digest, Checkpoint(ORIGIN, *head(size)))
    for size, root in ((3, head(4)[1]), (7, head(3)[1]), (8, head(8)[1])):
        with pytest.raises(RootNotExtending, match="does not continue"):
            pack(size, root=root)


@pytest.mark.slow
def test_signer_survives_what_is_no_request(bench: SignerBench) -> None:
    bench.start()
    for line in (
        b"\n",
        b"{}\n",
        b"[]\n",
        b"\xff\n",
        b'{"op":"last"}\n',
        b'{"op":"last","origin":""}\n',
        b'{"op":"last","origin":5}\n',
        b'{"op":"last","origin":"a","origin":"b"}\n',
        b'{"op":"export_key"}\n',
        b'{"op":["last"],"origin":"a"}\n',
        b'{"op":"pdf_sign","digest":"00"}\n',
        b'{"op":"pin_mac","value":"' + b"1" * 2000 + b'"}\n',
        b'{"op":"checkpoint","origin":"a b","size":1,"root":"' + b"0" * 64 + b'","proof":[]}\n',
        b'{"op":"checkpoint","origin":"a","size":true,"root":"' + b"0" * 64 + b'","proof":[]}\n',
        b'{"op":"checkpoint","origin":"a","size":1,"root":"' + b"0" * 64 + b'","proof":[5]}\n',
    ):
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(str(bench.socket_path))
            link.sendall(line)
            answer = canonical.decode(link.recv(4096))
            assert isinstance(answer, dict)
            assert answer["ok"] is False, line

    with socket.socket(socket.AF_UNIX) as link:
        link.connect(str(bench.socket_path))
        link.settimeout(10)
        try:
            link.sendall(b"x" * (LINE_BYTES_MAX * 4))
            assert link.recv(10) == b""
        except ConnectionError:
            pass  # Closed while we still wrote: the same refusal.

    ask(bench.client(), 0, 3)


def test_call_without_a_signer_says_signer_down(bench: SignerBench) -> None:
    with pytest.raises(SignerDown, match="Start it: baguier signer") as refusal:
        bench.client().vkey(ORIGIN)

    assert refusal.value.code == "signer_down"


def test_silent_signer_is_down_after_the_time_limit(bench: SignerBench) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(bench.socket_path))
        listener.listen()
        client = SignerClient(bench.socket_path, timeout_s=0.05)

        with pytest.raises(SignerDown):
            client.vkey(ORIGIN)
        client.close()


def test_origin_with_a_space_is_no_key_name() -> None:
    with pytest.raises(NoteMalformed):
        VerifierKey("a b", bytes(32))


def test_frontier_gives_the_proof_the_signer_asks_for() -> None:
    proof = merkle.extension_proof(Frontier.of(LEAVES[:7]), LEAVES[7:])

    assert proof == merkle.consistency_proof(LEAVES, 7, 40)
