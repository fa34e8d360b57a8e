"""Dual control: one holder of group A and one of group B open the vault in a bundle; no group can do so
alone.

The copy of the vault opens with a fresh passphrase *and* a fresh key file. The passphrase is encrypted with
age to each holder of group A, the key file to each holder of group B, one age file a holder. A holder is an
age or SSH public key or, without either, a passphrase that is shown once. No cryptography of our own:
pykeepass and age.
"""

from __future__ import annotations

import hashlib
import io
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyrage
from pykeepass import PyKeePass
from pykeepass.exceptions import CredentialsError

from reversibility.bundle import layout, texts
from reversibility.bundle.key_files import key_lines, read_key_file
from reversibility.bundle.public_keys import canonical, key_pair, parse
from reversibility.errors import CartableError
from reversibility.records.vault import Entry, KdfCost, Vault

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # 32 signs: no I O 0 1, which people confuse on paper
GROUPS, GROUP_LENGTH = 7, 4  # 28 signs of 5 bits: 140 bits
KEY_FILE_BYTES = 32
GROUP_NAMES = {"a": layout.HALF_A, "b": layout.HALF_B}


@dataclass(frozen=True)
class Holder:
    """Who may hold one half: ``recipient`` is an age or SSH public key, or None for a passphrase."""

    name: str
    group: str  # "a": the vault's passphrase, "b": its key file
    party: str
    recipient: str | None
    file: str  # below 06-secrets/
    recipient_file: str | None = None  # below the market's data folder, as contract.yml names it

    @property
    def public_key(self) -> str | None:
        """The file of the public key below 06-secrets/; None for a holder without one, or with one from elsewhere."""
        if self.recipient is None or self.recipient_file is None or layout.refusal(self.recipient_file):
            return None
        return f"{layout.PUBLIC_KEYS}/{self.recipient_file}"


@dataclass(frozen=True)
class Holders:
    """The holders of both groups, in the order of contract.yml."""

    a: tuple[Holder, ...]
    b: tuple[Holder, ...]


@dataclass(frozen=True)
class Sheet:
    """The passphrase of a holder without a key: shown once, for a sealed envelope; stored nowhere."""

    holder: Holder
    passphrase: str = field(repr=False)


@dataclass(frozen=True)
class ProvenCopy:
    """What was read back from the copy of the vault, once it had opened with both halves and with neither alone.

    It stands in for the open Vault in the assessment: the parsed file of 25,000 assets would take 350 MB meanwhile.
    """

    read: tuple[Entry, ...] = field(repr=False)
    identity: str = field(repr=False)
    ssh_key: Mapping[str, bytes] = field(repr=False)

    def entries(self) -> list[Entry]:
        """All accounts of assets, as ``Vault.entries``."""
        return list(self.read)

    def age_identity(self) -> str:
        """The age identity that decrypts every ``config.age``; secret."""
        return self.identity

    def operator_key(self) -> Mapping[str, bytes]:
        """The files of the operators' SSH key by their names, as ``Vault.operator_key``; secret."""
        return self.ssh_key


def load_holders(contract: Mapping[str, Any], data: Path) -> Holders:
    """Read ``holders`` of contract.yml; ``recipient_file`` is relative to the market's data folder ``data``.

    Raises CartableError for a group without holders, a key that cannot be read, or one key in both groups.
    """
    groups: dict[str, tuple[Holder, ...]] = {}
    known: dict[str, tuple[str, str]] = {}
    for group, folder in GROUP_NAMES.items():
        found: list[Holder] = []
        for declared in (contract.get("holders") or {}).get(group) or ():
            name = str(declared["name"])
            recipient = None if declared.get("passphrase") else _recipient(declared, data)
            if recipient is not None:
                other, its_group = known.setdefault(key_pair(recipient), (name, group))
                if its_group != group:
                    raise CartableError(
                        f"contract.yml: {other} and {name} have the same key in both groups of "
                        "holders; nobody may open the vault alone, so give them two keys."
                    )
            file = f"{folder}/{_unused(layout.slug(name), found, folder)}.age"
            found.append(
                Holder(
                    name,
                    group,
                    str(declared.get("party", "")),
                    recipient,
                    file,
                    declared.get("recipient_file"),
                )
            )
        if not found:
            raise CartableError(
                f"contract.yml: group {group} of the vault's holders is empty; name at least one "
                f"under holders: {group}."
            )
        groups[group] = tuple(found)
    return Holders(**groups)


def _unused(slug: str, found: list[Holder], folder: str) -> str:
    taken = {holder.file for holder in found}
    names = (slug, *(f"{slug}-{number}" for number in range(2, len(found) + 3)))
    return next(name for name in names if f"{folder}/{name}.age" not in taken)


