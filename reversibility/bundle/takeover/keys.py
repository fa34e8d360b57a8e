"""New keys of a successor on the controller: the operators' SSH key, the age identity, the key that signs bundles."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pyrage

from reversibility.bundle.signature import fingerprint_of, public_half
from reversibility.errors import CartableError
from reversibility.records.atomic import make_folder, sync_folder, write_atomically
from reversibility.records.configuration import RESTORABLE
from reversibility.records.state import State
from reversibility.records.vault import Vault
from reversibility.records.vault_entry import AGE_IDENTITY, OWN_ASSET

NEXT, FORMER = ".next", ".former"


def make_ssh_key(path: Path, comment: str) -> None:
    """Make a key pair without a passphrase; ``path`` is created atomically."""
    make_folder(path.parent)
    made = path.with_name(f".{path.name}.making")
    for left in (made, made.with_name(f"{made.name}.pub")):
        left.unlink(missing_ok=True)  # a run that was killed
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(made)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise CartableError("ssh-keygen was not found; install OpenSSH's client (openssh-client).") from error
    if done.returncode != 0:
        raise CartableError(f"{path} cannot be made: {done.stderr.strip()}")
    made.with_name(f"{made.name}.pub").unlink()
    made.rename(path)
    sync_folder(path.parent)
    write_public_half(path)


def write_public_half(path: Path) -> str:
    """Write ``path``.pub from the private key; return its fingerprint."""
    public = public_half(path)
    write_atomically(path.with_name(f"{path.name}.pub"), f"{public}\n".encode())
    return fingerprint_of(public)


def former_of(path: Path) -> Path:
    """Path of the former key of ``path``, kept until it opens no machine."""
    return path.with_name(path.name + FORMER)


def replace_operator_key(path: Path, former_fingerprint: str, comment: str) -> None:
    """Replace the key with ``former_fingerprint`` by a new one; the former is kept as ``former_of(path)``.

    After an interruption at any point, a second call continues.
    """
    coming = path.with_name(path.name + NEXT)
    if not path.exists():
        if not coming.exists():
            make_ssh_key(path, comment)  # none was handed over
            return
    elif fingerprint_of(public_half(path)) == former_fingerprint:
        if not coming.exists():
            make_ssh_key(coming, comment)
        path.rename(former_of(path))
        write_public_half(former_of(path))
    if coming.exists():
        coming.rename(path)
        coming.with_name(f"{coming.name}.pub").unlink(missing_ok=True)
        sync_folder(path.parent)
    write_public_half(path)


def remove_former(path: Path) -> None:
    """Remove the key that ``path`` has replaced."""
    former = former_of(path)
    for file in (former, former.with_name(f"{former.name}.pub")):
        file.unlink(missing_ok=True)


def replace_age_identity(vault: Vault, state: State, former_recipient: str) -> int:
    """Make a new age identity and encrypt every ``config.age`` to it; returns their number.

    The new identity is pending in the vault until no record needs the former one, which goes into the entry's history.
    """
    entry = vault.find(OWN_ASSET, AGE_IDENTITY)
    assert entry is not None  # every vault has one
    if vault.age_recipient() == former_recipient and not entry.pending:
        identity = pyrage.x25519.Identity.generate()
        with vault.transaction() as change:
            change.put_pending(
                OWN_ASSET,
                OWN_ASSET,
                AGE_IDENTITY,
                username=str(identity.to_public()),
                password=str(identity),
                policy="age",
            )
        entry = vault.find(OWN_ASSET, AGE_IDENTITY)
        assert entry is not None
    present = pyrage.x25519.Identity.from_str(entry.pending or entry.password)
    known = [present, *([pyrage.x25519.Identity.from_str(entry.password)] if entry.pending else [])]
    count = sum(_encrypted_anew(state, site, asset, present, known) for site, asset in state.assets())
    state.write_recipient(str(present.to_public()))
    if entry.pending:
        with vault.transaction() as change:
            change.make_current(OWN_ASSET, OWN_ASSET, AGE_IDENTITY)
    return count


def _encrypted_anew(
    state: State,
    site: str,
    asset: str,
    present: pyrage.x25519.Identity,
    known: list[pyrage.x25519.Identity],
) -> bool:
    data = state.read_bytes(site, asset, RESTORABLE)
    if data is None:
        return False
    try:
        pyrage.decrypt(data, [present])
    except pyrage.DecryptError:
        pass
    else:
        return True
    try:
        content = pyrage.decrypt(data, known)
    except pyrage.DecryptError as error:
        raise CartableError(
            f"{site}/{asset}/{RESTORABLE} opens with no age identity of the vault ({error}); run playbooks/observe.yml "
            "for this asset, or remove the record."
        ) from error
    state.write(site, asset, RESTORABLE, pyrage.encrypt(content, [present.to_public()]))
    return True
