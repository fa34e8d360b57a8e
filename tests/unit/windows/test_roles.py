"""Roles on simulated Windows PCs, by the playbooks as they are: check, apply, again, drift, repair, observe, hand over.

One French PC and one English one. What a role does on a real Windows was never tried (docs/windows.md).
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from reversibility.market.load import load_market
from reversibility.operations.compliance import RuleState, compliance
from tests.simulators.windows import scheduler
from tests.simulators.windows.direct import run_module
from tests.simulators.windows.pc import PC
from tests.simulators.windows.state import ultravnc
from tests.simulators.windows.state.accounts import ADMINISTRATORS
from tests.simulators.windows.state.software import installed
from tests.unit.windows.fleet import BOOTSTRAP_MARKER, Fleet

pytestmark = pytest.mark.playbook

TAGS = {"UC990001": "eleve", "PD990001": "direction"}
PROVEN = (
    "J-3.14-materiels",
    "J-3.14-logiciels",
    "J-3.14-mots-de-passe",
    "J-3.4-mot-de-passe",
    "J-3.4-deux-acces",
    "J-3.4-administrateurs",
    "J-3.9-inventaire",
    "C-9-regles-mots-de-passe",
    "B-6.2-inventaire-glpi",
    "B-6.1-releves-recents",
)
POLICIES = r"HKLM\SOFTWARE\Policies"


def snapshot(pc: PC) -> str:
    """The whole state, but what a logon itself leaves."""
    content = pc.state.to_json()
    for user in content["accounts"]["users"]:
        user.pop("last_logon"), user.pop("bad_logons")
    return json.dumps(content, sort_keys=True, default=str)


def assert_as_wanted(fleet: Fleet, tag: str) -> None:
    """What each role promises of a PC."""
    state, accounts, vault = fleet.pc(tag).state, fleet.pc(tag).state.accounts, fleet.vault()
    for name in ("cartable", TAGS[tag]):
        entry = vault.find(tag, name)
        assert entry is not None
        assert entry.password == accounts.user(name).password
        assert not entry.pending
    members = {
        accounts.name_of(sid, tag).rpartition("\\")[2] for sid in accounts.group(ADMINISTRATORS).members
    }
    assert members == {"cartable", "desactive"}
    assert not accounts.user("desactive").enabled
    assert not accounts.user(f"{accounts.machine_sid}-501").enabled
    # What lay on the installation's USB key opens nothing any more.
    assert accounts.user("cartable").password != fleet.first[tag]
    assert not state.files.exists(BOOTSTRAP_MARKER)

    assert state.system.timezone == "Romance Standard Time"
    assert (state.system.pending_name or state.system.name) == tag
    assert "Mozilla Firefox ESR (x64 fr)" in {program.name for program in installed(state)}
    assert ("Calcul mental" in {program.name for program in installed(state)}) == (tag == "UC990001")

    get = state.registry.get
    assert get(rf"{POLICIES}\Mozilla\Firefox\Homepage", "URL") == "https://ent.example/"
    [bookmarks] = get(rf"{POLICIES}\Mozilla\Firefox", "ManagedBookmarks")
    assert [link.get("name") for link in json.loads(bookmarks)[1:]] == ["ENT", "Éduscol"]
    sleep = rf"{POLICIES}\Microsoft\Power\PowerSettings\29f6c1db-86da-48c5-9fdb-f2b67b1f44da"
    assert 0 < get(sleep, "ACSettingIndex") < 15 * 60  # R44
    clean = {"Profil propre"} if TAGS[tag] == "eleve" else set()  # nobody shares the PC of a director
    assert {task.name for task in state.tasks} == {"Extinction du soir", "Journaux"} | clean

    issued = {each.store: each for each in state.certificates if each.issuer.startswith("CN=Autorité")}
    assert (issued["My"].friendly_name, issued["My"].subject) == ("Cartable pc", f"CN={tag}")
    assert issued["Root"].subject == issued["My"].issuer

    [queue] = [printer for printer in state.printers if printer.name == "CO990001"]
    assert (queue.duplex, queue.color, queue.location) == ("TwoSidedLongEdge", False, "Atelier")
    assert (
        get(
            rf"{POLICIES}\Microsoft\Windows NT\Printers\PointAndPrint",
            "RestrictDriverInstallationToAdministrators",
        )
        == 1
    )

    assert get(rf"{POLICIES}\Microsoft\Windows NT\DNSClient", "EnableMulticast") == 0
    assert get(r"HKLM\SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters", "SMB1") == 0
    assert int(state.security_policy["MinimumPasswordLength"]) == 12
    assert state.audit_policy["0cce9215-69ae-11d9-bed3-505054503030"] == 3
    assert all(adapter.netbios == 2 for adapter in state.adapters)
    assert state.services["ssdpsrv"].start_mode == "disabled"
    [rule] = [rule for rule in state.firewall_rules if rule.name == "Cartable WinRM HTTPS"]
    assert rule.remote_addresses.startswith("192.0.2.0")
    assert state.defender.real_time
    password = accounts.user("cartable").password
    assert ultravnc.refusal(state, "192.0.2.253", "cartable", password) == ""  # from the administration
    assert "firewall" in ultravnc.refusal(state, "127.0.1.200", "cartable", password)  # a neighbour
    user = accounts.user(TAGS[tag])
    assert "access control list" in ultravnc.refusal(state, "192.0.2.253", user.name, user.password)

    [volume] = state.volumes
    assert (volume.conversion, volume.protection) == ("FullyEncrypted", "On")
    [key] = [each for each in volume.protectors if each["type"] == "RecoveryPassword"]
    assert vault.secret(tag, "cartable", f"BitLocker C: {key['id']}") == key["password"]


def rules(fleet: Fleet, tag: str) -> dict[str, RuleState]:
    """What ``reversibility compliance`` says of a PC."""
    market = load_market(fleet.paths.inventory)
    return {row.rule: row for row in compliance(market, fleet.state()) if row.asset == tag}


def drift(pc: PC, user: str) -> None:
    """What a pupil, a colleague and Windows itself do in a term."""
    state = pc.state
    state.accounts.add_user("copain", "Azerty-123456", groups=[ADMINISTRATORS])
    state.accounts.user(user).password = "Changed-by-a-pupil-1"
    state.accounts.user(f"{state.accounts.machine_sid}-500").enabled = True
    state.system.timezone = "GMT Standard Time"
    state.registry.delete_value(rf"{POLICIES}\Mozilla\Firefox\Homepage", "URL")
    state.registry.set(rf"{POLICIES}\Microsoft\Windows NT\DNSClient", "EnableMulticast", 1)
    state.audit_policy["0cce9215-69ae-11d9-bed3-505054503030"] = 0
    state.services["ssdpsrv"].start_mode = "auto"
    state.defender.real_time = False
    state.volumes[0].protection = "Off"
    state.tasks.clear()
    state.certificates[:] = [
        each for each in state.certificates if each.store != "Root" and not each.friendly_name
    ]
    next(printer for printer in state.printers if printer.name == "CO990001").color = True
    state.adapters[0].netbios = 0
    ini = rf"{ultravnc.FOLDER}\ultravnc.ini"
    state.files.write(ini, state.files.read(ini).replace(b"UseDSMPlugin=1", b"UseDSMPlugin=0"))
    state.registry.delete_value(r"HKLM\SOFTWARE\ORL\WinVNC3", "ACL")


def check(fleet: Fleet, tag: str, differing: int) -> None:
    """A check of one PC tells what differs and changes nothing."""
    before = snapshot(fleet.pc(tag))
    checked = fleet.run("provision.yml", "--check", limit=tag)
    assert checked.status == 0, checked.text
    assert snapshot(fleet.pc(tag)) == before
    assert checked.of(tag)["changed"] >= differing


def test_from_a_blank_pc_to_a_proven_hand_over(fleet: Fleet) -> None:
    """Several playbooks in one command where nobody looks between them: each start of Ansible costs seconds."""
    french, english = TAGS
    check(fleet, french, 6)
    done = fleet.run("provision.yml observe.yml")
    assert done.status == 0, done.text
    for tag in TAGS:
        assert_as_wanted(fleet, tag)
        found = rules(fleet, tag)
        assert len(found) > 50
        assert {name for name, row in found.items() if row.state != "complies"} == {"remote-token-filter"}
        assert found["bitlocker-system"].seen == "FullyEncrypted, On"
    again = fleet.run("provision.yml observe.yml handover.yml")
    assert again.status == 0, again.text
    assert {tag: again.changed.get(tag) for tag in TAGS} == dict.fromkeys(TAGS)

    assert fleet.record(french, "findings.json")["software"] == []
    rows = fleet.completeness()
    wanted = {(name, tag): rows[name, tag] for name in PROVEN for tag in TAGS}
    assert {row: said for row, said in wanted.items() if not said.startswith("proven")} == {}
    for tag in TAGS:
        assert fleet.pc(tag).journal.leaks(fleet.secrets()) == []
        assert list(fleet.pc(tag).journal.of_kind("unknown")) == []
    assert_a_session_leaves_nothing(fleet.pc(french))

    for tag, user in TAGS.items():
        drift(fleet.pc(tag), user)
    leave_out(fleet, "calcul")
    check(fleet, english, 10)
    done = fleet.run("provision.yml")
    assert done.status == 0, done.text
    assert re.search(
        rf"{french}: no catalogue entry asks for the program \S+ any more, which calcul did", done.text
    )
    for tag in TAGS:
        assert_as_wanted(fleet, tag)


def leave_out(fleet: Fleet, entry: str) -> None:
    """Nobody asks for it any more."""
    path = fleet.paths.inventory / "catalogue.yml"
    catalogue = yaml.safe_load(path.read_text(encoding="utf-8"))
    del catalogue["software"][entry]
    path.write_text(yaml.safe_dump(catalogue), encoding="utf-8")


def assert_a_session_leaves_nothing(pc: PC) -> None:
    """What a pupil leaves stays while somebody is logged in, and is gone when the profile was unloaded."""
    state = pc.state
    sid = state.accounts.user("eleve").sid
    run_module(pc, "ansible.windows.win_user_profile", {"username": sid, "state": "present"})
    state.files.write(r"C:\Users\eleve\Desktop\devoir.txt", b"x")
    [task] = [task for task in state.tasks if task.name == "Profil propre"]
    state.extra["sessions"] = [sid]
    scheduler.run(pc, task)
    assert state.files.exists(r"C:\Users\eleve\Desktop\devoir.txt")
    state.extra["sessions"] = []
    scheduler.run(pc, task)
    assert not state.files.exists(r"C:\Users\eleve")


ROLE = """
- hosts: managed
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: cartable.fleet.security
        tasks_from: {tasks}
