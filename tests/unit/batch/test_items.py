"""A loop's items are each evaluated once, by Ansible itself: what it evaluates is counted in a run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import items

PROJECT = Path(__file__).resolve().parents[3]
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - cartable.fleet.batch:
        tasks_from: file.yml
"""
TASKS = """
- name: First
  ansible.builtin.command: echo first
  changed_when: false
- name: Loop
  ansible.builtin.command: "echo {{ item }}"
  loop: "{{ range(count | int) | list }}"
  when: item not in (left_out | default([]))
  changed_when: found.stdout | int == 1
  register: found
"""
# Writes the name of each task that is evaluated, and of each item.
TELLS = """
import os
from ansible.executor.task_executor import TaskExecutor
from ansible.plugins.callback import CallbackBase

execute = TaskExecutor._execute


def tell_and_execute(self, *arguments, **named):
    with open(os.environ["TOLD"], "a") as told:
        told.write(f"{self._task.get_name()}\\n")
    return execute(self, *arguments, **named)


TaskExecutor._execute = tell_and_execute


class CallbackModule(CallbackBase):
    CALLBACK_NEEDS_ENABLED = True
"""


@pytest.fixture
def counted(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    for name, text in {"play.yml": PLAY, "tasks/file.yml": TASKS, "callback_plugins/tells.py": TELLS}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    enabled = {
        "ANSIBLE_COLLECTIONS_PATH": str(PROJECT / "collections"),
        "ANSIBLE_CALLBACKS_ENABLED": "cartable.fleet.batch, tells",
        "ANSIBLE_NOCOLOR": "1",
        "HOME": str(tmp_path),
        "TOLD": str(tmp_path / "told"),
    }
    return tmp_path, {**os.environ, **enabled}


def run(counted: tuple[Path, dict[str, str]], *variables: str) -> tuple[int, str]:
    """How often an item was evaluated, or the loop where no item is; and what was said.

    Run again where it took two round trips: this machine, which is the target, may not have kept the module files yet.
    """
    said = play(counted, *variables)
    if round_trips(said) == 2:
        (counted[0] / "told").unlink()
        said = play(counted, *variables)
    assert round_trips(said) == 1, said
    evaluated = Counter((counted[0] / "told").read_text(encoding="utf-8").splitlines())
    assert evaluated["First"] == 1
    return evaluated["Loop"], said


def play(counted: tuple[Path, dict[str, str]], *variables: str) -> str:
    folder, environment = counted
    command = [Path(sys.executable).parent / "ansible-playbook", "-i", "localhost,", "-v", "play.yml"]
    given = [word for one in variables for word in ("-e", one)]
    done = subprocess.run(
        [*command, *given],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def round_trips(said: str) -> int:
    [number] = re.findall(r"\"round_trips\": (\d+)", said)
    return int(number)


def shown(said: str) -> list[str]:
    return re.findall(r"^(\w+): \[localhost\] => \(item=Loop => (\d+)\)", said, re.MULTILINE)


def test_each_item_is_evaluated_once(counted: tuple[Path, dict[str, str]]) -> None:
    times, said = run(counted, "count=3")
    assert shown(said) == [("ok", "0"), ("changed", "1"), ("ok", "2")]
    assert times == 3


def test_an_item_without_a_module_is_evaluated_again(counted: tuple[Path, dict[str, str]]) -> None:
    times, said = run(counted, "count=3", '{"left_out": [1]}')
    assert shown(said) == [("ok", "0"), ("skipping", "1"), ("ok", "2")]
    assert times == 3 + 1


def test_a_long_loop_is_evaluated_twice(counted: tuple[Path, dict[str, str]]) -> None:
    count = items.MOST_ITEMS + 1
    times, said = run(counted, f"count={count}")
    assert len(shown(said)) == count
    assert times == count * 2


def test_a_loop_with_an_alarm_is_evaluated_twice(counted: tuple[Path, dict[str, str]]) -> None:
    (counted[0] / "tasks" / "file.yml").write_text(f"{TASKS}  timeout: 60\n", encoding="utf-8")
    times, said = run(counted, "count=3")
    assert (len(shown(said)), times) == (3, 6)
