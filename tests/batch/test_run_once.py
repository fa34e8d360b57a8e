"""``run_once``: the play itself runs the file of such a batch."""

from __future__ import annotations

from pathlib import Path

from tests.batch.three_hosts import play

TASKS = """---
- name: Each says who it is
  ansible.builtin.command: echo {{ inventory_hostname }}
  register: own
  notify: Handler
- name: One asks for all
  ansible.builtin.shell: echo {{ own.stdout }} | tee -a {{ playbook_dir }}/asked
  run_once: true
  register: asked
- name: All have the answer
  ansible.builtin.copy:
    content: "{{ own.stdout }} {{ asked.stdout }} {{ given }}"
    dest: "{{ playbook_dir }}/answer-{{ inventory_hostname }}"
    mode: "0600"
"""
MAIN = {
    way: f"- name: Ask\n  {what}\n  vars: {{given: kept, given_name: all}}\n  when: inventory_hostname != 'a'\n"
    for way, what in {
        "ordinary": "ansible.builtin.include_tasks: all.yml",
        "batch": "cartable.fleet.batch: {tasks_from: all.yml}",
        "template": "cartable.fleet.batch: {tasks_from: '{{ given_name }}.yml'}",
    }.items()
}
CALLBACK = "callbacks_enabled = cartable.fleet.batch\nforks = 2\n"


def left(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in [*folder.glob("answer-*"), folder / "asked"]}


def test_the_first_host_does_it_and_all_have_the_answer(tmp_path: Path) -> None:
    runs = {way: play(tmp_path / way, MAIN[way], TASKS, settings=CALLBACK) for way in MAIN}
    for way, run in runs.items():
        assert run.returncode == 0, run.stdout + run.stderr
        assert left(tmp_path / way) == {"answer-b": "b b kept", "answer-c": "c b kept", "asked": "b\n"}
    # The play shows each task, as of any included file.
    shown = {}
    for way, run in runs.items():
        # In which order two hosts end a task is theirs.
        text = run.stdout.replace(str(tmp_path / way), "").replace("for c, b", "for b, c")
        shown[way] = sorted(text.splitlines())
    for way in ("batch", "template"):
        assert shown[way] == shown["ordinary"]
        said = " ".join(runs[way].stderr.split())
        assert "run one by one" in said
        assert 'all.yml, line 6, "asking : One asks for all"' in said


def test_without_the_callback_it_is_refused(tmp_path: Path) -> None:
    run = play(tmp_path, MAIN["batch"], TASKS)
    assert run.returncode != 0
    assert 'all.yml, line 6, "asking : One asks for all": run_once' in " ".join(
        (run.stdout + run.stderr).split()
    )
    assert not list(tmp_path.glob("answer-*"))
