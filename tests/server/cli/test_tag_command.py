"""`baguier tag` and `baguier barcode` as a person or a script meets them."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def baguier(*arguments: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-m", "server", *arguments], input=stdin, capture_output=True, check=False, timeout=60
    )


def answers(run: "subprocess.CompletedProcess[bytes]") -> list[dict[str, object]]:
    return [json.loads(line) for line in run.stdout.split(b"\n") if line]


def test_a_bad_tag_is_answered_on_its_line_and_the_others_too() -> None:
    run = baguier(
        "tag", "decode", "-", "--json", stdin=b"3074257BF7194E4000001A85\nnonsense\n\xff\nE28011606000020497CB0065\n"
    )

    first, second, third, fourth = answers(run)
    assert run.returncode == 1
    assert first["ais"] == {"01": "80614141123458", "21": "6789"}
    assert (second["reason"], third["reason"]) == ("hex", "hex")
    assert fourth["uri"] == "urn:epc:raw:96.xE28011606000020497CB0065"


def test_what_is_encoded_is_shown_decoded() -> None:
    run = baguier("tag", "encode", "urn:epc:tag:giai-96:0.0614141.5678", "--json")

    assert run.returncode == 0
    assert answers(run)[0]["hex"] == "3414257BF40000000000162E"
    assert answers(run)[0]["epc_uri"] == "urn:epc:id:giai:0614141.5678"


def test_a_pc_word_with_the_toggle_makes_it_an_iso_identifier() -> None:
    run = baguier("tag", "decode", "A1B2C3D4E5F60718293A4B5C", "--pc", "31A1", "--json")

    assert answers(run)[0]["uri"] == "urn:epc:raw:96.xA1.xA1B2C3D4E5F60718293A4B5C"


def test_labels_keep_their_group_separators_on_standard_input() -> None:
    run = baguier("barcode", "parse", "-", "--json", stdin=b"]d20109506000134352210A\x1d240REF18K\n")

    assert answers(run)[0]["ais"] == {"01": "09506000134352", "21": "0A", "240": "REF18K"}
    assert run.returncode == 0


def test_an_endless_line_is_one_bad_answer() -> None:
    run = baguier("tag", "decode", "-", "--json", stdin=b"A" * 100_000 + b"\nA1\n")

    first, second = answers(run)
    assert (first["reason"], second["hex"]) == ("length", "A1")


@pytest.mark.parametrize(
    "arguments", [("tag",), ("tag", "decode"), ("tag", "decode", "30", "--pc", "xyz"), ("barcode", "parse")]
)
def test_bad_usage_leaves_with_two(arguments: tuple[str, ...]) -> None:
    run = baguier(*arguments)

    assert run.returncode == 2
    assert b"Traceback" not in run.stderr
