"""Roles on simulated Windows PCs, by the playbooks as they are: check, apply, again, drift, repair, observe, hand over.

One French PC and one English one. What a role does on a real Windows was never tried (docs/windows.md).
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reversibility.market.load import load_market
from reversibility.operations.compliance import RuleState, compliance
from tests.simulators.windows.pc import PC
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
    assert {task.name for task in state.tasks} == {"Extinction du soir"}

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
    next(printer for printer in state.printers if printer.name == "CO990001").color = True
    state.adapters[0].netbios = 0


def test_from_a_blank_pc_to_a_proven_hand_over(fleet: Fleet) -> None:
    before = {tag: snapshot(fleet.pc(tag)) for tag in TAGS}
    checked = fleet.run("provision.yml", "--check")
    assert checked.status == 0, checked.text
    assert {tag: snapshot(fleet.pc(tag)) for tag in TAGS} == before
    done = fleet.run("provision.yml")
    assert done.status == 0, done.text
    for tag in TAGS:
        assert checked.of(tag)["changed"] > 5
        assert_as_wanted(fleet, tag)
        found = rules(fleet, tag)
        assert len(found) > 50
        assert {name for name, row in found.items() if row.state != "complies"} == {"remote-token-filter"}
        assert found["bitlocker-system"].seen == "FullyEncrypted, On"
    again = fleet.run("provision.yml")
    assert again.status == 0, again.text
    assert again.changed == {}

    assert fleet.run("observe.yml").status == 0
    assert fleet.run("observe.yml").changed == {}
    handed = fleet.run("handover.yml")
    assert handed.status == 0, handed.text
    rows = fleet.completeness()
    wanted = {(name, tag): rows[name, tag] for name in PROVEN for tag in TAGS}
    assert {row: said for row, said in wanted.items() if not said.startswith("proven")} == {}
    for tag in TAGS:
        assert fleet.pc(tag).journal.leaks(fleet.secrets()) == []
        assert list(fleet.pc(tag).journal.of_kind("unknown")) == []

    for tag, user in TAGS.items():
        drift(fleet.pc(tag), user)
    before = {tag: snapshot(fleet.pc(tag)) for tag in TAGS}
    checked = fleet.run("provision.yml", "--check")
    assert {tag: snapshot(fleet.pc(tag)) for tag in TAGS} == before
    done = fleet.run("provision.yml")
    assert done.status == 0, done.text
    for tag in TAGS:
        assert checked.of(tag)["changed"] >= 8
        assert_as_wanted(fleet, tag)


ROLE = """
- hosts: managed
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: cartable.fleet.{role}
"""


def test_a_rule_that_shuts_us_out_is_taken_back_by_the_pc_itself(one_pc: Fleet, tmp_path: Path) -> None:
    playbook = tmp_path / "security.yml"
    playbook.write_text(ROLE.format(role="security"), encoding="utf-8")
    pc = one_pc.pc("UC990001")
    cut = one_pc.run(str(playbook), security_admin_networks=["198.51.100.0/24"], security_encryption=False)
    assert cut.status != 0
    assert "takes back what can shut the administration out 10 minutes after" in cut.text
    assert [task.name for task in pc.state.tasks] == ["Acces a distance"]
    pc.state.system.clock_offset += 11 * 60
    pc.tick()
    again = one_pc.run(str(playbook), security_encryption=False)
    assert again.status == 0, again.text
    assert pc.state.tasks == []  # disarmed


def test_no_disk_is_encrypted_whose_key_is_not_in_the_vault(one_pc: Fleet, tmp_path: Path) -> None:
    playbook = tmp_path / "security.yml"
    playbook.write_text(ROLE.format(role="security"), encoding="utf-8")
    pc = one_pc.pc("UC990001")
    [volume] = pc.state.volumes
    vault_before = one_pc.paths.vault.read_bytes()
    one_pc.paths.vault.unlink()  # nothing can be kept
    refused = one_pc.run(str(playbook), security_encryption=True, ansible_password=one_pc.first["UC990001"])
    assert refused.status != 0
    assert volume.conversion == "FullyDecrypted"
    one_pc.paths.vault.write_bytes(vault_before)
    done = one_pc.run(str(playbook), security_encryption=True)
    assert done.status == 0, done.text
    [key] = [each for each in volume.protectors if each["type"] == "RecoveryPassword"]
    assert one_pc.vault().secret("UC990001", "cartable", f"BitLocker C: {key['id']}") == key["password"]
    assert volume.protection == "On"
