"""The record (procès-verbal): one PDF/A-4f a tour, with its content embedded as JSON, sealed by the signer's P-256 key.

The page is made by an embedded template with embedded fonts and the tour's close as its only date; the same record
makes the same unsealed bytes on any machine.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib import resources
from typing import Any, ClassVar, Final

from server.core.errors import Malformed
from server.core.log import canonical
from server.core.log.canonical import JsonValue

LINES_MAX: Final = 2_000
"""Places of one record: about 45 a page."""

CONTENT_FILE: Final = "record.json"
"""Name of the file embedded in a record: its content as canonical JSON."""
_SIGNATURE_FIELD: Final = "Seal"
_DER_BYTES_MAX: Final = 72  # A P-256 signature: two numbers of 33 bytes and their DER heads.
_NOT_CLAIMED: Final = {
    "fr": (
        "qu'une étiquette entendue était encore sur son bijou : la radio constate une étiquette, la main constate la pièce ;",
        "que ce que les personnes ont déclaré était vrai au moment de le dire ;",
        "que deux personnes ne se sont pas entendues.",
    ),
    "en": (
        "that a tag heard was still on its jewel: radio finds a tag, a hand finds the piece;",
        "that what people entered was true when they entered it;",
        "that two people did not agree beforehand.",
    ),
}


class SealBroken(Malformed):
    """A record whose seal is missing, false, or of another certificate."""

    code: ClassVar[str] = "seal_broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLine:
    """One counted place of the tour."""

    count: str
    """Id of the count: by it a verifier finds what was signed. Not printed."""
    place: str
    expected: int
    """Pieces expected when the count was opened."""
    present: int
    by_hand: int
    """Of those present: confirmed without their tag."""
    missing: int
    mode: str
    """How it was verified, in the reader's language."""
    person_a: str
    person_b: str
    """Empty: nobody verified; the place then counts as single."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCase:
    """One discrepancy and what people decided."""

    piece: str
    place: str
    discrepancy: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSigner:
    """One signature under the tour's list."""

    name: str
    at: str
    """Shop time, as the reader writes it."""
    device: str
    list_no: int
    grade: str
    """S0 to S3 or P, audit design section 4.4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TourRecord:
    """All that one record says. Texts are in the reader's language and shop time."""

    shop: str
    title: str
    when: str
    language: str
    """`fr` or `en`."""
    closed_at: datetime
    """The document's only date; aware."""
    log: str
    """Origin of the log."""
    checkpoint: str
    """Signed note that covers the tour's signatures; printed and in the QR code."""
    lines: tuple[RecordLine, ...]
    cases: tuple[RecordCase, ...]
    signers: tuple[RecordSigner, ...]
    uncovered: tuple[tuple[str, str], ...]
    """Places of the shop that the tour did not count, with the reason given or an empty text."""
    is_demo: bool = False


@dataclass(frozen=True, slots=True)
class Seal:
    """The records' key as seen from outside the signer."""

    certificate: bytes
    """DER, P-256."""
    sign_digest: Callable[[bytes], bytes]
    """SHA-256 digest in, DER ECDSA signature out: the signer's `pdf_sign`."""


def make_record(record: TourRecord, seal: Seal) -> bytes:
    """The sealed PDF/A-4f of one tour. Not to be called inside a running event loop.

    Raises: Malformed: over `LINES_MAX` lines, a language or a text that a record cannot have.
    """
    return seal_pdf(render_record(record, seal_fingerprint(seal.certificate)), seal, at=record.closed_at)


def seal_fingerprint(certificate: bytes) -> str:
    """SHA-256 of the certificate, lower-case hex: what an insurer is given and pins."""
    return sha256(certificate).hexdigest()


def render_record(record: TourRecord, fingerprint: str) -> bytes:
    """The unsealed PDF/A-4f. `fingerprint` is that of the seal it will get. Raises: as `make_record`."""
    import segno
    import typst

    if record.language not in _NOT_CLAIMED or len(record.lines) > LINES_MAX:
        raise Malformed(
            f"A record is in fr or en and has at most {LINES_MAX} places; {record.language!r:.10} and "
            f"{len(record.lines)} were given."
        )
    template = resources.files("server.exports").joinpath("record.typ").read_bytes()
    inputs = {
        "record": canonical.encode(_content_of(record, fingerprint)).decode(),
        "qr": segno.make(record.checkpoint, error="m", mode="byte").svg_inline(border=0),
    }
    pdf = typst.compile(
        template,
        format="pdf",
        sys_inputs=inputs,
        ignore_system_fonts=True,
        pdf_standards=["a-4f"],
        # The typesetter takes whole seconds only.
        timestamp=record.closed_at.replace(microsecond=0),
    )
    assert isinstance(pdf, bytes)
    return pdf


