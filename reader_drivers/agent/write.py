"""Write: `baguier-agent write`, one EPC to one tag on a configured reader, proved by reading it back."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

from reader_drivers.agent.settings import ReaderSettings, SettingsRefused
from reader_drivers.agent.talk import AT_REST, STOP_S, Talk
from reader_drivers.agent.transports import open_link
from reader_drivers.driver import EpcWriter
from reader_drivers.epc_writing import EpcRefused, EpcWriting, EpcWritten

WRITE_S: Final = 20.0
"""Two looks, a write and the longest bring-up with repeated orders take half of it."""
ENCODE_S: Final = 30.0
RAW_URI: Final = "urn:epc:raw:"


def epc_bytes(text: str) -> bytes:
    """The EPC that a person gave: hex digits, `urn:epc:raw:96.xHEX`, or any URI that `baguier tag encode` knows.

    Raises: SettingsRefused: it is none of them, or the server's part that encodes URIs is not installed here.
    """
    digits = text.strip()
    if digits.lower().startswith(RAW_URI):
        bits, _, digits = digits[len(RAW_URI) :].partition(".")
        digits = digits.removeprefix("x")
        if bits != str(len(digits) * 4):
            raise SettingsRefused(f"{text!r} says {bits} bits and has {len(digits) * 4}; mend one of them.")
    if ":" in digits:
        return _encoded(digits)
    try:
        return bytes.fromhex(digits)
    except ValueError as error:
        raise SettingsRefused(f"{text!r} is no EPC; give a URI like urn:epc:tag:… or hex digits.") from error


def _encoded(uri: str) -> bytes:
    # The codec is the server's, and drivers never import the server: it is asked as any program would ask it.
    command = [sys.executable, "-m", "server", "tag", "encode", "--json", "--", uri]
    try:
        asked = subprocess.run(command, capture_output=True, timeout=ENCODE_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise SettingsRefused(f"`baguier tag encode` did not answer within {ENCODE_S:.0f} s; try again.") from error
    try:
        answer = json.loads(asked.stdout)
    except ValueError as error:
        raise SettingsRefused(
            "The server is not installed here; run `baguier tag encode` where it is, and give its hex digits instead."
        ) from error
    if "error" in answer:
        raise SettingsRefused(answer["error"])
    return bytes.fromhex(answer["hex"])


def password_in(path: Path) -> bytes:
    """The access password in this file, 8 hex digits: on a command line others could see it. Raises: SettingsRefused."""
    try:
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise SettingsRefused(f"The password file {path} cannot be used ({error}); write 8 hex digits.") from error


def hex_option(option: str, text: str | None) -> bytes | None:
    """The bytes of an option; None: it was not given. Raises: SettingsRefused: they are no hex digits."""
    try:
        return None if text is None else bytes.fromhex(text)
    except ValueError as error:
        raise SettingsRefused(f"{option} is {text!r}; give hex digits, two a byte.") from error


async def write_tag(settings: ReaderSettings, writing: EpcWriting) -> EpcWritten | EpcRefused:
    """Open the reader and carry the order out. Raises: ReaderLost: no such port, or it vanished. PlanRefused."""
    link = await open_link(settings.port, settings.baud, settings.protocol.line)
    talk = Talk(link, writing, lambda _: None)
    try:
        await talk.say(writing.begin())
        await talk.listen(seconds=WRITE_S, is_over=lambda: writing.outcome is not None)
    finally:
        # The time is over, or Ctrl-C was pressed: a reader must not go on transmitting.
        if writing.outcome is None:
            await talk.say(writing.give_up())
            await talk.listen(seconds=STOP_S, is_over=lambda: writing.phase in AT_REST)
        await link.close()
    assert writing.outcome is not None
    return writing.outcome


def writer_of(settings: ReaderSettings) -> EpcWriter:
    """A driver of this reader that can write. Raises: SettingsRefused: its protocol cannot."""
    driver = settings.protocol.driver()
    if not isinstance(driver, EpcWriter):
        raise SettingsRefused(
            f"{settings.name} speaks {settings.protocol.name}, by which no tag can be written here; "
            "write it on another reader, or with the program that came with this one."
        )
    return driver
