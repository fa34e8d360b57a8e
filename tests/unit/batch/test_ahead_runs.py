"""With the callback of the batch the processes for the hosts load nothing, and import nothing that matters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]
PLAY = """
- hosts: all
  gather_facts: false
  vars: {kind: all}
  roles: [fresh]
"""
MAIN = """
- name: Run the tasks of the platform
  cartable.fleet.batch:
    tasks_from: "{{ kind }}.yml"
  when: wanted | default(true)
"""
# The same by a batch around the role's own; and a file, and a role of which no task runs.
AROUND = """
- hosts: all
  gather_facts: false
  vars: {kind: all}
  tasks:
    - cartable.fleet.batch: {tasks_from: around.yml}
"""
INCLUDES = """
- name: A role
  ansible.builtin.include_role:
    name: my.own.fresh
- name: A file
  ansible.builtin.include_tasks: more.yml
- name: No role
  ansible.builtin.include_role:
    name: my.own.fresh
  when: false
"""
MORE = """
- name: A template
  ansible.builtin.template:
    src: "{{ playbook_dir }}/text.j2"
    dest: "{{ playbook_dir }}/{{ inventory_hostname }}.text"
    mode: "0600"
"""
TASKS = """
- name: A module
  ansible.builtin.stat:
    path: "{{ playbook_dir | default('/') }}"
  register: found
- name: A file from here
  ansible.builtin.copy:
    content: "{{ [inventory_hostname] | unique | join }}"
    dest: "{{ playbook_dir }}/{{ inventory_hostname }}"
    mode: "0600"
- name: What reads it
  ansible.builtin.debug:
    msg: "{{ found.stat is defined }}"
"""
# Writes, for each process that is forked, what it has imported and which YAML files it has read. Before it sends its
# result, since the play may then be over and end the process.
TELLS = """
import json, os, sys
from ansible.executor.process.worker import WorkerProcess
from ansible.executor.task_queue_manager import FinalQueue
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.callback import CallbackBase

run, send, load = WorkerProcess.run, FinalQueue.send_task_result, DataLoader.load_from_file
before, read = set(), []


def load_and_tell(self, path, *arguments, **named):
    read.append(os.path.basename(path))
    return load(self, path, *arguments, **named)


def begin(self):
    before.update(sys.modules)
    read.clear()
    return run(self)


def tell_and_send(self, *arguments, **named):
    with open(os.environ["TOLD"], "a") as told:
        told.write(json.dumps([sorted(set(sys.modules) - before), read]) + "\\n")
    return send(self, *arguments, **named)


DataLoader.load_from_file, WorkerProcess.run, FinalQueue.send_task_result = load_and_tell, begin, tell_and_send


class CallbackModule(CallbackBase):
    CALLBACK_NEEDS_ENABLED = True
"""


def told(folder: Path, play: str, *callbacks: str) -> list[tuple[list[str], list[str]]]:
    """What the processes for two hosts have imported and read, the second time the playbook is run."""
    for name, text in {
        "play.yml": play,
        "tasks/around.yml": INCLUDES,
        "tasks/more.yml": MORE,
        "text.j2": "{{ inventory_hostname | upper }}",
        "hosts.ini": "a ansible_connection=local\nb ansible_connection=local\n"
        f"[all:vars]\nansible_python_interpreter={sys.executable}\n",
        "roles/fresh/tasks/main.yml": MAIN,
        "roles/fresh/tasks/all.yml": TASKS,
        **{
            f"collections/ansible_collections/my/own/roles/fresh/tasks/{name}.yml": text
            for name, text in {"main": MAIN, "all": TASKS}.items()
        },
        "callbacks/tells.py": TELLS,
        "ansible.cfg": f"[defaults]\ncollections_path = {PROJECT / 'collections'}:{folder / 'collections'}\n"
        f"callback_plugins = callbacks\ncallbacks_enabled = {', '.join(('tells', *callbacks))}\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "cache").mkdir(mode=0o700, exist_ok=True)
    environment = {"ANSIBLE_CONFIG": str(folder / "ansible.cfg"), "XDG_CACHE_HOME": str(folder / "cache")}
    for _ in range(2):
        (folder / "told").write_text("")
        ended = subprocess.run(
            [Path(sys.executable).parent / "ansible-playbook", "-i", "hosts.ini", "play.yml"],
            cwd=folder,
            env={**os.environ, **environment, "TOLD": str(folder / "told")},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
    return [json.loads(line) for line in (folder / "told").read_text().splitlines()]


@pytest.mark.parametrize("play", [PLAY, AROUND], ids=["one file", "what it includes"])
def test_the_hosts_find_it_done(tmp_path: Path, play: str) -> None:
    # The packages in which a connection and a shell are looked for, which are empty.
    empty = {f"ansible_collections.ansible.builtin.plugins.{kind}" for kind in ("connection", "shell")}
    processes = told(tmp_path, play, "cartable.fleet.batch")
    assert len(processes) == 2
    for imported, read in processes:
        assert not read
        assert set(imported) <= empty


def test_without_it_each_does_it(tmp_path: Path) -> None:
    for imported, read in told(tmp_path, PLAY):
        assert read == ["all.yml"]
        assert "ansible.plugins.action.normal" in imported
    for _, read in told(tmp_path, AROUND):
        assert {"around.yml", "main.yml", "all.yml", "more.yml"} <= set(read)
