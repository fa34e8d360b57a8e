"""Certificate authority of a market (X.509): it issues certificates and a revocation list.

Its private key is in the vault and nowhere else. Issued certificates are for machines of the schools only; nothing
outside the market is asked to trust them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from reversibility.errors import CartableError

PURPOSES: Mapping[str, tuple[x509.ObjectIdentifier, ...]] = {
    "client": (ExtendedKeyUsageOID.CLIENT_AUTH,),
    "server": (ExtendedKeyUsageOID.SERVER_AUTH,),
    "peer": (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH),
}
LONGEST_NAME = 64  # bytes of a common name (RFC 5280, ub-common-name)
AUTHORITY_LIFE = timedelta(days=3653)
# A school's clock may be behind when a certificate arrives: a board without its battery starts in the past.
BACKDATED = timedelta(days=1)
# A server refuses everybody once its list has expired, so the validity is long. Each run sends a current list.
LIST_LIFE = timedelta(days=365)
LIST_RENEWED = timedelta(days=180)
REASONS = {
    "key_compromise": x509.ReasonFlags.key_compromise,
    "superseded": x509.ReasonFlags.superseded,
    "cessation_of_operation": x509.ReasonFlags.cessation_of_operation,
    "unspecified": x509.ReasonFlags.unspecified,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Wanted content of a certificate. ``names`` are DNS names and IP addresses."""

    common_name: str
    purpose: str = "client"
    names: tuple[str, ...] = ()
    days: int = 365


@dataclass(frozen=True, slots=True)
class Revoked:
    """A certificate revoked before its expiry; ``reason`` is a key of REASONS."""

    serial: int
    time: datetime
    reason: str


@dataclass(frozen=True)
class Authority:
    """The key and the certificate of a market's authority."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def __repr__(self) -> str:
        """The name, not the key."""
        return f"Authority({self.certificate.subject.rfc4514_string()!r})"

    @classmethod
    def create(cls, name: str, now: datetime) -> Authority:
        """Make a new authority of this name."""
        key = ec.generate_private_key(ec.SECP384R1())
        fitting = name.encode()[:LONGEST_NAME].decode(errors="ignore").rstrip()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, fitting)])
        builder = _builder(subject, subject, key.public_key(), now - BACKDATED, now + AUTHORITY_LIFE)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_key_usage(signs=True), critical=True)
        builder = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
        return cls(key, builder.sign(key, hashes.SHA384()))

    @classmethod
    def load(cls, key: str, certificate: bytes) -> Authority:
        """Read key and certificate (PEM). Raises CartableError when they are damaged or do not belong together."""
        try:
            private = serialization.load_pem_private_key(key.encode(), password=None)
            public = x509.load_pem_x509_certificate(certificate)
        except ValueError as error:
            raise CartableError(
                "The certificate authority in the vault is damaged; bring its entry back with KeePassXC from the "
                "history."
            ) from error
        if not isinstance(private, ec.EllipticCurvePrivateKey) or public.public_key() != private.public_key():
            raise CartableError(
                "Key and certificate of the authority in the vault do not belong together; bring the entry back with "
                "KeePassXC from its history."
            )
        return cls(private, public)

    def key_pem(self) -> str:
        """The private key (PKCS 8, PEM); secret."""
        form = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()

    def certificate_pem(self) -> bytes:
        """The certificate (PEM)."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, public_key: CertificatePublicKeyTypes, wanted: Wanted, now: datetime) -> x509.Certificate:
        """Issue a certificate for ``public_key``; it never outlives the authority itself."""
        end = min(now + timedelta(days=wanted.days), self.certificate.not_valid_after_utc)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, wanted.common_name)])
        start = max(now - BACKDATED, self.certificate.not_valid_before_utc)
        builder = _builder(subject, self.certificate.subject, public_key, start, end)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage(signs=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage(PURPOSES[wanted.purpose]), critical=False)
        if wanted.names:
            builder = builder.add_extension(x509.SubjectAlternativeName(general_names(wanted.names)), False)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        builder = builder.add_extension(self._identifier(), critical=False)
        return builder.sign(self.key, hashes.SHA384())

    def issued(self, certificate: x509.Certificate) -> bool:
        """Whether this authority has signed ``certificate``."""
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True

    def revocation_list(self, revoked: Iterable[Revoked], now: datetime) -> x509.CertificateRevocationList:
        """Sign the list of all revoked certificates. Its number is the time, so that a later one is higher."""
        builder = x509.CertificateRevocationListBuilder(
            self.certificate.subject, now, now + LIST_LIFE
        ).add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
        builder = builder.add_extension(self._identifier(), critical=False)
        for each in sorted(revoked, key=lambda item: item.serial):
            entry = x509.RevokedCertificateBuilder(each.serial, each.time.replace(microsecond=0))
            reason = x509.CRLReason(REASONS.get(each.reason, x509.ReasonFlags.unspecified))
            builder = builder.add_revoked_certificate(entry.add_extension(reason, critical=False).build())
        return builder.sign(self.key, hashes.SHA384())

    def list_is_good(self, pem: bytes | None, revoked: Iterable[Revoked], now: datetime) -> bool:
        """Whether ``pem`` is this authority's list of exactly the ``revoked``, and valid for long enough."""
        try:
            found = x509.load_pem_x509_crl(pem or b"")
        except ValueError:
            return False
        end = found.next_update_utc
        return (
            found.is_signature_valid(self.key.public_key())
            and {entry.serial_number for entry in found} == {each.serial for each in revoked}
            and end is not None
            and end - now > LIST_RENEWED
        )

    def _identifier(self) -> x509.AuthorityKeyIdentifier:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())


def general_names(names: Iterable[str]) -> list[x509.GeneralName]:
    """IP addresses and DNS names, each as its kind."""
    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found


def names_of(certificate: x509.Certificate) -> list[str]:
    """The alternative names of a certificate: DNS names, addresses, mail addresses, URIs."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [str(name.value) for name in found if not isinstance(name, (x509.DirectoryName, x509.OtherName))]


def purposes_of(certificate: x509.Certificate) -> set[x509.ObjectIdentifier]:
    """The extended key usages of a certificate."""
    try:
        return set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except (x509.ExtensionNotFound, ValueError):
        return set()


def requested_key(pem: str) -> CertificatePublicKeyTypes:
    """The public key of a certificate request (PEM), after a check of its signature; its names are ignored.

    Raises CartableError for what is no request, is signed by another key, or has a weak key.
    """
    try:
        request = x509.load_pem_x509_csr(pem.encode())
        good, key = request.is_signature_valid, request.public_key()
    except (ValueError, UnicodeError) as error:
        raise CartableError(
            "This is no certificate request (PKCS 10, PEM); look at the file that was given."
        ) from error
    if not good:
        raise CartableError("The certificate request is not signed by its own key; make it again.")
    least = 256 if isinstance(key, ec.EllipticCurvePublicKey) else 2048
    size = getattr(key, "key_size", least)  # an Edwards curve has one size, and does not say it
    if size < least:
        raise CartableError(f"The key of the certificate request is too short ({size} bits); make a new one.")
    return key


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: CertificatePublicKeyTypes,
    start: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        issuer, subject, key, x509.random_serial_number(), start.astimezone(UTC), end.astimezone(UTC)
    )


def _key_usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )
