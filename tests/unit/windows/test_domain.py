"""A PC that becomes a member of an Active Directory domain, with credentials of the vault.

The domain is a table of the simulator's: who may join, and which units there are. No domain controller has run.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from reversibility.records.password_policy import POLICIES
from tests.simulators.windows.state.accounts import ADMINISTRATORS
from tests.unit.windows.fleet import Fleet
from tests.unit.windows.test_roles import snapshot

pytestmark = pytest.mark.playbook

TAG = "UC990001"
UNIT = "OU=Postes,DC=ecole,DC=example"
DOMAIN = {"name": "ecole.example", "user": "jonction@ecole.example", "vault": "SV990001/jonction", "ou": UNIT}
PLAY = """
- hosts: managed
  gather_facts: false
  tasks:
    - ansible.builtin.include_role: {name: cartable.fleet.accounts, tasks_from: resume}
    - ansible.builtin.include_role: {name: cartable.fleet.baseline}
    - ansible.builtin.include_role: {name: cartable.fleet.accounts}
"""


def test_a_pc_joins_with_its_name_and_keeps_its_one_administrator(one_pc: Fleet, tmp_path: Path) -> None:
    play = tmp_path / "play.yml"
    play.write_text(PLAY, encoding="utf-8")
    pc, password = one_pc.pc(TAG), POLICIES["administrator"].generate()
    state = pc.state
    state.system.name = "DESKTOP-1A2B3C"
    state.extra |= {"domains": {DOMAIN["name"]: {DOMAIN["user"]: password}}, "units": [UNIT]}
    with one_pc.vault().transaction() as change:
        change.put_current("essais", "SV990001", "jonction", username=DOMAIN["user"], password=password)

    before = snapshot(pc)
    checked = one_pc.run(str(play), "--check", baseline_windows_domain=DOMAIN)
    joins = [name for name in checked.changed[TAG] if "member of the domain" in name]
    assert len(joins) == 1, checked.text
    assert snapshot(pc) == before

    done = one_pc.run(str(play), baseline_windows_domain=DOMAIN)
    assert done.status == 0, done.text
    assert (state.system.domain, state.system.name, state.extra["unit"]) == (DOMAIN["name"], TAG, UNIT)
    members = {state.accounts.name_of(sid, TAG) for sid in state.accounts.group(ADMINISTRATORS).members}
    assert members == {rf"{TAG}\cartable", rf"{TAG}\desactive"}  # and none of the domain's
    again = one_pc.run(str(play), baseline_windows_domain=DOMAIN)
    assert (again.status, again.changed) == (0, {}), again.text
    assert pc.journal.leaks([password]) == []
