"""The vault of this run: opened once in the main process, shared with its forks."""

from __future__ import annotations

import functools
import multiprocessing
import os
from pathlib import Path

from reversibility.market.paths import DATA_DIRECTORY_VARIABLE, MarketPaths
from reversibility.records import passphrase
from reversibility.records.vault import Vault, VaultError

# Forked workers inherit the open vault and its derived key, so nothing is asked or derived again.
_open_vaults: dict[Path, Vault] = {}


def open_vault(
    path: Path, source: passphrase.PassphraseSource | None = None, *, prompt: bool = True
) -> Vault:
    """Open the vault for this process and those forked from it; only the first call reads the passphrase.

    Raises VaultError or PassphraseError.
    """
    path = path.absolute()
    if path not in _open_vaults:
        if not path.exists():  # before the prompt
            raise VaultError(_missing(path))
        source = source or passphrase.configured_source()
        _open_vaults[path] = Vault.open(
            path, passphrase.read_passphrase(command=source.command, fd=source.fd, prompt=prompt)
        )
    return _open_vaults[path]


def opened_vault(path: Path) -> Vault:
    """The vault that the main process has opened, with its content on the disk; never prompts.

    Raises VaultError with what to do when it was not opened.
    """
    path = path.absolute()
    vault = _open_vaults.get(path)
    if vault is None:
        raise VaultError(
            _missing(path) if not path.exists() else f"The vault {path} is not open; {passphrase.HOW}."
        )
    vault.refresh()
    return vault


def current_vault(path: Path) -> Vault:
    """The vault at ``path``: the open one, read again if another process has saved it, or opened now.

    It is opened only in a main process, as configured or by a prompt; a worker has nobody to ask.
    """
    if path.absolute() not in _open_vaults and multiprocessing.parent_process() is None:
        open_vault(path)
    return opened_vault(path)


def is_open(path: Path) -> bool:
    """Whether the vault at ``path`` is open in this process."""
    return path.absolute() in _open_vaults


def close_vaults() -> None:
    """Close all open vaults and drop their keys."""
    _open_vaults.clear()


def vault_of(folder: Path) -> Path:
    """Where the vault of the market in ``folder`` is. Raises CartableError when ``folder`` is no market."""
    return _vault_of(folder, os.environ.get(DATA_DIRECTORY_VARIABLE))


@functools.lru_cache
def _vault_of(folder: Path, _data: str | None) -> Path:
    """The vault of a market's folder. Asked with each task of each host, and so looked for once."""
    return MarketPaths.for_inventory(folder).vault


def _missing(path: Path) -> str:
    return (
        f"There is no vault at {path}; make it with `reversibility vault init -i DIR` (the market's "
        f"folder), or bring "
        "it back from a backup."
    )
