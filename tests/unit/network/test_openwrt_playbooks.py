"""A simulated OpenWrt access point by the project's own playbooks: root's password and the keys live in the vault."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reversibility.records.state import State
from tests.simulators.network.market import NETWORK
from tests.simulators.network.openwrt import OpenwrtDevice
from tests.simulators.network.unix import OneDevice
from tests.unit.network.test_wifi_playbooks import SSIDS, TAG, WifiMarket

pytestmark = [
    pytest.mark.playbook,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a machine's own folders"),
]
RADIUS = f"{NETWORK}.9"
VARIABLES: dict[str, object] = {
    "ansible_user": "root",
    "network_accounts": {"root": "admin"},
    "network_uplink": "eth0",
    "network_radius": [RADIUS],
}


def test_passwords_and_keys_are_proven_rotated_and_the_former_ones_refused(
    tmp_path: Path, password: str
) -> None:
    market = WifiMarket(tmp_path, {TAG: VARIABLES}, os_="openwrt-24.10")
    with OpenwrtDevice(TAG, password=password, address=f"{NETWORK}.10") as machine:
        market.put_into_service(OneDevice(machine), {TAG: password})

        def run(name: str, **variables: object) -> str:
            done = market.run(name, "--diff", **variables)
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        def secrets() -> dict[str, str]:
            market.vault.refresh()
            names = [(TAG, "root"), (TAG, f"radius/{RADIUS}")]
            names += [("trois_platanes", f"wifi/{name}") for name in SSIDS[1:]]
            return {account: market.vault.find(asset, account).password for asset, account in names}

        said = [run("provision.yml")]
        before = secrets()
        said += [run("observe.yml"), run("rotate.yml", rotate_reason="essai")]
        after = secrets()
        assert not {*before.values()} & {*after.values()}
        assert not machine.opens("root", before["root"])
        assert machine.opens("root", after["root"])
        wireless = machine.at_the_device("cat /etc/config/wireless")
        assert all(value in wireless for account, value in after.items() if account != "root")
        assert not any(value in wireless for value in before.values())
        state = State(market.data / "state")
        accounts = state.read_json("trois_platanes", TAG, "accounts.json")["accounts"]
        assert {one["login"]: one["locked"] for one in accounts} == {"root": False, "daemon": True}
        (login,) = state.read_json("trois_platanes", TAG, "logins.json")["logins"]
        assert (login["account"], login["method"]) == ("root", "ssh")
        assert login["vault_revision"] == market.vault.find(TAG, "root").revision
        shown = "".join(said) + state.read_bytes("trois_platanes", TAG, "config/etc/shadow").decode()
        assert not any(value in shown for value in (*before.values(), *after.values()))
        assert "$6$" not in shown
