"""Pytest plugin for the scenarios: Molecule's machine, and the content of its market's vault and state."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reversibility.market.paths import MarketPaths
from reversibility.records.session import current_vault
from reversibility.records.state import State
from reversibility.records.vault import Vault

MARKET = Path(__file__).with_name("market")
SITE = "essais"


@dataclass(frozen=True)
class Machine:
    """The asset under test. ``container`` is the name that podman knows it by."""

    asset: str
    container: str
    paths: MarketPaths

    def run(self, *command: str, user: str = "root", stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run ``command`` on the machine. What goes to ``stdin`` is in no process list."""
        argv = ["podman", "exec", "--interactive", f"--user={user}", self.container, *command]
        return subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False, timeout=60)


def _container(asset: str) -> str:
    return f"cartable-molecule-{asset.lower()}"


def pytest_configure(config: pytest.Config) -> None:
    """Let testinfra's fixture ``host`` reach the container as root, whatever SSH and sudo have become."""
    config.option.hosts = f"podman://{_container(os.environ['CARTABLE_TEST_ASSET'])}"
    config.option.connection = None


@pytest.fixture(scope="session")
def machine() -> Machine:
    """The machine of this scenario."""
    asset = os.environ["CARTABLE_TEST_ASSET"]
    return Machine(asset, _container(asset), MarketPaths.for_inventory(MARKET))


@pytest.fixture(scope="session")
def vault(machine: Machine) -> Vault:
    """The scenario's vault, opened as a run opens it."""
    return current_vault(machine.paths.vault)


@pytest.fixture(scope="session")
def secret(machine: Machine, vault: Vault) -> Callable[[str], str]:
    """Account → its current password."""

    def read(account: str) -> str:
        entry = vault.get(SITE, machine.asset, account)
        assert entry is not None, f"{account} has no entry in the vault"
        assert entry.pending is None, f"the password of {account} is still pending"
        return entry.password

    return read


@pytest.fixture(scope="session")
def checked() -> str:
    """What check mode with ``--diff`` showed after the machine was changed by hand."""
    return (Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "checked").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def recorded(machine: Machine) -> Callable[[str], Any]:
    """Record name → its content in the state."""
    return lambda name: State(machine.paths.state).read_json(SITE, machine.asset, name)
