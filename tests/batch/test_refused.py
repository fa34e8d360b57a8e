"""Refusals of a batch name file and line, and keep the results of earlier tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.batch.three_hosts import play

MAIN = """---
- name: Around
  block:
    - name: Do it
      cartable.fleet.batch: {tasks_from: all.yml}
  rescue:
    - name: Go on
      ansible.builtin.debug: {msg: "{{ first.stdout | default('lost') }}, rescued"}
"""
FIRST = """---
- name: First
  ansible.builtin.command: echo kept
  register: first
  notify: Handler
"""
SETTINGS = "callbacks_enabled = cartable.fleet.batch\nroles_path = roles:here\n"
ROLE_WITH_HANDLERS = ("here", "with_handlers")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    for name, text in {
        "here/throttled.yml": "- name: Counted\n  ansible.builtin.debug: {}\n  throttle: 1\n",
        "here/broken.yml": "- name: Broken\n  ansible.builtin.debug: {}\n  no_such_keyword: 1\n",
        "here/with_handlers/tasks/main.yml": "- name: Inner\n  ansible.builtin.debug: {}\n",
        "here/with_handlers/handlers/main.yml": "- name: Theirs\n  ansible.builtin.debug: {}\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (
            "ansible.builtin.include_tasks: '{{ playbook_dir }}/here/throttled.yml'",
            'throttled.yml, line 1, "asking : Counted": throttle: the play counts the hosts.',
        ),
        ("ansible.builtin.include_tasks: '{{ playbook_dir }}/here/broken.yml'", "no_such_keyword"),
        (
            "ansible.builtin.include_role: {name: with_handlers}",
            'A batch cannot include the role "with_handlers", which has handlers',
        ),
        (
            "action: \"{{ 'add_host' }} name=new\"",
            'all.yml, line 6, "asking : Second": it changes the inventory of the play.',
        ),
    ],
    ids=["keyword", "not a task", "role", "action"],
)
def test_what_ran_before_a_refusal_is_told_and_kept(here: Path, task: str, said: str) -> None:
    tasks = f"{FIRST}- name: Second\n  {task}\n- name: Third\n  ansible.builtin.debug: {{msg: too far}}\n"
    run = play(here, MAIN, tasks, settings=SETTINGS)
    text = " ".join(run.stdout.split())
    assert run.returncode == 0, run.stdout + run.stderr
    assert said in text
    assert "too far" not in text
    assert text.count('"msg": "kept, rescued"') == 3
    assert text.count('"name": "asking : First"') == 3
    assert text.count('"msg": "handled"') == 3


def test_keywords_that_would_not_reach_the_tasks_are_refused(here: Path) -> None:
    run = play(here, MAIN.replace("all.yml}", "all.yml}\n      become: true"), FIRST, settings=SETTINGS)
    text = " ".join(run.stdout.split())
    assert "A batch takes no become" in text
    assert text.count('"msg": "lost, rescued"') == 3


def test_a_value_by_chance_is_drawn_once(here: Path) -> None:
    """Drawn again, it would not be what the target has."""
    tasks = """---
- name: Each another
  ansible.builtin.copy:
    content: "{{ 1000000000 | random }}"
    dest: "{{ playbook_dir }}/drawn-{{ inventory_hostname }}-{{ item }}"
    mode: "0600"
  loop: [1, 2]
"""
    run = play(
        here, "- name: Do it\n  cartable.fleet.batch: {tasks_from: all.yml}\n", tasks, settings=SETTINGS
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert len(list(here.glob("drawn-*"))) == 6
