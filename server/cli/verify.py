"""`baguier verify`: says of a pack what can be said, on any machine, without the shop."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from server.core.errors import DomainError
from server.core.log.canonical import JsonValue
from server.core.log.findings import NOT_CLAIMED, Finding, Property, State, Verification
from server.core.log.trust import TRUST_BYTES_MAX, Trust
from server.core.log.verify import verify_pack
from server.exports.canonical_zip import ZIP_BYTES_MAX, OpenedZip, ZipUnreadable, read_zip

app = typer.Typer(add_completion=False, help="Verify an evidence pack, on any machine, without the shop.")


@app.command(epilog="Example: baguier verify pack.zip --trust trust.json")
def verify(
    pack: Annotated[Path, typer.Argument(metavar="PACK.zip", help="The pack.")],
    *,
    trust: Annotated[
        Path | None, typer.Option(help="What you got of the shop's log before the pack, by another way.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Print one line a property. Exit code: 0 verified, 1 broken, 2 cannot tell or unreadable."""
    raise typer.Exit(verify_command(pack, trust, as_json=as_json))


def verify_command(pack: Path, trust: Path | None, *, as_json: bool) -> int:
    """Verify the pack in the file `pack` with the trust in the file `trust`; the exit code.

    One line a property goes to standard output, or one JSON document. 0: verified; 1: broken, and the first bad record is
    named; 2: cannot tell, or one of the two files cannot be read, and standard error says why.
    """
    try:
        held = None if trust is None else Trust.from_json(_read(trust, TRUST_BYTES_MAX))
        opened = read_zip(_read(pack, ZIP_BYTES_MAX))
    except (DomainError, OSError) as error:
        why = str(error)
        if isinstance(error, OSError):
            why = f"{error.filename} cannot be opened: {error.strerror}. Check the path."
        print(f"Cannot tell: {why}", file=sys.stderr)
        if as_json:
            print(json.dumps({"pack": str(pack), "verdict": "cannot tell", "exit": 2, "properties": [], "why": why}))
        return 2
    verification = _verified(opened, held)
    if as_json:
        print(json.dumps(_document(pack, verification), ensure_ascii=False))
    else:
        for finding in verification.findings:
            where = f" [{finding.first_bad}]" if finding.first_bad else ""
            print(f"{finding.property.value:<11} {finding.state.value:<11} {finding.sentence}{where}")
        print(f"{'NOT CLAIMED':<11} {'':<11} {'; '.join(NOT_CLAIMED)}")
        print(f"{'VERDICT':<11} {verification.verdict}")
    return verification.exit_code


def _verified(opened: OpenedZip, held: Trust | None) -> Verification:
    if not opened.damaged:
        return verify_pack(opened.members, held, is_canonical=opened.is_canonical, read_record=_read_record)
    first = opened.damaged[0]
    sentence = f"The member {first} does not fit its own check sum: it was changed or damaged."
    reason = "The pack's bytes are not those that were signed, so they say nothing."
    rest = (Finding(one, State.CANNOT_TELL, reason) for one in Property if one is not Property.BYTES)
    return Verification((Finding(Property.BYTES, State.BROKEN, sentence, first), *rest))


def _read_record(pdf: bytes, certificate_sha256: str) -> Mapping[str, JsonValue]:
    from server.exports.record_pdf import read_record  # The PDF library takes half a second to load.

    return read_record(pdf, certificate_sha256)


def _document(pack: Path, verification: Verification) -> dict[str, object]:
    return {
        "pack": str(pack),
        "verdict": verification.verdict,
        "exit": verification.exit_code,
        "properties": [
            {
                "property": finding.property.value,
                "state": finding.state.value,
                "sentence": finding.sentence,
                "first_bad": finding.first_bad,
            }
            for finding in verification.findings
        ],
        "not_claimed": list(NOT_CLAIMED),
    }


def _read(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        raw = file.read(limit + 1)
    if len(raw) > limit:
        raise ZipUnreadable(f"{path} is longer than {limit} bytes.")
    return raw
