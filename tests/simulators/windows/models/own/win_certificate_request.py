"""cartable.fleet.win_certificate_request: mirrors plugins/modules/win_certificate_request.ps1. Keys are in ``extra["keys"]``."""

from __future__ import annotations

import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from ..api import Call, Result, model
from ..win_certificate_store import stored

NAMES = {
    "CN": NameOID.COMMON_NAME,
    "C": NameOID.COUNTRY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "L": NameOID.LOCALITY_NAME,
}


@model("cartable.fleet.win_certificate_request")
def win_certificate_request(call: Call) -> Result:
    title = f"Cartable {call.params['name']}"
    keys: dict[str, str] = call.state.extra.setdefault("keys", {}) if not call.check else {}
    keys = call.state.extra.get("keys", keys)
    made = title not in keys
    result: Result = {"changed": made, "request": "", "certificate": "", "thumbprint": ""}
    key = None
    if not made or not call.check:
        key = _key(keys, title)
        result["request"] = _request(call, key)
    certificates = call.state.certificates
    present = sorted(
        (each for each in certificates if each.friendly_name == title), key=lambda each: each.not_after
    )
    if call.params["certificate"]:
        new = x509.load_pem_x509_certificate(call.params["certificate"].encode())
        item = stored(new, "My", "LocalMachine")
        if [each.thumbprint for each in present] != [item.thumbprint]:
            result["changed"] = True
            if not call.check:
                assert key is not None
                if _public(new.public_key()) != _public(key.public_key()):
                    call.fail(
                        f"The certificate {call.params['name']} cannot be requested or installed: The provided key does not "
                        "match the public key for this certificate."
                    )
                item.friendly_name = title
                certificates[:] = [*(each for each in certificates if each not in present), item]
                present = [item]
    if present:
        result["certificate"], result["thumbprint"] = present[-1].pem, present[-1].thumbprint
    return result


def _public(key: object) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined, no-any-return]


def _key(keys: dict[str, str], title: str) -> rsa.RSAPrivateKey:
    if title not in keys:
        made = rsa.generate_private_key(65537, 3072)
        keys[title] = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    found = load_pem_private_key(keys[title].encode(), None)
    assert isinstance(found, rsa.RSAPrivateKey)
    return found


def _request(call: Call, key: rsa.RSAPrivateKey) -> str:
    pairs = [part.split("=", 1) for part in call.params["subject"].lstrip("/").split("/")]
    subject = x509.Name([x509.NameAttribute(NAMES[name], text) for name, text in pairs])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if call.params["names"]:
        names = [_general_name(name) for name in call.params["names"]]
        request = request.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return request.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
