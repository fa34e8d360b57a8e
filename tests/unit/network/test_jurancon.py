"""The switches of the worked example, simulated: from its own files to configurations read back as declared."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reversibility.contract.parse_back import open_configuration, read_back
from reversibility.market.load import load_market
from reversibility.records.state import State
from reversibility.records.vault import Vault
from tests.simulators.network.aoss import AossDevice
from tests.simulators.network.market import CHEAP, PROJECT, SimulatedMarket

pytestmark = pytest.mark.playbook

LOOPBACK = {"192.0.2.": "127.2.2.", "198.51.100.": "127.3.100.", "203.0.113.": "127.4.113."}


class Jurancon(SimulatedMarket):
    """A copy of inventories/jurancon whose documentation addresses are those of the loopback."""

    account = "cartable"

    def __init__(self, root: Path) -> None:
        self.root, self.folder = root, root / "inventories" / "jurancon"
        self.data = root / "var" / "jurancon"
        self.passphrase = "six mots pour ce marché simulé"
        shutil.copytree(PROJECT / "inventories" / "jurancon", self.folder)
        for path in self.folder.rglob("*.yml"):
            text = path.read_text()
            for documented, local in LOOPBACK.items():
                text = text.replace(documented, local)
            path.write_text(text)
        path = self.folder / "group_vars" / "platform_aruba_aoss.yml"
        path.write_text(f"{path.read_text()}network_change_management: true\n")
        (self.data / "keys").mkdir(parents=True)
        (self.data / "keys" / "operator_ed25519.pub").write_text("ssh-ed25519 AAAA essai\n")
        self.vault = Vault.create(self.data / "vault.kdbx", self.passphrase, cost=CHEAP)
        (root / "passphrase").write_text(self.passphrase)
        self.market = load_market(self.folder)
        self.switches = [
            asset for asset in self.market.assets.values() if asset.platform.name == "aruba_aoss"
        ]


def test_each_switch_is_configured_kept_and_read_back(tmp_path: Path, password: str, serve) -> None:
    market = Jurancon(tmp_path)
    assert len(market.switches) == 5
    devices = {}
    for asset in market.switches:
        ports = asset.variables["ports"]
        uplink = next(name for name, port in ports.items() if port["mode"] == "trunk")
        devices[asset.tag] = AossDevice(
            asset.tag, username="cartable", password=password, ports=len(ports),
            management=(10, asset.address, "255.255.255.224", uplink),
        )  # fmt: skip
    simulators = serve(*devices.values())
    market.put_into_service(
        simulators, dict.fromkeys(devices, password), {a.tag: a.site for a in market.switches}
    )
    done = market.run("provision.yml", "--limit", "platform_aruba_aoss")
    assert done.returncode == 0, done.stdout + done.stderr
    seen = market.run("observe.yml", "--limit", "platform_aruba_aoss")
    assert seen.returncode == 0, seen.stdout + seen.stderr
    state, identity = State(market.data / "state"), market.vault.age_identity()
    declared = load_market(market.folder)
    for asset in market.switches:
        files = open_configuration(state.read_bytes(asset.site, asset.tag, "config.age"), identity)
        assert read_back(declared, declared.assets[asset.tag], files) is None
        assert not devices[asset.tag].running.beginning("snmp-server community")
