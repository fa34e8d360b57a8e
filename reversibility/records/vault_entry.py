"""One entry of the vault: its attributes, and how to read them from a KeePass file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from reversibility.records import vault_fields as kdbx
from reversibility.records.vault_file import VaultError

POLICY, REVISION = "policy", "revision"
PENDING, PENDING_REVISION, PENDING_EXPIRES = "pending", "pending_revision", "pending_expires"
OWN_FIELDS = frozenset({POLICY, REVISION, PENDING, PENDING_REVISION, PENDING_EXPIRES})

# The project's own secrets (the age identity) are filed under this name, beside the sites.
OWN_ASSET = "cartable"
AGE_IDENTITY = "age-identity"
# The market's certificate authority: its private key as a protected field, its certificate attached.
AUTHORITY = "certificate-authority"
# Only in the copy that a bundle has: the operators' SSH key, attached. Otherwise it is a file, as ssh wants it.
OPERATOR_SSH = "operator-ssh"
# Named secret: the password that an unattended installation gives an account, until the first provision replaces it. It
# lies on a medium, so it is never the pending one, which a run would set on an asset that was not installed anew.
INSTALLATION = "installation"


# What KeePass and KeePassXC replace when they use an entry: references to other entries, fields of this one, times,
# conversions.
# https://keepass.info/help/base/placeholders.html
PLACEHOLDER = re.compile(
    r"\{(?:(?:REF|S|T-CONV|T-REPLACE-RX|C|CMD|ENV|NEWPASSWORD|HMACOTP|TIMEOTP|PICKCHARS|PICKFIELD|URL|BASE|DB|GROUP|DT)[:_][^}]*"
    r"|TITLE|USERNAME|PASSWORD|NOTES|TOTP|HMACOTP|TIMEOTP|URL|BASE|UUID|DB_DIR|APPDIR|GROUP|PICKCHARS|NEWPASSWORD|PASSWORD_ENC)\}",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Entry:
    """One account on one asset, as the vault has it.

    ``password`` is the secret that is known to work ("" when none is yet); ``pending`` is the next one, from
    its creation until a real login has succeeded with it. ``revision`` changes whenever the password does and
    says nothing about it, so that a record can say which password was tried.

    An entry with a ``flaw`` has no password here: what the file says is not what opens the account.
    """

    site: str
    asset: str
    account: str
    username: str
    password: str = field(repr=False)
    pending: str | None = field(repr=False)
    address: str
    expires: datetime | None
    policy: str
    revision: str
    pending_revision: str | None = None
    pending_expires: datetime | None = None
    flaw: str = ""

    @property
    def title(self) -> str:
        """The title of the KeePass entry."""
        return f"{self.asset}/{self.account}"

    @property
    def wanted_secret(self) -> str:
        """The pending secret if there is one, else the current one."""
        return self.pending or self.password

    @property
    def wanted_revision(self) -> str:
        """The revision of ``wanted_secret``."""
        return self.pending_revision or self.revision

    def expired(self, now: datetime | None = None) -> bool:
        """Whether the current password is past its validity."""
        return self.expires is not None and self.expires <= (now or datetime.now(UTC))


def read_entry(site: str, element: Any) -> Entry | None:
    """Read a KeePass entry.

    None for one whose title is not ``asset/account`` (a person's own note, for example).
    """
    found = kdbx.fields(element)
    asset, slash, account = found.get(kdbx.TITLE, "").partition("/")
    if not (asset and slash and account):
        return None
    flaw, expires, pending_expires = flaw_of(found), None, None
    try:
        expires, pending_expires = kdbx.expiry(element), _moment(found.get(PENDING_EXPIRES))
    except VaultError as error:  # one entry that another program wrote does not close the whole vault
        flaw = flaw or str(error)
    return Entry(
        site=site,
        asset=asset,
        account=account,
        username=found.get(kdbx.USERNAME, ""),
        password="" if flaw else found.get(kdbx.PASSWORD, ""),
        pending=None if flaw else found.get(PENDING) or None,
        address=found.get(kdbx.ADDRESS, ""),
        expires=expires,
        policy=found.get(POLICY, ""),
        revision=found.get(REVISION, ""),
        pending_revision=found.get(PENDING_REVISION) or None,
        pending_expires=pending_expires,
        flaw=flaw,
    )


def _moment(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError as error:
        raise VaultError(f"The field {PENDING_EXPIRES} holds no time ({text!r}).") from error
    if found is not None and found.tzinfo is None:
        raise VaultError(f"The field {PENDING_EXPIRES} has no time zone ({text!r}).")
    return found


def flaw_of(found: Mapping[str, str]) -> str:
    """Why the user name and the secrets of an entry, by field, cannot be used as they are; empty when they can.

    The secrets are not repeated.
    """
    for name in (kdbx.USERNAME, kdbx.PASSWORD, PENDING):
        if problem := value_flaw(name, found.get(name, "")):
            return problem
    return ""


def value_flaw(name: str, value: str) -> str:
    """Why a field cannot be used as it is written; empty when it can."""
    if "{" in value and PLACEHOLDER.search(value):
        return (
            f"The field {name} holds a placeholder of KeePass (such as a reference to another entry), which would be "
            "set as the password as it is written; put the value itself there with KeePassXC."
        )
    if name != kdbx.USERNAME and value != value.strip():
        return (
            f"The field {name} begins or ends with a space, which smbclient and other tools drop, so that no login can "
            "prove it; write it without."
        )
    return ""


def check_names(site: str, asset: str, account: str) -> None:
    """Raise VaultError for a name that would not come back from the title ``asset/account`` as it went in."""
    for kind, name in (("site", site), ("asset", asset), ("account", account)):
        if not name or name != name.strip() or not name.isprintable() or (kind == "asset" and "/" in name):
            raise VaultError(
                f"{name!r} cannot be the {kind} of a vault entry; use printable characters"
                + (" without /." if kind == "asset" else ", and no space at its ends.")
            )
