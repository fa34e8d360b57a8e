"""A market whose PCs run Windows, simulated: the playbooks as an operator runs them, over real WinRM."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyrage
import yaml

from reversibility.market.known_certificates import Endpoint as KnownAt
from reversibility.market.paths import MarketPaths
from reversibility.operations.certificates.pc_certificates import note
from reversibility.records.password_policy import POLICIES
from reversibility.records.state import State
from reversibility.records.vault import KdfCost, Vault
from tests.simulators.windows.pc import PC
from tests.simulators.windows.simulator import Endpoint, Simulator
from tests.simulators.windows.state.software import Installer
from tests.unit.windows.runner_market import LOG_SERVER

PROJECT = Path(__file__).resolve().parents[3]
MARKET = Path(__file__).parent / "market"
BOOTSTRAP_MARKER = r"C:\ProgramData\Cartable\bootstrap.txt"  # as the first-run script leaves it
FEED = "https://choco.ecole.example/api"
INSTALLER = Installer("{AAAAAAAA-0000-0000-0000-000000000001}", "Calcul mental", "2.1")
EMERGENCY = {"preflight_emergency": {"reason": "essai sur des postes simulés", "reference": "ESSAI-1"}}


@dataclass
class Run:
    """One run of a playbook: exit status, what it said, and for each host how many tasks did what."""

    status: int
    text: str
    stats: dict[str, dict[str, int]]
    changed: dict[str, list[str]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)  # what the task said that a host ended with

    def of(self, host: str) -> dict[str, int]:
        return self.stats[host]


@dataclass
class Fleet:
    """Folder of the market, its simulated PCs, and the vault's passphrase."""

    folder: Path
    simulator: Simulator
    passphrase: str
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    controller: int = 0  # process group of the run that is killed
    first: dict[str, str] = field(default_factory=dict, repr=False)  # the password of each installation

    @property
    def paths(self) -> MarketPaths:
        return MarketPaths("ecoles", self.folder / "ecoles", self.folder / "data" / "ecoles")

    def pc(self, tag: str) -> PC:
        return self.endpoints[tag].pc

    def secrets(self) -> list[str]:
        """Everything that no PC's journal may show in clear."""
        entries = self.vault().entries()
        return [
            *self.first.values(),
            *(text for entry in entries for text in (entry.password, entry.pending) if text),
        ]

    def completeness(self) -> dict[tuple[str, str], str]:
        """Obligation and asset → status and detail, of the newest bundle."""
        newest = max(self.paths.bundles.glob("*/data/completude.json"))
        rows = json.loads(newest.read_text(encoding="utf-8"))["rows"]
        return {
            (row["obligation"], row.get("asset", "")): f"{row['status']}: {row['detail']}" for row in rows
        }

    def vault(self) -> Vault:
        return Vault.open(self.paths.vault, self.passphrase)

    def state(self) -> State:
        return State(self.paths.state)

    def record(self, tag: str, name: str) -> Any:
        return self.state().read_json("essais", tag, name)

    def killed(self, playbook: str, before: str = "", **variables: Any) -> int:
        """Start a playbook that is killed: before a task (``name:times``), or by ``pc.ran`` with ``controller``. Its status."""
        environment, command = self._command(playbook, variables)
        environment |= {
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "cartable.fleet.journal,kill_before",
            "CARTABLE_TEST_KILL_BEFORE": before or ":0",
        }
        with subprocess.Popen(
            command, env=environment, cwd=PROJECT, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            self.controller = process.pid
            try:
                return process.wait(timeout=300)
            finally:
                with contextlib.suppress(ProcessLookupError):  # forks that outlived it
                    os.killpg(process.pid, signal.SIGKILL)

    def kill_controller(self) -> None:
        """A power cut of the controller, from the thread of a simulated PC."""
        os.killpg(self.controller, signal.SIGKILL)

    def _command(self, playbooks: str, variables: dict[str, Any]) -> tuple[dict[str, str], list[str]]:
        environment = {
            **os.environ,
            "CARTABLE_DATA_DIR": str(self.folder / "data"),
            "CARTABLE_VAULT_PASSPHRASE_COMMAND": f"cat {self.folder / 'passphrase'}",
            "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
            "ANSIBLE_CALLBACKS_ENABLED": "cartable.fleet.journal",
            "ANSIBLE_NOCOLOR": "1",
            "PYTHONPATH": str(PROJECT),
        }
        command = [
            str(Path(sys.executable).with_name("ansible-playbook")),
            *("-i", str(self.paths.inventory)),
            *(str(PROJECT / "playbooks" / name) for name in playbooks.split()),
            *("-e", json.dumps(EMERGENCY | variables)),
        ]
        return environment, command

    def run(self, playbook: str, *options: str, limit: str = "", **variables: Any) -> Run:
        """Run a playbook of the project on the market, or several in one command: their names with spaces between."""
        environment, command = self._command(playbook, variables)
        command += [*(["--limit", limit] if limit else []), *options]
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, cwd=PROJECT, timeout=600
        )
        start = done.stdout.find("{\n")
        try:
            content = json.loads(done.stdout[start:])
        except ValueError:
            return Run(done.returncode, done.stdout + done.stderr, {})
        changed: dict[str, list[str]] = {}
        refused: dict[str, str] = {}
        for play in content["plays"]:
            for task in play["tasks"]:
                for host, result in task["hosts"].items():
                    if result.get("failed") or result.get("unreachable"):
                        refused[host] = str(result.get("msg", ""))
                    if result.get("changed") and not result.get("skipped"):
                        changed.setdefault(host, []).append(task["task"]["name"])
        return Run(done.returncode, done.stdout + done.stderr, content["stats"], changed, refused)


