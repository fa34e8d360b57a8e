"""Vaults for the tests: with the cheapest key derivation that the code accepts, made once and copied."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reversibility.records import session
from reversibility.records.vault import KdfCost, Vault
from tests.unit.vault.tiny_market import TinyMarket, make_tiny_market

CHEAP = KdfCost(memory_mib=19, passes=2, lanes=1)
PASSPHRASE = "six words that nobody else knows"


@pytest.fixture(scope="session")
def cheap() -> KdfCost:
    """The cheapest key derivation that is accepted."""
    return CHEAP


@pytest.fixture(scope="session")
def passphrase() -> str:
    """The passphrase of the vaults of these tests."""
    return PASSPHRASE


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a vault that has nothing but its age identity."""
    path = tmp_path_factory.mktemp("template") / "vault.kdbx"
    Vault.create(path, PASSPHRASE, cost=CHEAP)
    return path.read_bytes()


@pytest.fixture
def vault_path(tmp_path: Path, template: bytes) -> Path:
    """A vault on the disk."""
    path = tmp_path / "vault.kdbx"
    path.write_bytes(template)
    path.chmod(0o600)
    return path


@pytest.fixture
def vault(vault_path: Path) -> Vault:
    """An opened vault."""
    return Vault.open(vault_path, PASSPHRASE)


@pytest.fixture
def derivations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Has one element for each slow key derivation that was done."""
    import argon2

    done: list[int] = []
    derive: Callable[..., bytes] = argon2.low_level.hash_secret_raw

    def counted(**arguments: object) -> bytes:
        done.append(1)
        return derive(**arguments)

    monkeypatch.setattr(argon2.low_level, "hash_secret_raw", counted)
    return done


@pytest.fixture(autouse=True)
def _no_open_vault() -> Iterator[None]:
    """No test meets the vault that another one has opened."""
    session.close_vaults()
    yield
    session.close_vaults()


@pytest.fixture
def tiny(tmp_path: Path, template: bytes, passphrase: str) -> TinyMarket:
    """A market of three hosts on this machine."""
    return make_tiny_market(tmp_path, template, passphrase)
