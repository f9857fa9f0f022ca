"""`baguier tag`: EPC memory to GS1 values and back, one tag a line."""

from enum import StrEnum
from typing import Annotated

import typer

from server.cli.line_answers import print_answers, texts_of
from server.core.epc import EpcBank, TagContent, TidContent, bank_of, encode, parse_bank, parse_tid
from server.core.epc import decode as decode_content

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Decode and encode what tags hold.")


class Memory(StrEnum):
    """What was read of the tag."""

    EPC = "epc"
    BANK = "bank"
    TID = "tid"


AsJson = Annotated[bool, typer.Option("--json", help="One JSON document a line.")]


@app.command("decode", epilog="Example: baguier tag decode 3074257BF7194E4000001A85 --json")
def decode(
    contents: Annotated[list[str], typer.Argument(metavar="HEX…|-", help="EPC memory as hex; - reads lines.")],
    *,
    pc: Annotated[str | None, typer.Option(help="The tags' PC word as 4 hex digits, if known.")] = None,
    memory: Annotated[
        Memory,
        typer.Option(help="epc: EPC alone; bank: with StoredCRC and PC word before it; tid: the chip's own number."),
    ] = Memory.EPC,
    as_json: AsJson = False,
) -> None:
    """Say what each tag's EPC memory means. A bad one gets its reason on its line; the exit code is then 1."""
    word = _pc_word(pc)

    def answer(text: str) -> dict[str, object]:
        if memory is Memory.TID:
            return _tid_fields(parse_tid(text))
        if memory is Memory.BANK:
            bank = parse_bank(text)
            return _bank_fields(bank) | _fields(decode_content(bank.epc, pc=bank.pc))
        return _fields(decode_content(text, pc=word))

    headline = "designer" if memory is Memory.TID else "uri"
    raise typer.Exit(print_answers(texts_of(contents), answer, as_json=as_json, headline=headline))


@app.command("encode", epilog="Example: baguier tag encode urn:epc:id:sgtin:0614141.812345.6789")
def encode_uris(
    uris: Annotated[list[str], typer.Argument(metavar="URI…|-", help="Tag, identity or raw URIs; - reads lines.")],
    *,
    filter_value: Annotated[
        int | None, typer.Option("--filter", min=0, max=7, help="Filter for a URI without one; 1 = item for sale.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give the hex to write for each URI. What does not fit is refused, never shortened; the exit code is then 1."""

    def answer(uri: str) -> dict[str, object]:
        content = decode_content(encode(uri, filter_value=filter_value))
        return _fields(content) | {"pc": f"{bank_of(content.hex).pc:04X}"}

    raise typer.Exit(print_answers(texts_of(uris), answer, as_json=as_json, headline="hex"))


def _pc_word(pc: str | None) -> int | None:
    if pc is None:
        return None
    try:
        word = int(pc, 16)
    except ValueError:
        word = -1
    if not 0 <= word <= 0xFFFF:
        raise typer.BadParameter(f"{pc!r} is not a PC word; expected 4 hex digits, such as 3000.", param_hint="--pc")
    return word


def _fields(content: TagContent) -> dict[str, object]:
    return {
        "hex": content.hex,
        "scheme": content.scheme,
        "uri": content.uri,
        "epc_uri": content.epc_uri,
        "ais": dict(content.ais),
        "digital_link": content.digital_link,
        "filter": content.filter_value,
        "hostname": content.hostname,
    }


def _bank_fields(bank: EpcBank) -> dict[str, object]:
    return {
        "stored_crc": f"{bank.stored_crc:04X}",
        "pc": f"{bank.pc:04X}",
        "epc_words": bank.words,
        "umi": int(bank.has_user_memory),
        "xi": int(bank.has_extension),
        "toggle": int(bank.is_uii),
        "attribute_or_afi": f"{bank.pc & 0xFF:02X}",
        "epc": bank.epc,
    }


def _tid_fields(tid: TidContent) -> dict[str, object]:
    return {
        "hex": tid.hex,
        "class_id": tid.hex[:2],
        "xtid": int(tid.has_xtid),
        "security": int(tid.has_security),
        "file": int(tid.has_file),
        "mdid": f"{tid.designer_id:03X}",
        "designer": tid.designer,
        "model": f"{tid.model:03X}",
        "xtid_header": None if tid.xtid_header is None else f"{tid.xtid_header:04X}",
        "serial_bits": tid.serial_bits,
        "serial": tid.serial,
        "stid_uri": tid.stid_uri,
    }
