"""`baguier barcode`: what scanned labels say, one label a line."""

from typing import Annotated

import typer

from server.cli.line_answers import print_answers, texts_of
from server.core.barcode import parse_barcode

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Take barcodes apart.")


@app.callback()
def barcode() -> None:
    """Take barcodes apart."""


@app.command("parse", epilog="Example: baguier barcode parse ']d20109506000134352216789' --json")
def parse(
    texts: Annotated[list[str], typer.Argument(metavar="TEXT…|-", help="Scanned texts; - reads lines.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document a line.")] = False,
) -> None:
    """Say what each label means. A bad one gets its reason on its line; the exit code is then 1."""
    raise typer.Exit(print_answers(texts_of(texts), _fields, as_json=as_json, headline="text"))


def _fields(text: str) -> dict[str, object]:
    label = parse_barcode(text)
    return {
        "text": label.text,
        "aim": label.aim,
        "kind": label.kind,
        "ais": dict(label.ais),
        "gtin": label.gtin,
        "sku": label.sku,
        "serial": dict(label.ais).get("21"),
        "flags": list(label.flags),
    }
