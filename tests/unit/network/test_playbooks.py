"""A simulated Catalyst from network.yml to a proven line of the completeness, by the project's own playbooks."""

from __future__ import annotations

import hashlib
import re
import socket
from pathlib import Path

import pytest

from reversibility.contract.parse_back import open_configuration, read_back
from reversibility.documents.runbooks import steps
from reversibility.market.load import load_market
from reversibility.platforms.cisco_ios import DIALOGUE as IOS
from reversibility.records import revocations
from reversibility.records.journals import Journals
from reversibility.records.state import State
from tests.simulators.network import ios_show
from tests.simulators.network.cisco_secret import show7
from tests.simulators.network.ios import IosDevice
from tests.simulators.network.market import VLANS, SimulatedMarket

pytestmark = pytest.mark.playbook

TAG = "SW250001"
UPLINK = "GigabitEthernet1/0/1"
PORTS = {
    "Gi1/0/1": {"mode": "trunk", "vlans": list(VLANS), "peer": "RT250001", "description": "Routeur"},
    "Gi1/0/2": {"mode": "access", "vlan": "pupils", "description": "Classe de CM2"},
    "GigabitEthernet1/0/3": {"mode": "access", "vlan": "guests", "description": "Prise des intervenants"},
    "Gi1/0/4": {"mode": "disabled", "description": "Libre"},
}

VARIABLES: dict[str, object] = {
    "ports": PORTS,
    "network_accounts": {"admin": "admin", "backup": "admin"},
    "network_change_management": True,
    "network_services": {"telnet": False, "http": False},
    "network_ntp": ["127.1.10.1"],
    "network_snmp_users": ["supervision"],
    "network_radius": ["192.0.2.9"],
    "network_banner": "Accès réservé aux personnes autorisées.\nSW250001#",
}


@pytest.fixture
def school(tmp_path: Path, password: str, serve) -> tuple[SimulatedMarket, IosDevice]:
    market = SimulatedMarket(
        tmp_path,
        {TAG: VARIABLES},
    )
    device = IosDevice(TAG, password=password, management=market.management(TAG, UPLINK))
    market.put_into_service(serve(device), {TAG: password})
    return market, device


def test_from_network_yml_to_a_proven_line_and_back_on_a_blank_device(school, password) -> None:
    market, device = school
    checked = market.run("provision.yml", "--check", "--diff")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert device.configuring() == []
    assert "switchport access vlan 40" in checked.stdout

    done = market.run("provision.yml", "--diff")
    assert done.returncode == 0, done.stdout + done.stderr
    assert device.startup.child("interface GigabitEthernet1/0/2").get("switchport access vlan")
    again = market.run("provision.yml")
    assert "changed=0" in again.stdout, again.stdout
    market.vault.refresh()
    secret = market.vault.find(TAG, "backup")
    assert device.check_login("backup", secret.password or secret.pending)

    seen = market.run("observe.yml", "--diff")
    assert seen.returncode == 0, seen.stdout + seen.stderr
    assert "changed=0" in market.run("observe.yml").stdout
    declared = load_market(market.folder)
    state = State(market.data / "state")
    rules = state.read_json("trois_platanes", TAG, "compliance.json")["rules"]
    assert {rule["rule"]: rule["state"] for rule in rules} == {
        "clear-text-telnet": "ok", "clear-text-http": "ok", "clear-text-snmp-v2c": "ok", "factory-accounts": "failed",
    }  # fmt: skip
    logins = state.read_json("trois_platanes", TAG, "logins.json")["logins"]
    assert {login["account"]: login["method"] for login in logins} == {"admin": "ssh", "backup": "ssh"}
    readable = state.read_bytes("trois_platanes", TAG, "config/running-config").decode()
    assert "description Classe de CM2" in readable
    for text in (checked.stdout, done.stdout, seen.stdout, readable):
        assert "$9$" not in text
        assert secret.wanted_secret not in text
    files = open_configuration(
        state.read_bytes("trois_platanes", TAG, "config.age"), market.vault.age_identity()
    )
    assert read_back(declared, declared.assets[TAG], files) is None
    assert b"$9$" in files["/running-config"]

    restored(market, device, password)


def restored(market: SimulatedMarket, device: IosDevice, password: str) -> None:
    """Erase the device, restore it, and find it as it was, with all secrets working again."""
    market.vault.refresh()
    first = market.vault.find(TAG, "admin").password
    before = IOS.stable(ios_show.running(device))
    users = dict(device.snmp_users)
    device.erase("admin", first)
    assert device.snmp_users == {}
    # As the sheet "Remplacer un commutateur" prints it.
    declared = load_market(market.folder)
    printed = [step.command for step in steps(declared.name, declared.assets[TAG], "switches")]
    restore, observe, _ = filter(None, printed)
    done = market.type(restore)
    assert done.returncode == 0, done.stdout + done.stderr
    seen = market.type(observe)
    assert seen.returncode == 0, seen.stdout + seen.stderr
    assert IOS.stable(ios_show.running(device)) == before
    assert IOS.stable(ios_show.startup(device)).endswith(before.partition("version")[2])
    assert device.snmp_users == users
    for account in ("admin", "backup"):
        assert device.check_login(account, market.vault.find(TAG, account).password)
    record = State(market.data / "state").read_json("trois_platanes", TAG, "restore.json")
    assert record == {
        "differences": [],
        "set_again": ["snmp/supervision/auth", "snmp/supervision/priv", "radius/192.0.2.9"],
    }
    assert first not in done.stdout


