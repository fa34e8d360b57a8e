"""Market of a school whose switches are simulated, each at its own address of the loopback, and runs of Ansible."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from reversibility.records.vault import KdfCost, Vault
from tests.simulators.network.server import Simulators

PROJECT = Path(__file__).parents[3]
BASE = PROJECT / "tests" / "unit" / "market" / "base"
CHEAP = KdfCost(memory_mib=19, passes=2, lanes=1)
VLANS = ("administration", "direction", "teachers", "pupils", "guests")
EMERGENCY = {"reason": "essai sur des commutateurs simulés", "reference": "CVE-2026-0001"}
NETWORK = "127.1.10"
"""First three numbers of the addresses in the VLAN administration."""


class SimulatedMarket:
    """The market's folder below ``root``, its data, its vault, and the variables of each switch."""

    def __init__(
        self, root: Path, switches: Mapping[str, Mapping[str, Any]], os_: str = "cisco-ios-17.12"
    ) -> None:
        self.folder = root / "inventories" / "simulated"
        self.data = root / "var" / "simulated"
        self.root = root
        self.passphrase = secrets.token_urlsafe(16)
        shutil.copytree(BASE, self.folder)
        for name in ("host_vars", "group_vars"):
            shutil.rmtree(self.folder / name)
        self._network()
        hosts = {tag: {"ansible_host": f"{NETWORK}.{number}", "asset": self._asset(tag, os_, number)}
                 for number, tag in enumerate(switches, start=10)}  # fmt: skip
        hosts["RT250001"] = {"asset": {**self._asset("RT250001", "debian-13", 1), "kind": "router", "managed": False,
                                       "responsible": "agglomeration"}}  # fmt: skip
        del hosts["RT250001"]["asset"]["os"]
        tree = {"all": {"children": {"site_trois_platanes": {"children": {"room_baie": {"hosts": hosts}}}}}}
        (self.folder / "hosts.yml").write_text(yaml.safe_dump(tree, sort_keys=False))
        self.write("group_vars", "managed", {"ansible_user": "admin"})
        for tag, variables in switches.items():
            self.write("host_vars", tag, variables)
        self.data.mkdir(parents=True)
        self.vault = Vault.create(self.data / "vault.kdbx", self.passphrase, cost=CHEAP)
        (root / "passphrase").write_text(self.passphrase)
        (root / "passphrase").chmod(0o600)

    def _network(self) -> None:
        path = self.folder / "network.yml"
        text = path.read_text()
        for number, vlan in enumerate(VLANS, start=1):
            start = text.index("cidr:", text.index(f"vlan: {vlan}"))
            end = text.index("}", start)
            text = f"{text[:start]}cidr: 127.1.{number}0.0/24, gateway: 127.1.{number}0.1{text[end:]}"
        path.write_text(text.replace(", assets: [NA250001]", ""))
        contract = self.folder / "contract.yml"
        contract.write_text(contract.read_text().partition("waivers:")[0])

    @staticmethod
    def _asset(tag: str, os_: str, number: int) -> dict[str, Any]:
        return {
            "kind": "switch",
            "vendor": "Exemple",
            "model": "Simulé",
            "serial": f"SIM-{tag}",
            "purchased": date(2025, 4, 14),
            "os": os_,
            "vlan": "administration",
            "mac": f"02:00:5e:00:99:{number:02x}",
            "managed": True,
        }

    def write(self, folder: str, name: str, variables: Mapping[str, Any]) -> None:
        """Write the variables of a host or a group."""
        path = self.folder / folder / f"{name}.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(dict(variables), allow_unicode=True, sort_keys=False))

    def management(self, tag: str, uplink: str) -> tuple[int, str, str, str]:
        """VLAN, address, mask and uplink, as a simulated device takes them."""
        hosts = yaml.safe_load((self.folder / "hosts.yml").read_text())
        hosts = hosts["all"]["children"]["site_trois_platanes"]["children"]["room_baie"]["hosts"]
        return 10, hosts[tag]["ansible_host"], "255.255.255.0", uplink

    account = "admin"
    """The first account of each device."""

    def put_into_service(
        self, simulators: Simulators, accounts: Mapping[str, str], sites: Mapping[str, str] | None = None
    ) -> None:
        """What a person does once: the first account in the vault, the host key in known_hosts, the port."""
        with self.vault.transaction() as change:
            for tag, password in accounts.items():
                names = ((sites or {}).get(tag, "trois_platanes"), tag, self.account)
                change.put_pending(*names, username=self.account, password=password, policy="administrator")
                change.make_current(*names)
        (self.data / "known_hosts").write_text(simulators.known_hosts)
        for tag in accounts:
            path = self.folder / "host_vars" / f"{tag}.yml"
            self.write(
                "host_vars", tag, {**yaml.safe_load(path.read_text()), "ansible_port": simulators.port(tag)}
            )

    def run(self, playbook: str, *options: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        """Run one of the project's playbooks."""
        words = ["-i", str(self.folder), *options, str(PROJECT / "playbooks" / playbook)]
        return self._ansible_playbook(words, variables)

    def type(self, command: str) -> subprocess.CompletedProcess[str]:
        """Type a command that a document prints, at the root of the project."""
        program, *words = shlex.split(command)
        assert program == "ansible-playbook", command
        inventory = f"inventories/{self.folder.name}"
        return self._ansible_playbook([str(self.folder) if word == inventory else word for word in words], {})

    def _ansible_playbook(
        self, words: Sequence[str], variables: Mapping[str, Any]
    ) -> subprocess.CompletedProcess[str]:
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ANSIBLE_", "CARTABLE_"))
        }
        environment |= {
            "PYTHONPATH": str(PROJECT),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"),
            "HOME": str(self.root),
            "COLUMNS": "1000",
            "CARTABLE_DATA_DIR": str(self.data.parent),
            "CARTABLE_VAULT_PASSPHRASE_COMMAND": f"cat {self.root}/passphrase",
        }
        more = ["-e", json.dumps({"preflight_emergency": EMERGENCY, **variables})]
        return subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", *words, *more],
            cwd=PROJECT, env=environment, text=True, capture_output=True, stdin=subprocess.DEVNULL,
            start_new_session=True, check=False, timeout=180,
        )  # fmt: skip