"""


def test_a_rule_that_shuts_us_out_is_taken_back_by_the_pc_itself(one_pc: Fleet, tmp_path: Path) -> None:
    playbook = tmp_path / "security.yml"
    playbook.write_text(ROLE.format(tasks="main"), encoding="utf-8")
    pc = one_pc.pc("UC990001")
    fewer = {"security_encryption": False, "security_features_off": []}
    cut = one_pc.run(str(playbook), security_admin_networks=["198.51.100.0/24"], **fewer)
    assert cut.status != 0
    assert "takes back what can shut the administration out 10 minutes after" in cut.text
    assert [task.name for task in pc.state.tasks] == ["Acces a distance"]
    pc.state.system.on_battery = True
    pc.state.system.clock_offset += 11 * 60
    pc.tick()
    again = one_pc.run(str(playbook), **fewer)
    assert again.status == 0, again.text
    assert pc.state.tasks == []  # disarmed


def test_no_disk_is_encrypted_whose_key_is_not_in_the_vault(one_pc: Fleet, tmp_path: Path) -> None:
    playbook = tmp_path / "security.yml"
    playbook.write_text(ROLE.format(tasks="windows_bitlocker"), encoding="utf-8")
    pc = one_pc.pc("UC990001")
    [volume] = pc.state.volumes
    vault_before = one_pc.paths.vault.read_bytes()
    one_pc.paths.vault.unlink()  # nothing can be kept
    refused = one_pc.run(str(playbook), ansible_password=one_pc.first["UC990001"])
    assert refused.status != 0
    assert volume.conversion == "FullyDecrypted"
    one_pc.paths.vault.write_bytes(vault_before)
    done = one_pc.run(str(playbook))
    assert done.status == 0, done.text
    [key] = [each for each in volume.protectors if each["type"] == "RecoveryPassword"]
    assert one_pc.vault().secret("UC990001", "cartable", f"BitLocker C: {key['id']}") == key["password"]
    assert volume.protection == "On"
