"""With an unexpected ansible-core, the tasks run the ordinary way, with one warning."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import support

pytestmark = pytest.mark.playbook

PROJECT = Path(__file__).resolve().parents[3]
PLAY = """
- hosts: one,two
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - name: First
      cartable.fleet.batch: {tasks_from: file.yml}
    - name: Second
      cartable.fleet.batch: {tasks_from: file.yml}
"""
FILE = """
- name: Say
  ansible.builtin.command: echo said
  changed_when: false
  register: said
- name: Compare
  ansible.builtin.assert:
    that: said.stdout == 'said'
"""
# Ansible itself finds the method, since an instance asks for it; a class does not have it any more.
MOVED = """
from ansible.executor.task_executor import TaskExecutor
moved = TaskExecutor._set_become_plugin
del TaskExecutor._set_become_plugin
def elsewhere(self, name):
    if name == "_set_become_plugin":
        return moved.__get__(self)
    raise AttributeError(name)
TaskExecutor.__getattr__ = elsewhere
"""
NEWER = """
import ansible.release
ansible.release.__version__ = "2.99.0"
"""


def test_this_ansible_is_as_expected() -> None:
    assert support.problem() == ""


def play(folder: Path, changes: str, *, callback: bool = True) -> tuple[int, str]:
    (folder / "tasks").mkdir()
    (folder / "play.yml").write_text(PLAY)
    (folder / "tasks" / "file.yml").write_text(FILE)
    (folder / "changes.py").write_text(changes)
    start = "import changes, sys; from ansible.cli.playbook import main; sys.exit(main(sys.argv))"
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": str(PROJECT / "collections"),
        "ANSIBLE_NOCOLOR": "1",
        "PYTHONPATH": f"{folder}:{PROJECT}",
        "HOME": str(folder),
    }
    if callback:
        settings["ANSIBLE_CALLBACKS_ENABLED"] = "cartable.fleet.batch"
    command = [sys.executable, "-c", start, "-i", "one,two,", "play.yml"]
    ended = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    return ended.returncode, ended.stdout


@pytest.mark.parametrize(
    ("changes", "why"),
    [(MOVED, "_set_become_plugin"), (NEWER, "2.99.0")],
    ids=["a moved internal", "an unknown version"],
)
def test_the_run_ends_right_and_the_reason_is_told_once(tmp_path: Path, changes: str, why: str) -> None:
    status, said = play(tmp_path, changes)
    assert status == 0, said
    assert said.count("the ordinary way") == 1
    assert why in " ".join(said.split())
    assert said.count("TASK [Compare]") == 2, "one after the other, under headings of their own"


def test_without_the_callback_it_says_what_to_do(tmp_path: Path) -> None:
    status, said = play(tmp_path, MOVED, callback=False)
    assert status != 0
    assert "Enable the callback" in " ".join(said.split())
