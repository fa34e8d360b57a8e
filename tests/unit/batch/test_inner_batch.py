"""A batch inside a batch works as an include."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.playbook

PROJECT = Path(__file__).resolve().parents[3]
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
    kind: all
  tasks:
    - cartable.fleet.batch:
        tasks_from: outer.yml
"""
OUTER = """
- name: Before
  ansible.builtin.command: echo before
  changed_when: false
- name: The role
  ansible.builtin.include_role:
    name: inner
- name: After
  ansible.builtin.debug:
    msg: "{{ inner_said.stdout }}"
"""
MAIN = """
- name: Run the tasks of the platform
  cartable.fleet.batch:
    tasks_from: "{{ inner_kind }}.yml"
  vars:
    inner_word: given
- name: Not those
  cartable.fleet.batch:
    tasks_from: gone.yml
  when: false
"""
INNER = """
- name: Inside
  ansible.builtin.command: echo {{ inner_word }}
  changed_when: false
  register: inner_said
"""
FILES = {
    "play.yml": PLAY,
    "tasks/outer.yml": OUTER,
    "roles/inner/tasks/main.yml": MAIN,
    "roles/inner/tasks/all.yml": INNER,
    "roles/inner/defaults/main.yml": 'inner_kind: "{{ kind }}"\ninner_word: default\n',
}


def play(folder: Path, changed: dict[str, str], *arguments: str, callback: bool = True) -> tuple[int, str]:
    for name, text in {**FILES, **changed}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    enabled = {
        "ANSIBLE_COLLECTIONS_PATH": str(PROJECT / "collections"),
        "ANSIBLE_NOCOLOR": "1",
        "HOME": str(folder),
    }
    if callback:
        enabled["ANSIBLE_CALLBACKS_ENABLED"] = "cartable.fleet.batch"
    command = [Path(sys.executable).parent / "ansible-playbook", "-i", "localhost,", "-v", "play.yml"]
    done = subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env={**os.environ, **enabled},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("callback", [True, False])
def test_its_tasks_are_told_in_their_place_and_leave_what_they_register(
    tmp_path: Path, callback: bool
) -> None:
    status, said = play(tmp_path, {}, callback=callback)
    assert status == 0, said
    shown = re.findall(r"^(\w+): \[localhost\] => \(item=(?:inner : )?([\w ]+)\)", said, re.MULTILINE)
    assert shown == [("ok", "Before"), ("ok", "Inside"), ("skipping", "Not those"), ("ok", "After")]
    assert '"msg": "given"' in said
    assert len(re.findall(r"^TASK ", said, re.MULTILINE)) == 1, "one batch"


def test_one_by_one_the_play_includes_both(tmp_path: Path) -> None:
    status, said = play(tmp_path, {}, "-e", "cartable_batch=false")
    assert status == 0, said
    headings = re.findall(r"^TASK \[(?:inner : )?([\w ]+)\]", said, re.MULTILINE)
    assert headings[-4:] == ["Run the tasks of the platform", "Inside", "Not those", "After"]
    assert "round_trips" not in said


@pytest.mark.parametrize("keyword", ["no_log: true", "loop: [1]"])
def test_what_would_have_to_reach_its_tasks_is_refused(tmp_path: Path, keyword: str) -> None:
    status, said = play(
        tmp_path, {"roles/inner/tasks/main.yml": MAIN.replace("  when: false", f"  {keyword}")}
    )
    assert status != 0
    name = keyword.partition(":")[0]
    assert re.search(rf'main\.yml, line 7, "inner : Not those": {name}: a batch takes none', said)


@pytest.mark.parametrize("keyword", ["notify: x", "register: x", "become: true"])
def test_what_it_could_not_be_as_a_part_is_refused_with_file_and_line(tmp_path: Path, keyword: str) -> None:
    status, said = play(
        tmp_path, {"roles/inner/tasks/main.yml": MAIN.replace("  when: false", f"  {keyword}")}
    )
    assert status != 0
    assert "A batch in a batch is a part of it" in said
    assert f"it takes no ['{keyword.partition(':')[0]}']" in said
    assert re.search(r"main\.yml:7:3", said)


def test_where_its_file_is_missing_it_says_so_when_its_turn_comes(tmp_path: Path) -> None:
    gone = OUTER + "- name: Gone\n  cartable.fleet.batch:\n    tasks_from: gone.yml\n"
    status, said = play(tmp_path, {"tasks/outer.yml": f"{gone}  when: false\n"})
    assert status == 0, said
    status, said = play(tmp_path, {"tasks/outer.yml": gone})
    assert status != 0
    assert re.search(r"^ok: .*After", said, re.MULTILINE)
    assert "gone.yml" in said


def test_somebody_elses_batch_is_none(tmp_path: Path) -> None:
    own = "- name: Own\n  batch:\n  loop: [1]\n  vars: {ansible_python_interpreter: '{{ ansible_playbook_python }}'}\n"
    module = "#!/usr/bin/python\nfrom ansible.module_utils.basic import AnsibleModule\nAnsibleModule({}).exit_json()\n"
    status, said = play(tmp_path, {"tasks/outer.yml": own, "library/batch.py": module})
    assert status == 0, said


def test_outside_a_role_its_name_is_no_template(tmp_path: Path) -> None:
    outer = OUTER + '- name: Here\n  cartable.fleet.batch:\n    tasks_from: "{{ kind }}.yml"\n'
    status, said = play(tmp_path, {"tasks/outer.yml": outer})
    assert status != 0
    assert "A batch in a batch is a part of it" in said
    assert re.search(r"outer\.yml:1\d:3", said)


def test_what_is_no_batch_says_what_it_takes(tmp_path: Path) -> None:
    status, said = play(
        tmp_path, {"roles/inner/tasks/main.yml": MAIN.replace("gone.yml", "gone.yml\n    x: 1")}
    )
    assert status != 0
    assert "A batch takes tasks_from, the name of a task file." in said
