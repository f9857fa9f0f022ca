"""Keys: what the signing process alone can use, made at its first start and readable by its own user only."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from server.signer.files import read_private, write_durably

LOG_KEY_FILE: Final = "log.key"
PDF_KEY_FILE: Final = "pdf.key"
PDF_CERTIFICATE_FILE: Final = "pdf.der"
PEPPER_FILE: Final = "pepper.key"

_PEPPER_BYTES: Final = 32
_NOT_BEFORE: Final = datetime(2020, 1, 1, tzinfo=UTC)
_NOT_AFTER: Final = datetime(2060, 1, 1, tzinfo=UTC)
# The insurer pins the certificate itself. A short life would only make old records look void, and a start at the first
# run would refuse records of a demonstration whose clock is in the past.


@dataclass(frozen=True, slots=True)
class Keys:
    """The log key, the seal of the records and the pepper of the PINs."""

    log: Ed25519PrivateKey
    pdf: ec.EllipticCurvePrivateKey
    pdf_certificate: bytes
    """X.509 certificate of the seal, DER, signed by itself."""
    pepper: bytes
    """Secret of 32 bytes without which stored PINs cannot be guessed."""


def load_or_make_keys(folder: Path) -> Keys:
    """The keys in `folder`, made there when the file is not there yet.

    Raises: SignerStateUnusable: a key file that others may read. ValueError: a file that is not the key it should be.
    """
    log_raw = _made_once(folder / LOG_KEY_FILE, lambda: Ed25519PrivateKey.generate().private_bytes_raw())
    pdf_raw = _made_once(folder / PDF_KEY_FILE, _new_pdf_key)
    pdf_key = serialization.load_der_private_key(pdf_raw, password=None)
    assert isinstance(pdf_key, ec.EllipticCurvePrivateKey)
    return Keys(
        log=Ed25519PrivateKey.from_private_bytes(log_raw),
        pdf=pdf_key,
        pdf_certificate=_made_once(folder / PDF_CERTIFICATE_FILE, lambda: _certificate_for(pdf_key)),
        pepper=_made_once(folder / PEPPER_FILE, lambda: os.urandom(_PEPPER_BYTES)),
    )


def _made_once(path: Path, make: Callable[[], bytes]) -> bytes:
    if not path.exists():
        write_durably(path, make())
    return read_private(path)


def _new_pdf_key() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _certificate_for(key: ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "Baguier records"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Baguier"),
        ]
    )
    usage = {
        "digital_signature": True,
        "content_commitment": True,
        "key_encipherment": False,
        "data_encipherment": False,
        "key_agreement": False,
        "key_cert_sign": False,
        "crl_sign": False,
        "encipher_only": False,
        "decipher_only": False,
    }
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOT_BEFORE)
        .not_valid_after(_NOT_AFTER)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )
