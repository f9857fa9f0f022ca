"""A record as a shop would have it, and a seal whose key lives in the test."""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from server.exports.record_pdf import RecordCase, RecordLine, RecordSigner, Seal, TourRecord
from tests.server.exports.shop_days import ORIGIN, honest_day

CLOSED_AT = datetime(2026, 3, 2, 18, 12, 40, tzinfo=UTC)


def new_seal() -> Seal:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Records of a test")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2060, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    return Seal(
        certificate.public_bytes(Encoding.DER), lambda digest: key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))
    )


def closing_record(*, language: str = "fr") -> TourRecord:
    lines = tuple(
        RecordLine(
            count=f"c-{number}",
            place=f"Vitrine {number // 3 + 1}/Plateau {number % 3 + 1}",
            expected=25,
            present=24 if number == 4 else 25,
            by_hand=1 if number == 7 else 0,
            missing=1 if number == 4 else 0,
            mode="lecture à l'aveugle" if number == 4 else "quantité, tirage",
            person_a="Claire Dubois" if number % 2 else "Marc Léger",
            person_b="Marc Léger" if number % 2 else "Claire Dubois",
        )
        for number in range(12)
    )
    return TourRecord(
        shop="Maison Aurélie, 12 rue de la Paix, Paris",
        title="Procès-verbal de comptage — fermeture",
        when="Lundi 2 mars 2026, de 18 h 31 à 19 h 12",
        language=language,
        closed_at=CLOSED_AT,
        log=ORIGIN,
        checkpoint=honest_day().checkpoint(),
        lines=lines,
        cases=(
            RecordCase(
                piece="BAG-000117",
                place="Vitrine 2/Plateau 2",
                discrepancy="MISSING",
                outcome="En enquête depuis le 2 mars, 19 h 02",
            ),
        ),
        signers=(
            RecordSigner(name="Claire Dubois", at="19 h 10", device="Tablette comptoir", list_no=1, grade="S0"),
            RecordSigner(name="Marc Léger", at="19 h 12", device="Téléphone Marc", list_no=1, grade="S0"),
        ),
        uncovered=(("Coffre/Plateau 40", "confié à l'atelier"),),
        is_demo=False,
    )
