"""A UniFi access point from network.yml to a proven line, through a new key, and back on a new controller."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from reversibility.contract.parse_back import open_configuration, read_back
from reversibility.market.load import load_market
from reversibility.records.state import State
from tests.simulators.network.https import ApiServer
from tests.simulators.network.market import NETWORK, SimulatedMarket
from tests.simulators.network.unifi import Controller

pytestmark = pytest.mark.playbook
TAG, SITE = "AP250001", "trois_platanes"
MAC = "02:00:5e:00:99:0a"
RADIUS = f"{NETWORK}.9"
SSIDS = ("Ecole-Personnel", "Ecole-Classe", "Ecole-Invites")


class UnifiMarket(SimulatedMarket):
    """A market whose device is an access point."""

    @staticmethod
    def _asset(tag: str, os_: str, number: int) -> dict[str, Any]:
        return {**SimulatedMarket._asset(tag, os_, number), "kind": "access_point"}

    def new_key(self, key: str) -> None:
        """The key of the controller's API, as a person enters it."""
        with self.vault.transaction() as change:
            change.put_pending(SITE, SITE, "unifi", username="", password=key, policy="administrator")
            change.make_current(SITE, SITE, "unifi")

    def wifi_key(self, ssid: str) -> str:
        """The key of an SSID, as the vault has it now."""
        self.vault.refresh()
        return self.vault.find(SITE, f"wifi/{ssid}").password


@pytest.fixture
def school(tmp_path: Path) -> Iterator[SimpleNamespace]:
    controller = Controller("la-cle-de-l-api")
    with ApiServer(controller, tmp_path) as server:
        variables = {"network_api_url": server.url, "network_radius": [RADIUS]}
        market = UnifiMarket(tmp_path, {TAG: variables}, os_="unifi-6")
        (market.data / "api_certificates.pem").write_bytes(server.certificates.read_bytes())
        market.new_key(controller.key)
        yield SimpleNamespace(market=market, controller=controller)


def opened(controller: Controller) -> str:
    site = controller.add_site("Trois Platanes")
    controller.adopt(site, TAG, MAC)
    controller.add_profile(site, RADIUS)
    return site


def key_of(controller: Controller, site: str, ssid: str) -> str:
    return controller.named(site)[ssid]["securityConfiguration"]["passphrase"]


def test_from_network_yml_to_a_proven_line_a_new_key_and_a_new_controller(school: SimpleNamespace) -> None:
    market, controller = school.market, school.controller
    site = opened(controller)
    checked = market.run("provision.yml", "--check", "--diff")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "POST site:/wifi/broadcasts" in checked.stdout
    assert not [call for call in controller.calls if not call.startswith("GET")]

    done = market.run("provision.yml", "--diff")
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(controller.named(site)) == set(SSIDS)
    first = market.wifi_key(SSIDS[1])
    assert key_of(controller, site, SSIDS[1]) == first

    reason = {"rotate_accounts": [f"wifi/{SSIDS[1]}"], "rotate_reason": "la clé est au tableau"}
    rotated = market.run("rotate.yml", **reason)
    assert rotated.returncode == 0, rotated.stdout + rotated.stderr
    second = market.wifi_key(SSIDS[1])
    assert second != first
    assert key_of(controller, site, SSIDS[1]) == second
    assert key_of(controller, site, SSIDS[2]) == market.wifi_key(SSIDS[2])

    seen = market.run("observe.yml", "--diff")
    assert seen.returncode == 0, seen.stdout + seen.stderr
    declared, state = load_market(market.folder), State(market.data / "state")
    readable = state.read_bytes(SITE, TAG, "config/wlanconf.json").decode()
    assert '"Ecole-Invites"' in readable
    files = open_configuration(state.read_bytes(SITE, TAG, "config.age"), market.vault.age_identity())
    assert read_back(declared, declared.assets[TAG], files) is None
    assert state.read_json(SITE, TAG, "inventory.json")["content"]["network_device"]["model"] == "U6 Pro"

    del controller.sites[site]
    new = opened(controller)
    restored = market.run("restore_device.yml", restore_device=TAG)
    assert restored.returncode == 0, restored.stdout + restored.stderr
    assert key_of(controller, new, SSIDS[1]) == second
    assert state.read_json(SITE, TAG, "restore.json") == {"differences": [], "set_again": []}
    for output in (checked.stdout, done.stdout, rotated.stdout, seen.stdout, readable, restored.stdout):
        assert not any(secret in output for secret in (first, second, controller.key))
