import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from server.core.log import checkpoint as checkpoints
from server.core.log.checkpoint import Checkpoint
from server.core.log.note import NoteMalformed, NoteNotTrusted, VerifierKey, open_signed, sign_note

ORIGIN = "example.org/site/7/e0"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
VKEY = VerifierKey.of(KEY, ORIGIN)
HEAD = Checkpoint(ORIGIN, 15, bytes(range(100, 132)))
NOTE = checkpoints.sign(HEAD, KEY)

# The example of golang.org/x/mod/sumdb/note (note.go, package documentation), whose form C2SP signed-note took over.
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_note_of_another_implementation_is_accepted() -> None:
    text = open_signed(GO_NOTE, [VerifierKey.from_text(GO_VKEY)])

    assert text.startswith("If you think cryptography")


def test_verifier_key_survives_its_text() -> None:
    assert VerifierKey.from_text(VKEY.to_text()) == VKEY


@pytest.mark.parametrize(
    "text",
    ["", "name", GO_VKEY.replace("c74f", "c74e"), GO_VKEY[:-1] + "X", GO_VKEY.replace("+AR", "+AB"), GO_VKEY + "="],
)
def test_mistyped_verifier_keys_are_refused(text: str) -> None:
    with pytest.raises(NoteMalformed):
        VerifierKey.from_text(text)


def test_checkpoint_has_three_lines_and_one_signature() -> None:
    body, _, signature = NOTE.partition("\n\n")

    assert body == f"{ORIGIN}\n15\n{base64.b64encode(HEAD.root).decode()}"
    assert signature.startswith(f"— {ORIGIN} ")
    assert checkpoints.open_note(NOTE, [VKEY]) == HEAD


@given(st.integers(0, len(NOTE.encode()) - 1), st.integers(0, 7))
def test_no_flipped_bit_is_accepted(at: int, bit: int) -> None:
    raw = bytearray(NOTE.encode())
    raw[at] ^= 1 << bit

    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return
    with pytest.raises((NoteMalformed, NoteNotTrusted)):
        checkpoints.open_note(text, [VKEY])


def test_note_by_another_key_of_the_same_name_is_not_trusted() -> None:
    other = VerifierKey.of(Ed25519PrivateKey.from_private_bytes(bytes(32)), ORIGIN)

    with pytest.raises(NoteNotTrusted):
        checkpoints.open_note(NOTE, [other])


def test_signature_line_of_a_witness_is_passed_over() -> None:
    witness = f"— witness.example {base64.b64encode(b'wxyz' + bytes(72)).decode()}\n"

    assert checkpoints.open_note(NOTE + witness, [VKEY]) == HEAD


@pytest.mark.parametrize(
    "body",
    [
        f"{ORIGIN}\n015\n{'A' * 43}=\n",
        f"{ORIGIN}\n-1\n{'A' * 43}=\n",
        f"{ORIGIN}\n15\n{'A' * 42}==\n",
        f"{ORIGIN}\n15\n{'A' * 42}B=\n",
        f"{ORIGIN}\n15\n{'A' * 43}=\nextension\n",
        f"{ORIGIN}\n15\n",
        f"{ORIGIN}\n٣\n{'A' * 43}=\n",
    ],
)
def test_signed_text_that_is_no_checkpoint_is_refused(body: str) -> None:
    with pytest.raises(NoteMalformed):
        checkpoints.open_note(sign_note(body, KEY, ORIGIN), [VKEY])


def test_pack_note_cannot_pass_for_a_checkpoint_nor_the_reverse() -> None:
    pack_note = checkpoints.sign_pack(bytes(32), HEAD, KEY)

    assert checkpoints.open_pack_note(pack_note, [VKEY]) == (bytes(32), HEAD)
    with pytest.raises(NoteMalformed):
        checkpoints.open_note(pack_note, [VKEY])
    with pytest.raises(NoteMalformed):
        checkpoints.open_pack_note(NOTE, [VKEY])


@given(st.integers(0, 4))
def test_joined_notes_come_apart_again(count: int) -> None:
    notes = [checkpoints.sign(Checkpoint(ORIGIN, size, bytes(32)), KEY) for size in range(count)]

    assert checkpoints.split_notes(checkpoints.join_notes(notes)) == notes


def test_unfinished_list_of_notes_is_refused() -> None:
    with pytest.raises(NoteMalformed):
        checkpoints.split_notes(NOTE)


@pytest.mark.parametrize("text", ["", "no line feed", "a\n\nb\n", "bell\a\n"])
def test_text_that_a_note_cannot_carry_is_not_signed(text: str) -> None:
    with pytest.raises(NoteMalformed):
        sign_note(text, KEY, ORIGIN)
