"""A simulated access point from network.yml to a proven line of the completeness, by the project's own playbooks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reversibility.contract.parse_back import open_configuration, read_back
from reversibility.market.load import load_market
from reversibility.records.state import State
from tests.simulators.network.market import NETWORK, SimulatedMarket
from tests.simulators.network.unix import OneDevice, UnixDevice
from tests.unit.network.test_hostapd_device import FOLDERS

pytestmark = [
    pytest.mark.playbook,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a machine's own folders"),
    pytest.mark.judge("hostapd"),
]
TAG = "AP250001"
SSIDS = ("Ecole-Personnel", "Ecole-Classe", "Ecole-Invites")
RADIUS = f"{NETWORK}.9"
VARIABLES: dict[str, object] = {
    "ansible_user": "root",
    "network_radius": [RADIUS],
    "network_radios": {
        f"wlan{index}": {"band": "5", "channel": 36 + 4 * index, "ssids": [name], "driver": "none"}
        for index, name in enumerate(SSIDS)
    },
}


class WifiMarket(SimulatedMarket):
    """A market whose device is an access point."""

    account = "root"

    @staticmethod
    def _asset(tag: str, os_: str, number: int) -> dict[str, Any]:
        return {**SimulatedMarket._asset(tag, os_, number), "kind": "access_point"}


@pytest.fixture
def school(tmp_path: Path, password: str) -> Iterator[tuple[WifiMarket, UnixDevice]]:
    market = WifiMarket(tmp_path, {TAG: VARIABLES}, os_="hostapd-2.10")
    with UnixDevice("linux", FOLDERS, password=password, address=f"{NETWORK}.10") as machine:
        market.put_into_service(OneDevice(machine), {TAG: password})
        yield market, machine


def test_from_network_yml_to_a_proven_line(school: tuple[WifiMarket, UnixDevice]) -> None:
    market, machine = school
    checked = market.run("provision.yml", "--check", "--diff")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert machine.at_the_device("ls /etc/hostapd") == ""
    assert "+ssid=Ecole-Invites" in checked.stdout

    done = market.run("provision.yml", "--diff")
    assert done.returncode == 0, done.stdout + done.stderr
    again = market.run("provision.yml")
    assert "changed=0" in again.stdout, again.stdout
    market.vault.refresh()
    keys = [market.vault.find("trois_platanes", f"wifi/{name}") for name in SSIDS[1:]]
    secrets = [entry.password for entry in (*keys, market.vault.find(TAG, f"radius/{RADIUS}"))]
    text = machine.at_the_device("cat /etc/hostapd/*.conf")
    assert all(secret and secret in text for secret in secrets)

    seen = market.run("observe.yml", "--diff")
    assert seen.returncode == 0, seen.stdout + seen.stderr
    declared, state = load_market(market.folder), State(market.data / "state")
    readable = state.read_bytes("trois_platanes", TAG, "config/etc/hostapd/wlan2.conf").decode()
    assert "ap_isolate=1\n" in readable
    for output in (checked.stdout, done.stdout, seen.stdout, readable):
        assert not any(secret in output for secret in secrets)
    files = open_configuration(
        state.read_bytes("trois_platanes", TAG, "config.age"), market.vault.age_identity()
    )
    assert read_back(declared, declared.assets[TAG], files) is None