def shared_secret(device: IosDevice) -> str:
    """What the device shares with its RADIUS server."""
    [key] = re.findall(
        r"^radius server .*\n address .*192\.0\.2\.9.*\n key (.*)$", ios_show.running(device), re.M
    )
    kind, _, kept = key.partition(" ")
    return show7(kept) if kind == "7" else key


def test_rotation_changes_what_is_selected_and_the_former_passwords_open_nothing(school, password) -> None:
    market, device = school
    assert market.run("provision.yml").returncode == 0
    market.vault.refresh()
    before = {account: market.vault.find(TAG, account).password for account in ("admin", "backup")}
    revisions = {account: market.vault.find(TAG, account).revision for account in before}
    state = State(market.data / "state")
    place = state.find(TAG)
    files = {path: path.read_bytes() for path in market.data.rglob("*") if path.is_file()}
    checked = market.run("rotate.yml", "--check", rotate_reason="told", rotate_accounts="backup")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{TAG}/backup: told" in checked.stdout
    assert f"{TAG}/admin" not in checked.stdout
    assert {path: path.read_bytes() for path in files} == files

    idle = market.run("rotate.yml")
    assert idle.returncode == 0, idle.stdout + idle.stderr
    market.vault.refresh()
    assert {account: market.vault.find(TAG, account).password for account in before} == before

    keys = dict(device.snmp_users)
    accounts = ["admin", "backup", "radius/192.0.2.9", "snmp/supervision/auth"]
    shared = market.vault.find(TAG, accounts[2]).password
    assert shared_secret(device) == shared
    told = market.run("rotate.yml", rotate_reason="Somebody left", rotate_accounts=accounts)
    assert told.returncode == 0, told.stdout + told.stderr
    market.vault.refresh()
    user, was = device.snmp_users["supervision"], keys["supervision"]
    assert (
        user["auth_digest"]
        == hashlib.sha256(market.vault.find(TAG, accounts[3]).password.encode()).hexdigest()
    )
    assert shared_secret(device) == market.vault.find(TAG, accounts[2]).password != shared
    assert user["auth_digest"] != was["auth_digest"] and user["priv_digest"] == was["priv_digest"]
    for account, former in before.items():
        entry = market.vault.find(TAG, account)
        assert entry.password != former
        assert not entry.pending
        assert device.check_login(account, entry.password)
        assert not device.check_login(account, former)
        assert former not in told.stdout
        assert entry.password not in told.stdout
    events = [
        entry
        for entry in Journals(market.data / "state" / "journal").entries()
        if entry["event"] == "rotation"
    ]
    assert [(event["detail"], event["accounts"]) for event in events] == [
        ("Somebody left", [f"{TAG}/{account}" for account in accounts])
    ]

    # As a take-over tries them: by what they were when they were handed over, and only a refusal is recorded.
    rows = [{"name": account, "mark": revisions[account], "method": "network_account"} for account in before]
    tried = market.run("takeover.yml", "--tags", "passwords", takeover_former={TAG: rows})
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert not any(former in tried.stdout for former in before.values())
    refused = revocations.refused(state, *place, revocations.PASSWORDS)
    assert refused == set(revisions.items())
    state.remove(*place, revocations.RECORDS[revocations.PASSWORDS])
    careless = market.vault.find(TAG, "backup").revision
    market.run("rotate.yml", rotate_reason="Somebody left", rotate_accounts=["backup"])
    market.vault.refresh()
    former, refuses = market.vault.former(TAG, "backup", careless), device.check_login
    device.check_login = lambda user, given: refuses(user, given) or (user, given) == ("backup", former)
    tried = market.run(
        "takeover.yml",
        "--tags",
        "passwords",
        takeover_former={TAG: [{"name": "backup", "mark": careless, "method": "network_account"}]},
    )
    assert tried.returncode == 2 and "still opens backup" in tried.stdout
    assert not revocations.refused(state, *place, revocations.PASSWORDS)


def test_a_holiday_run_observes_a_device_lists_the_rest_and_tries_again_what_was_off(school) -> None:
    market, device = school
    options = {"holiday_run": "essai", "holiday_patience": 1, "holiday_first_patience": 1}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    off = market.run("holiday.yml", ansible_port=port, **options)  # nothing listens there
    assert off.returncode == 0, off.stdout + off.stderr
    state = State(market.data / "state")
    wake = state.read_json("trois_platanes", TAG, "holiday.json")["stages"]["wake"]
    assert wake["result"] == "off"

    done = market.run("holiday.yml", **options)
    assert done.returncode == 0, done.stdout + done.stderr
    stages = state.read_json("trois_platanes", TAG, "holiday.json")["stages"]
    results = {name: entry["result"] for name, entry in stages.items()}
    assert {name for name, result in results.items() if result == "done"} == {"wake", "observe"}
    assert {result for name, result in results.items() if name not in ("wake", "observe")} == {"impossible"}
    assert state.read_bytes("trois_platanes", TAG, "config/running-config")
    assert device.configuring() == []


def test_a_device_that_fails_does_not_stop_the_others(tmp_path: Path, password: str, serve) -> None:
    tags = (TAG, "SW250002")
    market = SimulatedMarket(tmp_path, dict.fromkeys(tags, VARIABLES))
    devices = [IosDevice(tag, password=password, management=market.management(tag, UPLINK)) for tag in tags]
    devices[0].faults.refuse = "^vlan 20"
    market.put_into_service(serve(*devices), dict.fromkeys(tags, password))
    done = market.run("provision.yml")
    assert done.returncode == 2
    assert "refuses 'vlan 20'" in done.stdout and "the device is as it was" in done.stdout
    assert devices[1].startup.child("interface GigabitEthernet1/0/2").get("switchport access vlan")
    assert devices[0].startup.child("interface GigabitEthernet1/0/2").get("switchport access vlan") is None
