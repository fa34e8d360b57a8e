"""What a run says and does when the inventory gives a machine another tag or another site."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from reversibility.records.state import State
from tests.unit.trust.test_module_answers import TAMPERED, make_tampered

RENAMED = "UC250002"  # its password is in the vault under another tag

PLAY = f"""
- hosts: {RENAMED}
  gather_facts: false
  tasks:
    - name: Refuse early
      cartable.fleet.preflight: {{market: inventories/tiny}}
    - name: Become another user
      become: true
      become_user: daemon
      ansible.builtin.command: "true"
      changed_when: false
      ignore_errors: true
    - name: The same in one round trip
      cartable.fleet.batch: {{tasks_from: become.yml}}
"""
BECOME = """
- name: Become another user in a batch
  become: true
  become_user: daemon
  ansible.builtin.command: "true"
  changed_when: false
"""


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("sudo"), reason="asks the real sudo as another user"
)
@pytest.mark.playbook
def test_a_run_says_who_was_perhaps_renamed_and_lets_the_records_follow(tmp_path: Path) -> None:
    market = make_tampered(tmp_path)
    state = State.create(tmp_path / "var/tiny/state")
    state.write("tilleuls", TAMPERED, "accounts.json", {"accounts": []})
    state.commit("observe.yml")
    sudo = tmp_path / "sudo"
    sudo.write_text('#!/bin/sh\nexec setpriv --reuid=65534 --clear-groups sudo "$@"\n')
    sudo.chmod(0o755)
    with (tmp_path / "inventories/tiny/group_vars/all.yml").open("a") as variables:
        variables.write(f"ansible_become_exe: {sudo}\n")
    (tmp_path / "become.yml").write_text(BECOME)
    (tmp_path / "play.yml").write_text(PLAY)

    market.playbook("play.yml", "--check")
    assert state.find(TAMPERED) == ("tilleuls", TAMPERED), "a check moves nothing"

    done = market.playbook("play.yml")
    output = done.stdout + done.stderr
    said = f"No password for {RENAMED} in the vault, and sudo asks for one: was the machine renamed?"
    assert output.count(said) >= 2, output
    assert "Module result deserialization failed" not in output
    assert f"the records follow: {TAMPERED} from tilleuls to trois_platanes" in output
    assert state.find(TAMPERED) == ("trois_platanes", TAMPERED)
    assert f"moved: {TAMPERED} from tilleuls to trois_platanes" in state.repository.run("log", "--format=%s")
