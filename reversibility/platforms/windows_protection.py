"""Antivirus, encryption, Secure Boot and TPM of a Windows PC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reversibility.platforms.windows_answer import Answer, by_name, iso_date, number, text_of, without_empty

# Win32_EncryptableVolume
ENCRYPTION = {
    1: "AES-128 diffuser",
    2: "AES-256 diffuser",
    3: "AES-128",
    4: "AES-256",
    6: "XTS-AES-128",
    7: "XTS-AES-256",
}
# AntivirusSignatureAge of signatures that were never loaded
NEVER = 4294967295


def antivirus_state(product_state: int) -> tuple[bool, bool]:
    """Whether a product of the security centre is on, and up to date: the last four hexadecimal digits."""
    return bool(product_state & 0x1000), not product_state & 0xFF


def antivirus(answer: Answer) -> Iterator[dict[str, Any]]:
    defender = answer.first("defender")
    for row in by_name(answer.rows("antivirus"), "displayName"):
        name = text_of(row.get("displayName"))
        enabled, fresh = antivirus_state(number(row.get("productState")) or 0)
        version = text_of(defender.get("AMProductVersion")) if "defender" in name.lower() else ""
        guid = text_of(row.get("instanceGuid"))
        yield without_empty(
            {"name": name, "guid": guid, "enabled": enabled, "uptodate": fresh, "version": version}
        )
    if defender and not answer.rows("antivirus"):  # a server has no security centre
        running = bool(defender.get("AntivirusEnabled")) and bool(defender.get("RealTimeProtectionEnabled"))
        version = text_of(defender.get("AMProductVersion"))
        yield without_empty({"name": "Windows Defender", "enabled": running, "version": version})


def protection(answer: Answer) -> dict[str, Any]:
    """The record of what protects the PC. What is unknown is left out, so that nothing is taken for off."""
    tpm = answer.first("tpm")
    boot = answer.first("secure_boot").get("UEFISecureBootEnabled")
    found: dict[str, Any] = {}
    if answer.knows("encryption"):
        found["volumes"] = [_volume(row) for row in by_name(answer.rows("encryption"), "DriveLetter")]
    if answer.knows("tpm"):
        found["tpm"] = without_empty(
            {
                "present": bool(tpm),
                "enabled": bool(tpm.get("IsEnabled_InitialValue")) if tpm else None,
                "version": text_of(tpm.get("SpecVersion")).partition(",")[0],
            }
        )
    if answer.knows("secure_boot"):
        found["secure_boot"] = {None: "unsupported", 0: "disabled", 1: "enabled"}.get(number(boot), "unknown")
    if answer.knows("defender") or answer.knows("antivirus"):
        found["antivirus"] = list(antivirus(answer))
    return found


def _volume(row: dict[str, Any]) -> dict[str, Any]:
    """State of a volume. With a clear key (suspended, or Windows' default), encrypted is not protected."""
    encrypted, on = number(row.get("ConversionStatus")) == 1, number(row.get("ProtectionStatus")) == 1
    return without_empty(
        {
            "drive": text_of(row.get("DriveLetter")),
            "encrypted": encrypted,
            "protected": on,
            "method": ENCRYPTION.get(number(row.get("EncryptionMethod")) or 0, ""),
            "exposed": encrypted and not on,
        }
    )


def signature_age(answer: Answer) -> int | None:
    """Days since Defender's signatures were made; None when that is unknown or they were never loaded."""
    age = number(answer.first("defender").get("AntivirusSignatureAge"))
    return None if age is None or age == NEVER else age


def signature_base(answer: Answer) -> dict[str, Any]:
    """Version and day of Defender's signatures: they are meant to change."""
    defender = answer.first("defender")
    return without_empty(
        {
            "base_version": text_of(defender.get("AntivirusSignatureVersion")),
            "base_creation": iso_date(defender.get("AntivirusSignatureLastUpdated")),
            "age_days": signature_age(answer),
        }
    )
