"""Issuing and revoking: the authority is in the vault, its register of certificates in the state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from reversibility.errors import CartableError
from reversibility.operations.certificates.authority import (
    PURPOSES,
    REASONS,
    Authority,
    Revoked,
    Wanted,
    names_of,
    purposes_of,
    requested_key,
)
from reversibility.records.inventory_summary import dicts
from reversibility.records.state import State
from reversibility.records.vault import Vault
from reversibility.records.vault_entry import AUTHORITY, OWN_ASSET

REGISTER = "issued-certificates.json"
CERTIFICATE, REVOCATIONS = "certificate.pem", "revocations.pem"
PRIVATE_KEY = "private_key"


def known_authority(vault: Vault) -> Authority | None:
    """The market's authority; None before the first certificate."""
    key = vault.secret(OWN_ASSET, AUTHORITY, PRIVATE_KEY)
    certificate = vault.attachment(OWN_ASSET, AUTHORITY, CERTIFICATE)
    return Authority.load(key, certificate) if key and certificate else None


def made_authority(vault: Vault, state: State, title: str, now: datetime) -> Authority:
    """The market's authority, created if there is none; its certificate is in the state as well."""
    if known_authority(vault) is None:
        with vault.transaction() as change:
            if known_authority(vault) is None:  # under the lock: another process may have made it
                made = Authority.create(f"Autorité – {title}", now)
                change.put_secret(OWN_ASSET, OWN_ASSET, AUTHORITY, PRIVATE_KEY, made.key_pem())
                change.put_attachment(OWN_ASSET, OWN_ASSET, AUTHORITY, CERTIFICATE, made.certificate_pem())
    found = known_authority(vault)
    assert found is not None
    with state.authority_lock():
        state.write_authority(CERTIFICATE, found.certificate_pem())
    return found


def why_new(
    authority: Authority | None,
    current: str,
    request: str,
    wanted: Wanted,
    register: list[dict[str, Any]],
    *,
    now: datetime,
    renew_days: int,
) -> str:
    """Reason to issue a certificate, in words; empty if ``current`` (PEM) is good."""
    if not current.strip():
        return "there is none"
    try:
        found = x509.load_pem_x509_certificate(current.encode())
    except (ValueError, UnicodeError):
        return "what is there is no certificate"
    if authority is None or not authority.issued(found):
        return "it was issued by another authority"
    if found.not_valid_after_utc <= now:
        return f"it ended on {found.not_valid_after_utc:%Y-%m-%d}"
    # In the authority's own last days a new certificate would not last longer than the one that is there.
    last = found.not_valid_after_utc >= authority.certificate.not_valid_after_utc
    if found.not_valid_after_utc - now < timedelta(days=renew_days) and not last:
        return f"it ends on {found.not_valid_after_utc:%Y-%m-%d}"
    if request and found.public_key() != requested_key(request):
        return "the key is another one"
    if f"{found.serial_number:x}" in {str(row.get("serial")) for row in register if row.get("revoked")}:
        return "it is revoked"
    names = [attribute.value for attribute in found.subject]
    if names != [wanted.common_name] or set(names_of(found)) != set(wanted.names):
        return "its names are others"
    return "" if purposes_of(found) == set(PURPOSES[wanted.purpose]) else "it is for another purpose"


def issue(
    authority: Authority, state: State, site: str, asset: str, request: str, wanted: Wanted, now: datetime
) -> str:
    """Issue a certificate (PEM) for the key of ``request`` and note it in the asset's register."""
    certificate = authority.issue(requested_key(request), wanted, now)
    row = {
        "serial": f"{certificate.serial_number:x}",
        "subject": wanted.common_name,
        "names": list(wanted.names),
        "purpose": wanted.purpose,
        "not_before": _text(certificate.not_valid_before_utc),
        "not_after": _text(certificate.not_valid_after_utc),
        "sha256": certificate.fingerprint(hashes.SHA256()).hex(),
    }
    with state.authority_lock():
        kept = [row for row in register(state, site, asset) if not _over(row, now)]
        state.write(site, asset, REGISTER, {"issued": [*kept, row]})
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def register(state: State, site: str, asset: str) -> list[dict[str, Any]]:
    """Unexpired certificates issued to an asset."""
    return [dict(row) for row in dicts(state.read_json(site, asset, REGISTER), "issued")]


def revoke(
    state: State, asset: str, reason: str, now: datetime, *, serial: str | None = None
) -> list[dict[str, Any]]:
    """Mark the certificates of an asset as revoked, or the one with that serial; returns those newly marked.

    Raises CartableError for a reason or a certificate that is not known.
    """
    if reason not in REASONS:
        raise CartableError(
            f"{reason!r} is no reason to revoke a certificate; it is one of {', '.join(REASONS)}."
        )
    changed: list[dict[str, Any]] = []
    known = False
    with state.authority_lock():
        for site, tag in [place for place in state.assets() if place[1] == asset]:
            rows = register(state, site, tag)
            meant = [row for row in rows if serial in (None, row.get("serial"))]
            known = known or bool(meant)
            for row in meant:
                if not row.get("revoked"):
                    row["revoked"] = {"time": _text(now), "reason": reason}
                    changed.append(row)
            if changed:
                state.write(site, tag, REGISTER, {"issued": rows})
    if not known:
        which = f" with the serial {serial}" if serial else ""
        raise CartableError(f"The authority has issued no certificate{which} to {asset}.")
    return changed


def revocations(authority: Authority, state: State, now: datetime) -> str:
    """The current revocation list (PEM); signed again only if its content changes or it is old."""
    revoked = [
        Revoked(int(str(row["serial"]), 16), _moment(row["revoked"]["time"]), str(row["revoked"]["reason"]))
        for site, asset in state.assets()
        for row in register(state, site, asset)
        if isinstance(row.get("revoked"), dict) and not _over(row, now)
    ]
    with state.authority_lock():
        kept = state.read_authority(REVOCATIONS)
        if not authority.list_is_good(kept, revoked, now):
            made = authority.revocation_list(revoked, now)
            state.write_authority(REVOCATIONS, made.public_bytes(serialization.Encoding.PEM))
        found = state.read_authority(REVOCATIONS)
    assert found is not None
    return found.decode("ascii")


def _over(row: dict[str, Any], now: datetime) -> bool:
    return _moment(row["not_after"]) <= now


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
