"""What people and PCs show to the school's RADIUS server: certificates of the market's authority and of another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.lab.shell import run
from tests.project import BIN

SERVER_NAME = "radius.essais.internal"
_HOME = "/run/station"
_ENTERPRISE = {
    "key_mgmt": "WPA-EAP-SHA256",
    "ieee80211w": "2",
    "ca_cert": f'"{_HOME}/authority.pem"',
    "domain_match": f'"{SERVER_NAME}"',
}


@dataclass(frozen=True)
class Certificate:
    """A certificate and its private key, as PEM."""

    text: str
    key: str


def by_password(name: str, password: str) -> Mapping[str, str]:
    """Settings of a person: PEAP-MSCHAPv2."""
    return {
        **_ENTERPRISE,
        "eap": "PEAP",
        "identity": f'"{name}"',
        "anonymous_identity": '"anonyme"',
        "password": f'"{password}"',
        "phase2": '"auth=MSCHAPV2"',
    }


def by_certificate(tag: str, file: str, **changes: str) -> Mapping[str, str]:
    """Settings of a PC: EAP-TLS with the certificate that ``put`` left at ``file``."""
    own = {
        "eap": "TLS",
        "identity": f'"{tag}"',
        "client_cert": f'"{_HOME}/{file}.crt"',
        "private_key": f'"{_HOME}/{file}.key"',
    }
    return {**_ENTERPRISE, **own, **changes}


def signed(tag: str, inventory: Path, folder: Path, environment: Mapping[str, str]) -> Certificate:
    """A certificate that the market's authority signs for a PC."""
    key, request, certificate = _request(tag, folder), folder / f"{tag}.csr", folder / f"{tag}.crt"
    sign = [str(BIN / "reversibility"), "certificates", "sign", "--inventory", str(inventory)]
    run([*sign, "--purpose", "client", "--out", str(certificate), tag, str(request)], environment=environment)
    return _taken(certificate, key)


def revoked(tag: str, inventory: Path, folder: Path, environment: Mapping[str, str]) -> Certificate:
    """A certificate that the market's authority has signed and revoked; servers refuse it from their next run on."""
    stolen = signed(tag, inventory, folder, environment)
    revoke = [str(BIN / "reversibility"), "certificates", "revoke", "--inventory", str(inventory)]
    run([*revoke, "--reason", "key_compromise", tag], environment=environment)
    return stolen


def foreign(tag: str, folder: Path) -> Certificate:
    """A certificate of another authority for the same name."""
    key, request, certificate = _request(tag, folder), folder / f"{tag}.csr", folder / f"{tag}.crt"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    other = [str(folder / name) for name in ("other.crt", "other.key")]
    run(
        [
            "openssl",
            "req",
            "-x509",
            *curve,
            "-keyout",
            other[1],
            "-subj",
            "/CN=other",
            "-out",
            other[0],
            "-days",
            "2",
        ]
    )
    authority = ["-CA", other[0], "-CAkey", other[1]]
    run(["openssl", "x509", "-req", "-in", str(request), *authority, "-out", str(certificate), "-days", "2"])
    return _taken(certificate, key)


def _request(tag: str, folder: Path) -> Path:
    key = folder / f"{tag}.key"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    subject = ["-subj", f"/CN={tag}", "-keyout", str(key), "-out", str(folder / f"{tag}.csr")]
    run(["openssl", "req", "-new", *curve, *subject])
    return key


def _taken(certificate: Path, key: Path) -> Certificate:
    taken = Certificate(certificate.read_text(), key.read_text())
    key.unlink()
    certificate.unlink()
    return taken
