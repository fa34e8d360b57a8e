"""Records of proven logins: one file for each login method, with the revision of each account's proven secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reversibility.errors import CartableError


@dataclass(frozen=True, slots=True)
class Method:
    """Way to prove a secret. ``record`` is the file below the asset's folder, ``login`` how the login is made."""

    record: str
    login: str
    place: str


# The names are those of roles/secrets/tasks/set_<name>.yml and prove_<name>.yml.
METHODS: dict[str, Method] = {
    "unix_password": Method("logins.json", "pam", "the machine"),
    "samba": Method("logins-shares.json", "smb", "the shares"),
    "windows_local": Method("logins.json", "windows_logon", "the machine"),
    "network_account": Method("logins.json", "ssh", "the device"),
    "radius_secret": Method("logins-radius.json", "radius", "the RADIUS server"),
    "restic": Method("logins-backup.json", "restic", "the repository of the copies"),
    "radius_account": Method("logins-radius-accounts.json", "mschapv2", "the RADIUS server"),
    "wifi_key": Method("logins-wifi.json", "wpa", "the Wi-Fi network"),
    "snmp_user": Method("logins-snmp.json", "snmpv3", "the device's SNMP agent"),
    "grub": Method("logins-grub.json", "pbkdf2", "the boot menu"),
    "remote_support": Method("logins-remote-support.json", "vnc", "the remote support agent"),
}
RECORDS: dict[str, tuple[Method, ...]] = {
    record: tuple(method for method in METHODS.values() if method.record == record)
    for record in dict.fromkeys(method.record for method in METHODS.values())
}
SUCCESS = "success"


def login_record(method: str, revisions: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Name and content of the record of proven logins. ``revisions``: account → revision of its vault entry.

    Raises CartableError for a method that METHODS does not know.
    """
    known = METHODS.get(method)
    if known is None:
        raise CartableError(
            f"{method!r} is no way to prove a secret; there are {', '.join(METHODS)} (reversibility/records/logins.py)."
        )
    logins = [
        {"account": account, "vault_revision": revision, "method": known.login, "result": SUCCESS}
        for account, revision in revisions.items()
    ]
    return known.record, {"logins": logins}


def login_records(names: Iterable[str]) -> list[str]:
    """The given record names that hold proven logins, sorted."""
    return sorted(name for name in names if name in RECORDS)