def _recipient(declared: Mapping[str, Any], data: Path) -> str:
    name, file = declared["name"], declared.get("recipient_file")
    if not file:
        raise CartableError(
            f"contract.yml: the holder {name} has neither recipient_file nor passphrase: true."
        )
    path = data / str(file)
    try:
        keys = key_lines(read_key_file(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise CartableError(
            f"The public key of the holder {name} cannot be read ({path}: {reason}); put an age or "
            "SSH public key there, or write passphrase: true in contract.yml."
        ) from error
    words = "".join(keys).split()
    is_ssh = bool(words) and words[0].startswith("ssh-")
    # Of an SSH key the rest of the line is its comment; an age key has none.
    beside = [word for word in words[1 + is_ssh :] if word.lower().startswith(("ssh-", "age1"))]
    if len(keys) > 1 or beside:
        raise CartableError(
            f"{path} of the holder {name} has {max(len(keys), 2)} keys; give one file a holder, and one holder a key."
        )
    try:
        recipient = canonical(" ".join(words[:2] if is_ssh else words))
        parse(recipient)
    except (pyrage.RecipientError, ValueError, IndexError) as error:
        raise CartableError(
            f"{path} of the holder {name} is no age, ssh-ed25519 or ssh-rsa public key ({error}); replace it."
        ) from error
    return recipient


def new_passphrase() -> str:
    """A passphrase of 140 bits that can be copied by hand from paper: ``ABCD-EFGH-…``."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
    return "-".join(groups)


def new_key_file() -> bytes:
    """A fresh key file in KeePass's own format, version 2.0: 256 bits, with their check sum."""
    key = secrets.token_bytes(KEY_FILE_BYTES)
    check = hashlib.sha256(key).hexdigest()[:8].upper()
    text = key.hex().upper()
    words = [text[start : start + 8] for start in range(0, len(text), 8)]
    lines = "\n".join(
        "            " + " ".join(words[start : start + 4]) for start in range(0, len(words), 4)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<KeyFile>\n'
        "    <Meta>\n        <Version>2.0</Version>\n    </Meta>\n"
        f'    <Key>\n        <Data Hash="{check}">\n{lines}\n        </Data>\n    </Key>\n</KeyFile>\n'
    ).encode()


def write_secrets(
    folder: Path,
    vault: Vault,
    holders: Holders,
    market: str,
    *,
    operator_key: Mapping[str, bytes] | None = None,
    cost: KdfCost | None = None,
) -> tuple[list[Sheet], ProvenCopy]:
    """Fill ``folder`` (06-secrets): the vault under dual control, the halves, who holds them, how to open it.

    The files of ``operator_key`` are attached to an entry of the copy. The copy is opened again before this returns:
    with both halves it must open, with either alone it must not; ``vault`` is released meanwhile. Returns the sheets
    of the holders without a key, and what was read back. ``cost`` is for tests.
    """
    passphrase, key_file = new_passphrase(), new_key_file()
    copy = folder / layout.VAULT
    vault.export(copy, passphrase, key_file, operator_key=operator_key, cost=cost)
    entries = len(vault.entries())
    vault.release()  # 350 MB with 25,000 assets, beside the copy's as much
    proven = _prove(copy, passphrase, key_file, entries, operator_key or {})
    sheets = []
    for holder, half in (
        *((holder, passphrase.encode()) for holder in holders.a),
        *((holder, key_file) for holder in holders.b),
    ):
        path = folder / holder.file
        path.parent.mkdir(exist_ok=True)
        if holder.recipient is not None:
            path.write_bytes(pyrage.encrypt(half, [parse(holder.recipient)]))
        else:
            sheet = Sheet(holder, new_passphrase())
            path.write_bytes(pyrage.passphrase.encrypt(half, sheet.passphrase))
            sheets.append(sheet)
    everyone = (*holders.a, *holders.b)
    for holder in everyone:
        if holder.public_key is not None:
            public = folder / holder.public_key
            public.parent.mkdir(parents=True, exist_ok=True)
            public.write_text(f"{holder.recipient}\n", encoding="utf-8")
    listing = {
        "groups": {"a": "vault passphrase", "b": "vault key file"},
        "holders": [
            {
                "name": holder.name,
                "group": holder.group,
                "party": holder.party,
                "file": holder.file,
                "recipient": holder.recipient or "passphrase",
                "public_key": holder.public_key,
            }
            for holder in everyone
        ],
    }
    (folder / layout.HOLDERS_FILE).write_text(
        json.dumps(listing, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8"
    )
    text = texts.opening(
        market,
        [holder.name for holder in holders.a],
        [holder.name for holder in holders.b],
        operator_key=bool(operator_key),
    )
    (folder / layout.OPENING).write_text(text, encoding="utf-8")
    return sheets, proven


def _prove(
    copy: Path, passphrase: str, key_file: bytes, entries: int, operator_key: Mapping[str, bytes]
) -> ProvenCopy:
    opened = Vault.open(copy, passphrase, key_file)
    proven = ProvenCopy(tuple(opened.entries()), opened.age_identity(), opened.operator_key())
    if len(proven.read) != entries:
        raise CartableError(f"{copy} has {len(proven.read)} entries and the vault {entries}; build again.")
    if proven.ssh_key != operator_key:
        raise CartableError(f"{copy} does not give back the SSH key of the operators; report this bug.")
    data = copy.read_bytes()
    for half in ({"password": passphrase}, {"keyfile": io.BytesIO(key_file)}):
        try:
            PyKeePass(io.BytesIO(data), **half)
        except CredentialsError:
            continue
        raise CartableError(f"{copy} opens with one half alone; do not hand it over, and report this bug.")
    return proven
