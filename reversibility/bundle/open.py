"""Opening the vault of a bundle, with the halves of one holder of group A and one of group B."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyrage

from reversibility.bundle import layout
from reversibility.bundle.dual_control import GROUP_NAMES
from reversibility.bundle.key_files import key_lines, read_key_file
from reversibility.errors import CartableError
from reversibility.market.paths import OPERATOR_KEY
from reversibility.records import vault_file
from reversibility.records.atomic import write_atomically
from reversibility.records.vault import KdfCost, Vault
from reversibility.records.vault_file import AcceptCost, Credentials

AskPassphrase = Callable[[str], str | None]  # given a holder's file name; None for "not mine"
MODE = 0o600
WHAT = {"a": "the passphrase (group A)", "b": "the key file (group B)"}


def load_identity(path: Path) -> list[Any]:
    """Read a private key: an age identity file (``AGE-SECRET-KEY-1…``), or an OpenSSH private key.

    Raises CartableError when it is neither, or is an SSH key under a passphrase, which pyrage does not
    decrypt.
    """
    try:
        data = read_key_file(path)
    except OSError as error:
        raise CartableError(
            f"The private key {path} cannot be read ({error.strerror}); check its path."
        ) from error
    try:
        if b"-----BEGIN" in data:
            return [pyrage.ssh.Identity.from_buffer(data)]
        found = [pyrage.x25519.Identity.from_str(line) for line in key_lines(data)]
    except (pyrage.IdentityError, UnicodeDecodeError) as error:
        raise CartableError(
            f"{path} is no age identity and no OpenSSH private key without a passphrase ({error}); for a key with "
            f"one, open the half by hand: age -d -i '{path}' FILE.age."
        ) from error
    if not found:
        raise CartableError(f"{path} holds no age identity; give the file that age-keygen wrote.")
    return found


def halves(bundle: Path, identities: Sequence[Any], ask: AskPassphrase | None = None) -> tuple[str, bytes]:
    """Decrypt both halves: the passphrase and the key file.

    ``ask`` is called for the halves of holders without a key. Raises CartableError naming the group that is
    missing.
    """
    secrets = bundle / layout.DATA / layout.SECRETS
    found: dict[str, bytes] = {}
    for group, folder in GROUP_NAMES.items():
        files = sorted((secrets / folder).glob("*.age"))
        if not files:
            raise CartableError(
                f"{secrets / folder} holds no half; is {bundle} a bundle, and is it complete?"
            )
        half = _first(files, identities, ask)
        if half is None:
            raise CartableError(
                f"None of the keys given opens {WHAT[group]}; it takes the key of one of: "
                f"{', '.join(file.stem for file in files)}."
            )
        found[group] = half
    return found["a"].decode(), found["b"]


def _first(files: Iterable[Path], identities: Sequence[Any], ask: AskPassphrase | None) -> bytes | None:
    later: list[Path] = []
    for file in files:
        data = file.read_bytes()
        if data.split(b"\n", 2)[1].startswith(b"-> scrypt "):
            later.append(file)
            continue
        try:
            if identities:
                return bytes(pyrage.decrypt(data, list(identities)))
        except pyrage.DecryptError:
            continue
    for file in later:
        passphrase = ask(file.stem) if ask is not None else None
        if not passphrase:
            continue
        try:
            return bytes(pyrage.passphrase.decrypt(file.read_bytes(), passphrase.strip()))
        except pyrage.DecryptError as error:
            raise CartableError(
                f"That is not the passphrase of {file.stem}; read the sheet again."
            ) from error
    return None


def open_vault(
    bundle: Path,
    identities: Sequence[Any],
    ask: AskPassphrase | None = None,
    accept_cost: AcceptCost | None = None,
) -> Vault:
    """Open the vault of ``bundle`` with the keys of two holders, one of each group."""
    passphrase, key_file = halves(bundle, identities, ask)
    return Vault.open(
        bundle / layout.DATA / layout.SECRETS / layout.VAULT, passphrase, key_file, accept_cost=accept_cost
    )


def write_vault(vault: Vault, output: Path, passphrase: str, cost: KdfCost | None = None) -> None:
    """Write the vault of a bundle, which is open, to ``output`` for daily work, under ``passphrase``.

    An existing file is refused: a vault is never overwritten. ``cost`` is for tests.
    """
    refuse_existing(output)
    credentials = Credentials(passphrase)
    data = vault_file.rebuild(vault.content.opened, credentials, cost or KdfCost())
    vault_file.read(data, str(output), credentials)  # what is written opens
    write_atomically(output, data, MODE)


def write_operator_key(key: Mapping[str, bytes], output: Path) -> None:
    """Write the operators' SSH key to ``output``, which only its owner may read, and its public half beside it.

    ``key`` has its files by their names, as ``Vault.operator_key`` returns them.
    """
    public = output.with_name(f"{output.name}.pub")
    refuse_existing(output, public)
    output.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(public, key[f"{OPERATOR_KEY}.pub"])
    write_atomically(output, key[OPERATOR_KEY], MODE)


def refuse_existing(*outputs: Path) -> None:
    """Raise CartableError for the first of ``outputs`` that is there already."""
    for output in outputs:
        if output.exists():
            raise CartableError(
                f"{output} exists; move it away first, a vault or a key is never overwritten."
            )
