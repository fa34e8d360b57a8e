"""The school of the tests with radio, as its operator has it: market, vault, playbooks, and the access point."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reversibility.commands.vault import publish_recipient
from reversibility.market.paths import MarketPaths
from reversibility.records.vault import KdfCost, Vault
from tests.lab.plan import School
from tests.project import BIN, PROJECT
from tests.radio.credentials import Certificate
from tests.radio.stations import Shell, Station

HERE = Path(__file__).parent
TAG, SERVER = "AP990001", "NA990001"
ADDRESS = "203.0.113.5"
EMERGENCY = {"reason": "essai avec radio", "reference": "CVE-2026-0001"}


@dataclass
class Radio:
    """The school: its market, its vault, the access point, and hosts at the switch."""

    paths: MarketPaths
    plan: School
    passphrase: str = field(repr=False)
    shell: Shell
    wired: Mapping[str, str] = field(default_factory=dict)
    """Name of a VLAN → address of a wired host in it."""
    stolen: Certificate | None = field(default=None, repr=False)
    """The revoked certificate of UC990002."""

    @property
    def environment(self) -> dict[str, str]:
        """The environment of an operator of this market."""
        own = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ANSIBLE_", "CARTABLE_"))
        }
        return own | {
            "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "COLUMNS": "400",
            "PYTHONPATH": str(PROJECT),
            "CARTABLE_DATA_DIR": str(self.paths.data.parent),
            "CARTABLE_VAULT_PASSPHRASE_COMMAND": f"cat '{self.paths.data / 'passphrase'}'",
        }

    def play(self, playbook: Path, *options: str, check: bool = True, **variables: Any) -> str:
        """Run a playbook on the controller, and return what it printed."""
        command = [
            PROJECT / "scripts" / "lab",
            "run",
            BIN / "ansible-playbook",
            "-i",
            self.paths.inventory,
            playbook,
        ]
        more = ["-e", json.dumps({"preflight_emergency": EMERGENCY, **variables})]
        done = subprocess.run(
            [*map(str, command), *options, *more],
            cwd=PROJECT, env=self.environment, text=True, capture_output=True,
            stdin=subprocess.DEVNULL, check=False, timeout=400,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
        return done.stdout

    def provision(self, *options: str, check: bool = True, **variables: Any) -> str:
        """Configure the access point as network.yml says."""
        playbook = PROJECT / "playbooks" / "provision.yml"
        return self.play(playbook, "--limit", TAG, *options, check=check, **variables)

    def secret(self, tag: str, name: str) -> str:
        """A password of the vault."""
        entry = Vault.open(self.paths.vault, self.passphrase).find(tag, name)
        assert entry is not None, f"{tag}/{name}"
        return entry.password

    def station(self, number: int) -> Station:
        """A station, from 1 to 5."""
        return Station(self.shell, number)


def make_market(root: Path) -> tuple[MarketPaths, str]:
    """The market's folder, its data and its vault below ``root``; the vault's passphrase."""
    folder = root / "inventories" / "radio"
    shutil.copytree(HERE / "market", folder)
    for name in ("contract.yml", "keyed_groups.yml", "sites.yml"):
        shutil.copy(HERE.parent / "molecule" / "market" / name, folder)
    shutil.copy(PROJECT / "inventories" / "demo" / "families.yml", folder)
    paths = MarketPaths("radio", folder, root / "var" / "radio")
    paths.data.mkdir(parents=True)
    passphrase = secrets.token_urlsafe(16)
    (paths.data / "passphrase").touch(0o600)
    (paths.data / "passphrase").write_text(passphrase)
    cost = KdfCost(memory_mib=19, passes=2, lanes=1)
    publish_recipient(Vault.create(paths.vault, passphrase, cost=cost), paths.state)
    return paths, passphrase