def make_fleet(folder: Path, simulator: Simulator, cost: KdfCost, pcs: dict[str, dict[str, Any]]) -> Fleet:
    """Make the market with one PC a tag: its ``kind``, ``os``, ``user_role``, and what the simulated PC is made with.

    Each PC has the administrator ``cartable``, whose first password is in the vault as what bootstrap left there.
    """
    folder.mkdir(exist_ok=True)
    fleet = Fleet(folder, simulator, secrets.token_urlsafe(24))
    (folder / "passphrase").write_text(fleet.passphrase, encoding="utf-8")
    inventory = fleet.paths.inventory
    inventory.mkdir(parents=True)
    for path in sorted(MARKET.rglob("*.yml")):
        target = inventory / path.relative_to(MARKET)
        target.parent.mkdir(exist_ok=True)
        text = path.read_text(encoding="utf-8").replace(
            "@SHA256@", hashlib.sha256(INSTALLER.content()).hexdigest()
        )
        target.write_text(text, encoding="utf-8")
    fleet.paths.data.mkdir(parents=True)
    vault = Vault.create(fleet.paths.vault, fleet.passphrase, cost=cost)
    holders = fleet.paths.keys / "holders"
    holders.mkdir(parents=True)
    for name in ("mairie", "dgs", "contractor", "successor"):
        public = pyrage.x25519.Identity.generate().to_public()
        (holders / f"{name}.pub").write_text(f"{public}\n", encoding="utf-8")
    key = (
        "ssh-keygen",
        "-q",
        "-t",
        "ed25519",
        "-N",
        "",
        "-C",
        "bundle signing",
        "-f",
        str(fleet.paths.keys / "signing_ed25519"),
    )
    subprocess.run(key, check=True)
    hosts = {}
    expiry = POLICIES["administrator"].expiry()
    for number, (tag, given) in enumerate(pcs.items(), 1):
        asset = {key: given.pop(key) for key in ("kind", "os", "user_role") if key in given}
        first = POLICIES["administrator"].generate()
        simulator.address = f"127.0.1.{number}"
        endpoint = simulator.add(tag, password=first, user="cartable", **given)
        fleet.endpoints[tag] = endpoint
        note(
            fleet.paths.known_certificates,
            KnownAt(endpoint.address, endpoint.https_port),
            endpoint.fingerprint,
        )
        _surroundings(endpoint.pc)
        endpoint.pc.state.files.make_directory(BOOTSTRAP_MARKER.rpartition("\\")[0])
        endpoint.pc.state.files.write(BOOTSTRAP_MARKER, b"")
        fleet.first[tag] = first
        with vault.transaction() as change:
            change.put_pending(
                "essais",
                tag,
                "cartable",
                password=first,
                username="cartable",
                address="",
                policy="administrator",
                expires=expiry,
            )
            change.make_current("essais", tag, "cartable")
        hosts[tag] = {
            "ansible_host": endpoint.address,
            "ansible_port": endpoint.https_port,
            "asset": {
                "vendor": "Exemple", "model": "Poste simulé", "serial": endpoint.pc.state.system.serial, "purchased": date(2025, 4, 14),
                "vlan": "teachers", "managed": True, **asset,
            },
        }  # fmt: skip
    hosts["CO990001"] = {
        "ansible_host": "198.51.100.9",
        "asset": {
            "kind": "copier", "vendor": "Exemple", "model": "Copieur A3", "serial": "ESSAI-CO-1", "purchased": date(2025, 4, 14),
            "vlan": "printing", "managed": False,
        },
    }  # fmt: skip
    rooms = {"room_atelier": {"hosts": hosts | LOG_SERVER}}
    text = yaml.safe_dump({"all": {"children": {"site_essais": {"children": rooms}}}}, sort_keys=False)
    (inventory / "hosts.yml").write_text(text, encoding="utf-8")
    return fleet


def _surroundings(pc: PC) -> None:
    """The school's feed and NAS, and the firewall rule as the first-run script makes it."""
    pc.state.feeds[FEED] = {
        "firefoxesr": {
            "version": "140.5.0",
            "key": "Mozilla Firefox ESR",
            "name": "Mozilla Firefox ESR (x64 fr)",
        },
        "ultravnc": {"version": "1.6.4", "key": "Ultravnc2_is1", "name": "UltraVNC"},
    }
    pc.web = {
        "https://choco.ecole.example/install.ps1": b"",
        "http://nas.ecole.example/calcul.msi": INSTALLER.content(),
    }
    for rule in pc.state.firewall_rules:
        if rule.name == "WinRM HTTPS":
            rule.name, rule.group = "Cartable WinRM HTTPS", "Cartable"
