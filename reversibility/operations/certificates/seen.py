"""Records of certificates seen in files and at TLS endpoints, read with ``cryptography``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from reversibility.operations.certificates.authority import names_of, purposes_of

USES = {
    ExtendedKeyUsageOID.SERVER_AUTH: "server",
    ExtendedKeyUsageOID.CLIENT_AUTH: "client",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "mail",
    ExtendedKeyUsageOID.CODE_SIGNING: "code",
}


def certificate_record(found: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The record ``certificates.json`` of one asset.

    ``found``: where each was seen (``place``: a path or ``tcp/443``), the certificate (``pem``), and whether its
    private key lies beside it (``private_key``). One certificate in several places is one row with all its places.
    """
    rows: dict[str, dict[str, Any]] = {}
    for item in found:
        place = str(item.get("place", ""))
        try:
            row = describe(x509.load_pem_x509_certificate(str(item.get("pem", "")).encode()))
        except (ValueError, UnicodeError):
            row = {"subject": "", "problem": "unreadable", "sha256": f"unreadable {place}"}
        known = rows.setdefault(row["sha256"], {**row, "places": [], "private_key": False})
        if place not in known["places"]:
            known["places"].append(place)
        known["private_key"] = known["private_key"] or bool(item.get("private_key"))
    for row in rows.values():
        row["places"].sort()
    return {"certificates": sorted(rows.values(), key=lambda row: (row.get("not_after", ""), row["sha256"]))}


def describe(certificate: x509.Certificate) -> dict[str, Any]:
    """Attributes of a certificate, without its places."""
    return {
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "names": sorted(names_of(certificate)),
        "serial": f"{certificate.serial_number:x}",
        "sha256": certificate.fingerprint(hashes.SHA256()).hex(),
        "not_before": _text(certificate.not_valid_before_utc),
        "not_after": _text(certificate.not_valid_after_utc),
        "authority": _is_authority(certificate),
        "uses": sorted({USES.get(each, each.dotted_string) for each in purposes_of(certificate)}),
        "self_signed": certificate.issuer == certificate.subject,
    }


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return bool(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except (x509.ExtensionNotFound, ValueError):
        return False


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
