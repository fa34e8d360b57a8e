"""The role secrets with a method that keeps passwords in files: a former secret that still opens fails the run."""

from __future__ import annotations

import shutil

import pytest

from tests.project import PROJECT
from tests.unit.vault.tiny_market import TinyMarket

pytestmark = pytest.mark.playbook

# An asset that lets in whatever password its file has a line of; one that is careless keeps the old lines.
SET = """---
- name: Set
  ansible.builtin.shell: "cat {{ careless | ternary('>>', '>') }} {{ opens }}"
  args:
    stdin: "{{ lookup('cartable.fleet.vault', item.name, pending=true) }}"
  no_log: true
  loop: "{{ secrets_tried }}"
"""
PROVE = """---
- name: Log in
  ansible.builtin.command: grep -qxFf - {{ opens }}
  args:
    stdin: "{{ lookup('cartable.fleet.vault', item.name, pending=true, former=secrets_former) }}"
  register: logins
  failed_when: false
  no_log: true
  loop: "{{ secrets_tried }}"
- name: Note
  ansible.builtin.set_fact:
    secrets_refused: >-
      {{ logins.results | rejectattr('rc', 'eq', 0) | map(attribute='item') | map('combine', {'detail': 'refused'}) }}
"""
PLAY = """
    - name: Set and prove
      ansible.builtin.include_role: {name: secrets}
      vars:
        secrets_method: snmp_user
        secrets_accounts: [{name: eleve}]
        secrets_rotate: "{{ rotated | default([]) }}"
        opens: "{{ playbook_dir }}/{{ inventory_hostname }}.opens"
"""


@pytest.mark.parametrize("careless", [False, True])
def test_a_former_secret_that_still_opens_fails_the_run(tiny: TinyMarket, careless: bool) -> None:
    role = tiny.root / "roles" / "secrets"
    shutil.copytree(PROJECT / "roles" / "secrets", role)
    (role / "tasks" / "set_snmp_user.yml").write_text(SET)
    (role / "tasks" / "prove_snmp_user.yml").write_text(PROVE)
    options = ("--limit", "UC250001", "-e", f'{{"careless": {str(careless).lower()}}}')
    first = tiny.run(PLAY, *options)
    assert first.returncode == 0, first.stdout + first.stderr
    other = tiny.run(PLAY, *options, "-e", '{"rotated": ["cartable"]}')
    assert other.returncode == 0, other.stdout + other.stderr
    assert tiny.opened().former("UC250001", "eleve") is None

    rotated = tiny.run(PLAY, *options, "-e", '{"rotated": ["eleve"]}')
    said = rotated.stdout + rotated.stderr
    assert rotated.returncode == (2 if careless else 0), said
    assert ("UC250001: the former password of eleve still opens the account" in said) == careless
    entry, former = tiny.opened().find("UC250001", "eleve"), tiny.opened().former("UC250001", "eleve")
    assert entry is not None
    assert former and former not in said and entry.password not in said
    lines = (tiny.root / "UC250001.opens").read_text().splitlines()
    assert lines[-1] == entry.password
    assert (former in lines) == careless