def seal_pdf(pdf: bytes, seal: Seal, *, at: datetime) -> bytes:
    """The PDF with one certifying signature that allows no later change (PAdES B-B). `at` is its stated time."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
    from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata

    metadata = PdfSignatureMetadata(
        field_name=_SIGNATURE_FIELD,
        md_algorithm="sha256",
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        subfilter=SigSeedSubFilter.PADES,
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    sealed: io.BytesIO = _dated_signer(metadata, seal, at).sign_pdf(writer)
    return sealed.getvalue()


def read_record(pdf: bytes, certificate_sha256: str) -> dict[str, JsonValue]:
    """The content embedded in a record whose seal is good.

    Raises: SealBroken: it bears no good seal by that certificate, or holds no content that can be read.
    """
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader

    check_seal(pdf, certificate_sha256=certificate_sha256)
    try:
        files = PdfFileReader(io.BytesIO(pdf)).root["/Names"]["/EmbeddedFiles"]["/Names"]
        named = {str(files[at]): files[at + 1] for at in range(0, len(files), 2)}
        content = canonical.decode_exact(named[CONTENT_FILE]["/EF"]["/F"].data)
    except (PdfError, Malformed, ValueError, KeyError, TypeError, IndexError) as error:
        raise SealBroken(f"The record does not hold its content: {error}.") from error
    if not isinstance(content, dict):
        raise SealBroken("The record does not hold its content.")
    return content


def check_seal(pdf: bytes, *, certificate_sha256: str) -> None:
    """Check that the record bears exactly one seal, over all of it, by the pinned certificate.

    Raises: SealBroken: it says what is wrong.
    """
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.general import SigningError
    from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
    from pyhanko.sign.validation.errors import SignatureValidationError
    from pyhanko_certvalidator.context import ValidationContext

    try:
        seals = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
        if len(seals) != 1:
            raise SealBroken(f"The record bears {len(seals)} seals; it should bear one.")
        certificate = seals[0].signer_cert
        # The seal's certificate vouches for itself; whether it is the right one is asked below.
        context = ValidationContext(trust_roots=[certificate], allow_fetching=False)
        status = validate_pdf_signature(seals[0], context)
    except (PdfError, SigningError, SignatureValidationError, ValueError, KeyError, TypeError, IndexError) as error:
        raise SealBroken(f"The record is not a PDF with a readable seal: {error}.") from error
    if seal_fingerprint(certificate.dump()) != certificate_sha256:
        raise SealBroken("The record was sealed with another certificate than the one you hold.")
    covers_all = status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    if not (status.intact and status.valid and covers_all):
        raise SealBroken("The record was changed after it was sealed.")


def _dated_signer(metadata: Any, seal: Seal, at: datetime) -> Any:
    """A signer whose stated time is the record's, not that of the computer: a record says when the tour closed."""
    from asn1crypto import algos, x509
    from pyhanko.sign.signers.pdf_cms import Signer
    from pyhanko.sign.signers.pdf_signer import PdfSigner

    class RemoteSigner(Signer):
        async def async_sign_raw(self, signed_part: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: FBT001, FBT002 — the library's own signature.
            assert digest_algorithm == "sha256"
            return bytes(_DER_BYTES_MAX) if dry_run else seal.sign_digest(sha256(signed_part).digest())

    class DatedSigner(PdfSigner):
        def init_signing_session(self, *arguments: Any, **options: Any) -> Any:
            session = super().init_signing_session(*arguments, **options)
            session.system_time = at
            return session

    remote = RemoteSigner(
        signing_cert=x509.Certificate.load(seal.certificate),
        signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
    )
    return DatedSigner(metadata, remote)


def _content_of(record: TourRecord, fingerprint: str) -> JsonValue:
    moment = record.closed_at.astimezone(UTC)
    return {
        "shop": record.shop,
        "title": record.title,
        "when": record.when,
        "language": record.language,
        "date": [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second],
        "log": record.log,
        "checkpoint": record.checkpoint.split("\n"),
        "seal": fingerprint,
        "is_demo": record.is_demo,
        "single": sum(1 for line in record.lines if not line.person_b),
        "totals": {
            "places": len(record.lines),
            "expected": sum(line.expected for line in record.lines),
            "present": sum(line.present for line in record.lines),
            "by_hand": sum(line.by_hand for line in record.lines),
            "missing": sum(line.missing for line in record.lines),
        },
        "lines": [
            {
                "count": line.count,
                "place": line.place,
                "expected": line.expected,
                "present": line.present,
                "by_hand": line.by_hand,
                "missing": line.missing,
                "mode": line.mode,
                "person_a": line.person_a,
                "person_b": line.person_b or "—",
            }
            for line in record.lines
        ],
        "cases": [
            {"piece": case.piece, "place": case.place, "class": case.discrepancy, "outcome": case.outcome}
            for case in record.cases
        ],
        "signers": [
            {"name": one.name, "at": one.at, "device": one.device, "list": str(one.list_no), "grade": one.grade}
            for one in record.signers
        ],
        "uncovered": [{"place": place, "reason": reason} for place, reason in record.uncovered],
        "not_claimed": list(_NOT_CLAIMED[record.language]),
    }
