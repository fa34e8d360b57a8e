"""The variable cartable_batch: false, and the tasks of a batch run one by one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.batch.three_hosts import HOSTS, play

BATCH = "- name: Do it\n  cartable.fleet.batch: {tasks_from: all.yml}\n"
INCLUDE = "- name: Do it\n  ansible.builtin.include_tasks: all.yml\n"
TASKS = """---
- name: Say who it is
  ansible.builtin.command: echo {{ inventory_hostname }}
  changed_when: false
- name: Write it down
  ansible.builtin.copy:
    content: "{{ inventory_hostname }}"
    dest: "{{ playbook_dir }}/of-{{ inventory_hostname }}"
    mode: "0600"
  notify: Handler
"""
CALLBACK = "callbacks_enabled = cartable.fleet.batch\n"
FALSE = ("-e", "cartable_batch=false")  # as one types it: a text


def is_done(folder: Path) -> bool:
    return all((folder / f"of-{name}").read_text() == name for name in HOSTS)


def round_trips(output: str) -> list[int]:
    """Of each host that ran a batch, in their order; the second task of the file, a copy, runs two modules."""
    found = re.findall(r"\[([abc])\] => \{.*?\"round_trips\": (\d+)", output, flags=re.DOTALL)
    return [int(number) for _, number in sorted(found)]


@pytest.mark.parametrize("named", ["all.yml", "'{{ \"all\" }}.yml'"])
def test_the_play_includes_the_file(named: str, tmp_path: Path) -> None:
    shown = {}
    for way, main, arguments in (("ordinary", INCLUDE, ()), ("batch", BATCH, FALSE)):
        run = play(
            tmp_path / way,
            main.replace("all.yml", named),
            TASKS,
            *arguments,
            settings=f"{CALLBACK}forks = 1\n",
        )
        assert run.returncode == 0, run.stdout + run.stderr
        assert is_done(tmp_path / way)
        assert not run.stderr
        shown[way] = run.stdout.replace(str(tmp_path / way), "")
    assert shown["batch"] == shown["ordinary"]


def test_together_unless_told_otherwise(tmp_path: Path) -> None:
    run = play(tmp_path, BATCH, TASKS, "-v", settings=CALLBACK)
    assert run.returncode == 0, run.stdout + run.stderr
    assert is_done(tmp_path)
    assert round_trips(run.stdout) == [2, 2, 2]


@pytest.mark.parametrize("one", HOSTS)
def test_one_host_runs_them_one_by_one(one: str, tmp_path: Path) -> None:
    run = play(tmp_path, BATCH, TASKS, "-v", settings=CALLBACK, of_hosts={one: "cartable_batch=false"})
    assert run.returncode == 0, run.stdout + run.stderr
    assert is_done(tmp_path)
    assert round_trips(run.stdout) == [0 if name == one else 2 for name in HOSTS]
    assert run.stdout.count("handled") == len(HOSTS)


def test_without_the_callback_they_run_one_by_one_too(tmp_path: Path) -> None:
    run = play(tmp_path, BATCH, TASKS, "-v", *FALSE)
    assert run.returncode == 0, run.stdout + run.stderr
    assert is_done(tmp_path)
    assert round_trips(run.stdout) == [0, 0, 0]


@pytest.mark.parametrize("settings", [CALLBACK, ""])
def test_neither_true_nor_false_is_refused(settings: str, tmp_path: Path) -> None:
    run = play(tmp_path, BATCH, TASKS, "-e", "cartable_batch=perhaps", settings=settings)
    assert run.returncode != 0
    assert "The variable cartable_batch is to be true or false, and is 'perhaps'" in " ".join(
        (run.stdout + run.stderr).split()
    )
    assert not list(tmp_path.glob("of-*"))
