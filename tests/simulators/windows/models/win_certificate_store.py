"""ansible.windows.win_certificate_store: mirrors win_certificate_store.ps1 of ansible.windows 3.8.0 (no PFX export)."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from ..state.system import StoredCertificate
from .api import Call, Result, model


def stored(certificate: x509.Certificate, store: str, location: str) -> StoredCertificate:
    return StoredCertificate(
        certificate.fingerprint(hashes.SHA1()).hex().upper(),
        certificate.subject.rfc4514_string(),
        certificate.issuer.rfc4514_string(),
        certificate.not_valid_before_utc.isoformat(),
        certificate.not_valid_after_utc.isoformat(),
        store,
        location,
        certificate.public_bytes(Encoding.PEM).decode(),
    )


@model("ansible.windows.win_certificate_store", version="3.8.0")
def win_certificate_store(call: Call) -> Result:
    params, certificates = call.params, call.state.certificates
    store, location = params["store_name"], params["store_location"]
    state = params["state"].lower()
    if state == "exported":
        call.fail("simulator: win_certificate_store has no model of state exported")
    there = {
        c.thumbprint
        for c in certificates
        if c.store.lower() == store.lower() and c.location.lower() == location.lower()
    }
    wanted = _read(call, params["path"], store, location) if params["path"] else []
    if state == "absent":
        prints = (
            {params["thumbprint"].upper()} if params["thumbprint"] else {item.thumbprint for item in wanted}
        )
        gone = prints & there
        if not call.check:
            certificates[:] = [
                c for c in certificates if c.thumbprint not in gone or c.store.lower() != store.lower()
            ]
        return {"changed": bool(gone), "thumbprints": sorted(gone)}
    new = [item for item in wanted if item.thumbprint not in there]
    if not call.check:
        certificates.extend(new)
    return {"changed": bool(new), "thumbprints": [item.thumbprint for item in wanted]}


def _read(call: Call, path: str, store: str, location: str) -> list[StoredCertificate]:
    entry = call.state.files.get(path)
    if entry is None:
        call.fail(f"File at '{path}' either does not exist or is not a file")
        raise AssertionError
    content = entry.content
    password = (call.params["password"] or "").encode() or None
    try:
        if b"-----BEGIN" in content:
            found = x509.load_pem_x509_certificates(content)
        elif path.lower().endswith((".pfx", ".p12")):
            bag = pkcs12.load_pkcs12(content, password)
            found = [c.certificate for c in (bag.cert, *bag.additional_certs) if c is not None]
        else:
            found = [x509.load_der_x509_certificate(content)]
    except ValueError as error:
        call.fail(f"Failed to load cert from file: {error}")
    return [stored(item, store, location) for item in found]
