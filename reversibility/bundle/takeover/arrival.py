"""Import of a bundle into the controller's folders: records, journal, vault, keys. Each part once."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from reversibility.bundle import layout
from reversibility.bundle import open as opening
from reversibility.errors import CartableError
from reversibility.market.paths import MarketPaths
from reversibility.operations.takeover.progress import FILE
from reversibility.records import configuration
from reversibility.records.atomic import make_folder, write_atomically
from reversibility.records.git import git
from reversibility.records.json_text import read_json
from reversibility.records.state import JOURNAL, VOLATILE, State
from reversibility.records.vault import KdfCost, Vault
from reversibility.records.vault_file import AcceptCost

NEW = ".arriving"


def bring_market(bundle: Path, inventory: Path) -> bool:
    """Copy the market's folder out of the bundle where the project has none; True when it did."""
    if (inventory / "hosts.yml").is_file():
        return False
    source = bundle / layout.DATA / layout.AUTOMATION / layout.MARKET
    if not (source / "hosts.yml").is_file():
        raise CartableError(f"{bundle} has no market in {layout.AUTOMATION}/{layout.MARKET}.")
    shutil.copytree(source, inventory, dirs_exist_ok=True)
    return True


def bring_records(bundle: Path, paths: MarketPaths) -> None:
    """Clone the records with their history, and copy the journal's chains up to the bundle's last line."""
    if (paths.state / ".git").is_dir():
        return
    source = bundle / layout.DATA / layout.JOURNAL
    history = source / layout.STATE_HISTORY
    if not history.is_file():
        raise CartableError(
            f"{bundle} has no {layout.JOURNAL}/{layout.STATE_HISTORY}; it was never observed."
        )
    arriving = paths.state.with_name(paths.state.name + NEW)
    make_folder(paths.data)
    if arriving.exists():  # a run that was killed has left it
        shutil.rmtree(arriving)
    done = git(paths.data, "clone", "--quiet", str(history.resolve()), str(arriving), is_new=True)
    if done.returncode != 0:
        raise CartableError(f"{history} cannot be cloned: {done.stderr.decode('utf-8', 'replace').strip()}")
    git(arriving, "remote", "remove", "origin")  # the bundle is no remote to work with
    for chain in (folder for folder in sorted(source.iterdir()) if folder.is_dir()):
        shutil.copytree(chain, arriving / JOURNAL / chain.name, dirs_exist_ok=True)
    if (arriving / FILE).is_file():  # how the outgoing contractor once took over from the one before
        (arriving / FILE).rename(arriving / f"{FILE}.former")
    arriving.rename(paths.state)


def bring_vault(
    bundle: Path,
    paths: MarketPaths,
    identities: Callable[[], Sequence[Any]],
    passphrase: str,
    ask: opening.AskPassphrase | None,
    accept_cost: AcceptCost | None = None,
    cost: KdfCost | None = None,
) -> Vault:
    """Open the bundle's vault with two holders' keys and write it under ``passphrase``, with the operators' SSH key.

    A vault that is there is opened instead: the holders are needed once.
    """
    if not paths.vault.exists():
        handed = opening.open_vault(bundle, identities(), ask, accept_cost)
        key = handed.operator_key()
        if key and not paths.operator_key.exists():
            public = paths.operator_key.with_name(f"{paths.operator_key.name}.pub")
            public.unlink(missing_ok=True)  # a run that was killed may have left it alone
            opening.write_operator_key(key, paths.operator_key)
        opening.write_vault(handed, paths.vault, passphrase, cost)
    return Vault.open(paths.vault, passphrase)


def bring_volatile(bundle: Path, state: State, identity: str) -> None:
    """Take over what is known of each asset but not compared: when it was seen and its passwords proven.

    With it the fingerprint of its encrypted configuration, so that the first observation encrypts only what changed.
    """
    for site, tag in state.assets():
        if state.volatile(site, tag):
            continue
        file = bundle / layout.DATA / layout.EQUIPMENT / site / tag / VOLATILE
        with contextlib.suppress(
            OSError, ValueError, CartableError
        ):  # damaged: the next observation writes it
            values = read_json(file.read_bytes())
            state.note_volatile(site, tag, values if isinstance(values, dict) else {})
        with contextlib.suppress(CartableError):
            configuration.recognize(state, site, tag, identity)


def bring_public_keys(bundle: Path, paths: MarketPaths) -> None:
    """Copy the machines' SSH host keys, PCs' certificates and holders' public keys, where there are none yet."""
    data = bundle / layout.DATA
    for name, target in (
        (layout.KNOWN_HOSTS, paths.known_hosts),
        (layout.KNOWN_CERTIFICATES, paths.known_certificates),
    ):
        known = data / layout.AUTOMATION / name
        if known.is_file() and not target.exists():
            write_atomically(target, known.read_bytes())
    source = data / layout.SECRETS / layout.PUBLIC_KEYS
    for folder, _, names in os.walk(source):
        for name in names:
            file = Path(folder) / name
            target = paths.data / file.relative_to(source)
            if not target.exists():
                make_folder(target.parent)
                write_atomically(target, file.read_bytes())
