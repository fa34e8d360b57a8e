"""The self-signed certificate of a PC's HTTPS listener."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True)
class Certificate:
    """Certificate and key, as PEM, with the SHA-256 of the certificate (channel binding) and its thumbprint."""

    certificate: bytes
    key: bytes
    digest: bytes
    thumbprint: str
    not_before: datetime.datetime
    not_after: datetime.datetime

    def write(self, path: Path) -> Path:
        """Write certificate and key to one file that only its owner reads; `ssl` loads them from files."""
        path.touch(mode=0o600)
        path.write_bytes(self.certificate + self.key)
        return path


def self_signed(name: str, made_at: datetime.datetime, days: int = 365) -> Certificate:
    """What New-SelfSignedCertificate gives: valid from the PC's own clock on, for one year."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    not_before = made_at - datetime.timedelta(minutes=10)
    not_after = made_at + datetime.timedelta(days=days)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name), x509.DNSName("localhost")]), critical=False
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Certificate(
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        certificate.fingerprint(hashes.SHA256()),
        certificate.fingerprint(hashes.SHA1()).hex().upper(),
        not_before,
        not_after,
    )
