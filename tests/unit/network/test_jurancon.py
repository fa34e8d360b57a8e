"""The 17 network devices of the worked example: from its own files to the lines of a bundle's completeness."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from reversibility.bundle.build import build
from reversibility.bundle.dual_control import load_holders
from reversibility.cli import main
from reversibility.contract.parse_back import open_configuration, read_back
from reversibility.market.load import load_market
from reversibility.market.paths import MarketPaths
from reversibility.platforms.wanted import wanted_configuration
from reversibility.records.state import State
from reversibility.records.vault import Vault
from tests.glpi import SCHEMA, problems
from tests.simulators.network.aoss import AossDevice
from tests.simulators.network.market import CHEAP, PROJECT, SimulatedMarket
from tests.unit.bundle.market import git, make_keys

pytestmark = pytest.mark.playbook

LOOPBACK = {"192.0.2.": "127.2.2.", "198.51.100.": "127.3.100.", "203.0.113.": "127.4.113."}
SECURITY = {"enterprise": "wpaeap", "personal": "wpapsk"}


class Jurancon(SimulatedMarket):
    """A copy of inventories/jurancon whose documentation addresses are those of the loopback."""

    account = "cartable"

    def __init__(self, root: Path) -> None:
        self.root, self.folder = root, root / "inventories" / "jurancon"
        self.data = root / "var" / "jurancon"
        self.passphrase = "six mots pour ce marché simulé"
        shutil.copytree(PROJECT / "inventories" / "jurancon", self.folder)
        shutil.copyfile(PROJECT / "ansible.cfg", root / "ansible.cfg")
        for path in self.folder.rglob("*.yml"):
            text = path.read_text()
            for documented, local in LOOPBACK.items():
                text = text.replace(documented, local)
            path.write_text(text)
        path = self.folder / "group_vars" / "platform_aruba_aoss.yml"
        path.write_text(f"{path.read_text()}network_change_management: true\n")
        self.market = load_market(self.folder)
        self.paths = MarketPaths("jurancon", self.folder, self.data)
        self.data.mkdir(parents=True)
        make_keys(self.paths, self.market)
        shutil.copy(self.paths.keys / "signing_ed25519", self.paths.keys / "operator_ed25519")
        shutil.copy(self.paths.keys / "signing_ed25519.pub", self.paths.keys / "operator_ed25519.pub")
        self.vault = Vault.create(self.data / "vault.kdbx", self.passphrase, cost=CHEAP)
        (root / "passphrase").write_text(self.passphrase)
        self.network = [asset for asset in self.market.assets.values() if "network" in asset.kind_groups]
        self.switches = [asset for asset in self.network if asset.platform.name == "aruba_aoss"]

    def commit(self) -> None:
        """The project as a Git repository, which a bundle holds a copy of."""
        (self.root / ".gitignore").write_text("/*\n!/inventories\n!/ansible.cfg\n")
        git(self.root, "init", "-q", "-b", "main")
        git(self.root, "add", ".")
        git(self.root, "commit", "-q", "-m", "project")

    def obtain(self, tag: str, files: Mapping[str, object]) -> int:
        """Take in what the agglomeration gives of a device of its own."""
        for name, content in files.items():
            path = self.data / "obtained" / tag / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False))
        options = ["--from", "agglomeration", "--date", date.today().isoformat()]
        return main(["obtain", "-i", str(self.folder), tag, *files, *options])


def controller(market: Jurancon, asset) -> dict[str, object]:
    """What a UniFi controller says of the site of an access point: networks by name, and SSIDs in them."""
    wanted = wanted_configuration(market.market, asset)
    networks = [
        {"_id": f"n{ssid.vlan}", "name": f"VLAN {ssid.vlan}", "vlan": ssid.vlan} for ssid in wanted.ssids
    ]
    wlans = [
        {
            "name": ssid.name, "enabled": True, "networkconf_id": f"n{ssid.vlan}", "wlan_band": "both",
            "security": SECURITY[ssid.security.partition("-")[2]], "wpa3_support": ssid.security.startswith("wpa3"),
            "l2_isolation": ssid.isolated, "x_passphrase": f"la clé de {ssid.name}",
        }
        for ssid in wanted.ssids
    ]  # fmt: skip
    return {
        "wlanconf.json": wlans,
        "networkconf.json": networks,
        "device.json": {"name": asset.tag, "model": "U6-Pro"},
    }


def test_all_network_devices_are_configured_or_obtained_kept_and_handed_over(
    tmp_path: Path, password: str, serve, monkeypatch: pytest.MonkeyPatch, record_property
) -> None:
    market = Jurancon(tmp_path)
    monkeypatch.setenv("CARTABLE_DATA_DIR", str(market.data.parent))
    monkeypatch.setenv("CARTABLE_VAULT_PASSPHRASE_COMMAND", f"cat {tmp_path}/passphrase")
    assert Counter(asset.kind for asset in market.network) == {"switch": 5, "access_point": 8, "firewall": 4}
    devices = {}
    for asset in market.switches:
        ports = asset.variables["ports"]
        uplink = next(name for name, port in ports.items() if port["mode"] == "trunk")
        devices[asset.tag] = AossDevice(
            asset.tag, username="cartable", password=password, ports=len(ports), serial=asset.attributes["serial"],
            management=(10, asset.address, "255.255.255.224", uplink),
        )  # fmt: skip
    simulators = serve(*devices.values())
    market.put_into_service(
        simulators, dict.fromkeys(devices, password), {a.tag: a.site for a in market.switches}
    )
    for playbook in ("provision.yml", "observe.yml"):
        start = time.perf_counter()
        done = market.run(playbook, "--limit", "platform_aruba_aoss")
        assert done.returncode == 0, done.stdout + done.stderr
        record_property(playbook, round(time.perf_counter() - start, 1))
    for asset in market.network:
        if asset.kind == "access_point":
            assert market.obtain(asset.tag, controller(market, asset)) == 0
        elif asset.kind == "firewall":
            assert (
                market.obtain(asset.tag, {"backup.na": f"# Stormshield {asset.tag}\n[Config]\nkey=value\n"})
                == 0
            )

    state, identity = State(market.data / "state"), market.vault.age_identity()
    declared = load_market(market.folder)
    for asset in market.switches:
        files = open_configuration(state.read_bytes(asset.site, asset.tag, "config.age"), identity)
        assert read_back(declared, declared.assets[asset.tag], files) is None
        assert not devices[asset.tag].running.beginning("snmp-server community")
        server = [declared.assets["NA250001"]] if asset.site == "barthou_elementaire" else []
        shown = devices[asset.tag].running.beginning("logging ")
        assert shown == [f"logging {one.address}" for one in server]
        inventory = state.read_json(asset.site, asset.tag, "inventory.json")
        assert inventory["content"]["network_device"]["serial"] == asset.attributes["serial"]
        assert not SCHEMA.is_file() or problems(inventory) == []

    market.commit()
    market.vault.refresh()
    start = time.perf_counter()
    built = build(
        declared, market.paths, market.vault, output=market.paths.bundles, cost=CHEAP, deliver=lambda *_: None,
        signing_key=market.paths.keys / "signing_ed25519", holders=load_holders(declared.contract, market.data),
    )  # fmt: skip
    record_property("bundle", round(time.perf_counter() - start, 1))
    rows = json.loads((built.path / "data" / "completude.json").read_text())["rows"]
    kinds = {asset.tag: asset.kind for asset in market.network}
    found = Counter(
        (row["obligation"], kinds[row["asset"]], row["status"]) for row in rows if row.get("asset") in kinds
    )
    # Of a switch everything is proven but the rules of the password that it came with (rotate.yml makes one).
    assert {status for (_, kind, status) in found if kind == "switch"} == {"proven", "present"}
    assert {key[0] for key in found if key[1:] == ("switch", "present")} == {"C-9-regles-mots-de-passe"}
    assert (
        found["J-3.14-reseaux", "switch", "proven"] == found["B-6.2-inventaire-glpi", "switch", "proven"] == 5
    )
    assert found["J-3.14-reseaux", "access_point", "proven"] == 8
    # Kept encrypted, since the agglomeration gave them; nothing here reads a Stormshield, so they are never proven.
    assert found["J-3.14-reseaux", "firewall", "waived"] == 4
