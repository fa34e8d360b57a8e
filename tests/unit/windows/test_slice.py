"""A blank Windows PC, provisioned, observed and handed over by the playbooks as they are, with proven rows."""

from __future__ import annotations

import json

import pytest

from tests.simulators.windows.state.accounts import ADMINISTRATORS
from tests.unit.windows.fleet import BOOTSTRAP_MARKER, Fleet

TAGS = ("UC990001", "PD990001")
PROVEN = (
    "J-3.14-materiels",
    "J-3.14-mots-de-passe",
    "J-3.4-mot-de-passe",
    "J-3.4-deux-acces",
    "J-3.4-administrateurs",
    "C-9-regles-mots-de-passe",
    "B-6.2-inventaire-glpi",
    "B-6.1-releves-recents",
)


def snapshot(fleet: Fleet) -> dict[str, str]:
    """The whole state of each PC, but what a logon itself leaves."""
    found = {}
    for tag in TAGS:
        content = fleet.pc(tag).state.to_json()
        for user in content["accounts"]["users"]:
            user.pop("last_logon"), user.pop("bad_logons")
        found[tag] = json.dumps(content, sort_keys=True, default=str)
    return found


@pytest.fixture(scope="module")
def provisioned(fleet: Fleet) -> Fleet:
    """Check first, which changes nothing, then the real run."""
    before = snapshot(fleet)
    checked = fleet.run("provision.yml", "--check")
    assert checked.status == 0, checked.text
    assert snapshot(fleet) == before
    assert all(checked.of(tag)["changed"] for tag in TAGS)
    done = fleet.run("provision.yml")
    assert done.status == 0, done.text
    return fleet


def test_accounts_are_as_declared_in_any_language(provisioned: Fleet) -> None:
    for tag, user in (("UC990001", "eleve"), ("PD990001", "direction")):
        accounts, vault = provisioned.pc(tag).state.accounts, provisioned.vault()
        for name in ("cartable", user):
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
        assert accounts.user("cartable").password != provisioned.first[tag]
        assert not provisioned.pc(tag).state.files.exists(BOOTSTRAP_MARKER)


def test_nothing_is_left_to_do(provisioned: Fleet) -> None:
    again = provisioned.run("provision.yml")
    assert again.status == 0, again.text
    assert again.changed == {}
    assert all(again.of(tag)["changed"] == 0 for tag in TAGS)


def test_drift_is_repaired(provisioned: Fleet) -> None:
    state = provisioned.pc("UC990001").state
    state.accounts.add_user("copain", "Azerty-123456", groups=[ADMINISTRATORS])
    state.accounts.user("eleve").password = "Changed-by-a-pupil-1"
    state.accounts.user(f"{state.accounts.machine_sid}-500").enabled = True
    state.system.timezone = "GMT Standard Time"
    before = snapshot(provisioned)
    assert provisioned.run("provision.yml", "--check", limit="UC990001").of("UC990001")["changed"]
    assert snapshot(provisioned) == before
    done = provisioned.run("provision.yml", limit="UC990001")
    assert done.status == 0, done.text
    assert not state.accounts.is_administrator(state.accounts.user("copain"))
    entry = provisioned.vault().find("UC990001", "eleve")
    assert entry is not None
    assert entry.password == state.accounts.user("eleve").password
    assert not state.accounts.user(f"{state.accounts.machine_sid}-500").enabled
    assert state.system.timezone == "Romance Standard Time"
    assert provisioned.run("provision.yml", limit="UC990001").changed == {}
    state.accounts.remove_user(state.accounts.user("copain"))


def test_rows_of_windows_pcs_are_proven(provisioned: Fleet) -> None:
    assert provisioned.run("observe.yml").status == 0
    assert provisioned.run("observe.yml").changed == {}
    handed = provisioned.run("handover.yml")
    assert handed.status == 0, handed.text
    rows = provisioned.completeness()
    assert {
        (name, tag): rows[name, tag]
        for name in PROVEN
        for tag in TAGS
        if not rows[name, tag].startswith("proven")
    } == {}


def test_no_secret_crosses_in_clear(provisioned: Fleet) -> None:
    for tag in TAGS:
        assert provisioned.pc(tag).journal.leaks(provisioned.secrets()) == []
