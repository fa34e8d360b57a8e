"""What the hosts of a batch share is prepared where the play runs, and is what each of them would have loaded."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from ansible.errors import AnsibleError, AnsibleFileNotFound
from ansible.inventory.manager import InventoryManager
from ansible.module_utils.datatag import deprecate_value
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.included_file import IncludedFile
from ansible.playbook.play import Play
from ansible.playbook.task import Task
from ansible.playbook.task_include import TaskInclude
from ansible.template import Templar, trust_as_template
from ansible.vars.manager import VariableManager
from ansible_collections.cartable.fleet.plugins.callback.batch import CallbackModule
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import packed, preparing
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import (
    ahead,
    choice,
    following,
    loading,
    modules,
    results,
    tasks,
    templates,
    versions,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.host import Host
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.outcomes import Outcome

FILE = """---
- name: One
  ansible.builtin.stat:
    path: "{{ place }}"
- name: Both
  when: wanted
  become: true
  block:
    - name: Two
      ansible.builtin.command: "true"
  rescue:
    - name: Three
      ansible.builtin.debug:
"""
IMPORTING = """---
- name: A role
  ansible.builtin.import_role:
    name: other
"""


class Process(Host):
    """A host's process, as far as it loads the file."""

    def __init__(self, task: Task) -> None:
        self.task, self.play = task, tasks.play_of(task)
        self.loader, self.variable_manager = task.get_loader(), task.get_variable_manager()
        self._copies: dict[str, Task] = {}


@pytest.fixture(autouse=True)
def strategy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is asked here but for the variables of the first host, who has none."""
    monkeypatch.setattr(choice, "at_hand", lambda *_: (Templar(variables={}), [], None))


@pytest.fixture
def batch(tmp_path: Path) -> Iterator[Callable[..., Task]]:
    def make(text: str, action: str = "cartable.fleet.batch", **keywords: Any) -> Task:
        (tmp_path / "tasks").mkdir(exist_ok=True)
        (tmp_path / "tasks" / "file.yml").write_text(text, encoding="utf-8")
        (tmp_path / "roles" / "other" / "tasks").mkdir(parents=True, exist_ok=True)
        (tmp_path / "roles" / "other" / "tasks" / "main.yml").write_text(FILE, encoding="utf-8")
        loader = DataLoader()
        loader.set_basedir(str(tmp_path))
        variables = VariableManager(loader, InventoryManager(loader, sources="a,b,"))
        tasks = [{action: {"tasks_from": "file.yml"}, **keywords}]
        given = {"hosts": "all", "gather_facts": False, "become_user": "x", "tasks": tasks}
        play = Play.load(given, variable_manager=variables, loader=loader)
        [task] = [one for block in play.compile() for one in block.block if not one.implicit]
        return task

    ahead.PREPARED.clear()
    yield make
    ahead.PREPARED.clear()


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "tasks" / "file.yml")


def names(entries: Any) -> list[str]:
    return [task.get_name() for task in tasks.each(entries)]


def test_a_host_finds_the_file_loaded(batch: Callable[..., Task], place: str) -> None:
    task = batch(FILE)
    preparing.prepare(task)
    process = Process(task)
    process.loader.load_from_file = None  # nobody reads it again
    blocks = process.load(place)
    assert names(blocks) == ["One", "Two", "Three"]
    for one in tasks.each(blocks):
        copy = process.resolve(one)
        unlike = {"loop_control": None}  # objects, each unlike any other
        assert copy.dump_attrs() | unlike == tasks.resolved(one).dump_attrs() | unlike
        assert copy._squashed
        assert process.resolve(one) is not copy, "an executor renders its task in place"


def test_what_the_tasks_read_is_compiled_and_what_is_behind_the_variables_of_the_first_host(
    batch: Callable[..., Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(templates, "COMPILED", {})
    trusted = {"place": "{{ folder }}/x", "folder": "{{ home }}", "unread": "{{ nothing }}"}
    templar = Templar(variables={name: trust_as_template(text) for name, text in trusted.items()})
    assert templar, "found by its name, as that of a strategy is"
    preparing.prepare(batch(FILE.replace("  rescue", "      changed_when: status.rc == 3\n  rescue")))
    texts = {text for text, is_expression, _ in templates.COMPILED if not is_expression}
    assert {"{{ place }}", "{{ folder }}/x", "{{ home }}"} <= texts
    assert "{{ nothing }}" not in texts
    conditions = {(text, escape) for text, is_expression, escape in templates.COMPILED if is_expression}
    assert {("wanted", False), ("status.rc == 3", False)} <= conditions


@pytest.mark.skipif(versions.TaskContext is None, reason="Ansible does not ask where modules are from")
def test_where_modules_are_from_is_known(batch: Callable[..., Task], monkeypatch: pytest.MonkeyPatch) -> None:
    for kept in ("modulesbyfile", "_filesbymodname"):
        monkeypatch.setattr(inspect, kept, {})
    preparing.prepare(batch(FILE.replace("- name: Both", "  loop: []\n- name: Both")))
    found = dict(inspect.modulesbyfile)
    assert found
    deprecate_value("No items in the list", "as Ansible calls the reason", version="2.24")
    assert inspect.modulesbyfile == found


def test_nobody_gets_the_same_tasks_twice(batch: Callable[..., Task], place: str) -> None:
    task = batch(FILE)
    preparing.prepare(task)
    process = Process(task)
    assert process.load(place)[0] is not process.load(place)[0]


def test_a_file_that_has_changed_since_is_loaded_again(batch: Callable[..., Task], place: str) -> None:
    task = batch(FILE)
    preparing.prepare(task)
    before = Path(place).stat()
    Path(place).write_text(FILE.replace("One", "Uno"), encoding="utf-8")
    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert names(Process(task).load(place)) == ["Uno", "Two", "Three"]


def test_a_file_that_is_gone_is_said_to_be_gone(batch: Callable[..., Task], place: str) -> None:
    task = batch(FILE)
    preparing.prepare(task)
    Path(place).unlink()
    with pytest.raises(AnsibleFileNotFound, match=r"file\.yml"):
        Process(task).load(place)


def test_another_file_is_not_taken_for_it(batch: Callable[..., Task], tmp_path: Path) -> None:
    task = batch(FILE)
    preparing.prepare(task)
    other = tmp_path / "other.yml"
    other.write_text("- name: Other\n  ansible.builtin.debug:\n", encoding="utf-8")
    assert names(Process(task).load(str(other))) == ["Other"]


def test_a_play_has_no_role_before_a_host_is_there(batch: Callable[..., Task], place: str) -> None:
    task = batch(IMPORTING)
    preparing.prepare(task)
    play = tasks.play_of(task)
    assert (play.roles, play.role_cache, ahead.PREPARED) == ([], {}, {})
    assert names(Process(task).load(place))[:3] == ["other : One", "other : Two", "other : Three"]
    assert len(play.roles) == 1, "the test imports nothing"


@pytest.mark.parametrize(
    "text", ["- nothing: [", "- no.such.module:\n", "just text", "- import_tasks: gone.yml\n"]
)
def test_what_is_wrong_is_for_the_hosts_to_say(batch: Callable[..., Task], place: str, text: str) -> None:
    task = batch(text)
    CallbackModule().v2_playbook_on_task_start(task, False)
    assert not ahead.PREPARED
    with pytest.raises(AnsibleError):
        Process(task).load(place)


def test_only_batches_are_prepared(batch: Callable[..., Task]) -> None:
    other = batch(FILE, action="cartable.fleet.record")
    CallbackModule().v2_playbook_on_task_start(other, False)
    assert not ahead.PREPARED
    short = batch(FILE, action="batch", collections=["cartable.fleet"])
    CallbackModule().v2_playbook_on_handler_task_start(short)
    assert list(ahead.PREPARED) == [short._uuid]


INCLUDING = """---
- name: The file
  ansible.builtin.include_tasks: "{{ word }}.yml"
- name: The role
  ansible.builtin.include_role:
    name: cartable.fleet.software
    tasks_from: refuse
"""


def prepare_for_first(task: Task, variables: dict[str, Any]) -> Any:
    """Prepare the batch as where a strategy is at its first host, who has such variables; the host."""
    [host] = [one for one in task.get_variable_manager()._inventory.get_hosts() if one.name == "a"]
    templar = Templar(variables=variables)
    assert templar, "found by its name, as that of a strategy is"
    preparing.prepare(task)
    return host


@pytest.fixture
def included(tmp_path: Path, batch: Callable[..., Task], monkeypatch: pytest.MonkeyPatch) -> Process:
    """A host's process, once a batch is prepared that includes a file and a role; nothing is loaded in it any more."""
    task = batch(INCLUDING)
    (tmp_path / "tasks" / "more.yml").write_text("- name: More\n  ansible.builtin.debug:\n", encoding="utf-8")
    host = prepare_for_first(task, {"word": "more"})
    process = Process(task)
    process.host, process._known_vars = host, []
    process.blocks = process.load(str(tmp_path / "tasks" / "file.yml"))  # type: ignore[attr-defined]

    def load(*_: Any, **__: Any) -> Any:
        raise AssertionError("loaded again")

    monkeypatch.setattr(loading, "load", load)
    monkeypatch.setattr(loading, "load_role", load)
    return process


def include(process: Process, number: int) -> list[str]:
    """What an include of the host's process names."""
    include = list(tasks.each(process.blocks))[number]  # type: ignore[attr-defined]
    found = IncludedFile(str(Path(process.loader.get_basedir()) / "tasks" / "more.yml"), {}, {}, include)
    with patch.object(IncludedFile, "process_include_results", return_value=[found]):
        return names(process.included(Outcome(include, {}, {})))


def test_what_an_include_names_is_loaded_and_given_once(included: Process) -> None:
    assert include(included, 0) == ["More"]
    assert "cartable.fleet.software : Refuse software without its approvals" in include(included, 1)
    assert [role.get_name() for role in included.play.roles] == ["cartable.fleet.software"], (
        "as Ansible has it then"
    )
    for number in (0, 1):
        with pytest.raises(AssertionError, match="loaded again"):
            include(included, number)


@pytest.mark.parametrize("number", [0, 1])
def test_what_has_changed_since_is_loaded_again(
    included: Process, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = ("more.yml", "refuse.yml")[number]
    state_of = following.state_of
    monkeypatch.setattr(following, "state_of", lambda path: () if path.name == changed else state_of(path))
    with pytest.raises(AssertionError, match="loaded again"):
        include(included, number)


def test_what_was_only_looked_at_is_given_again(included: Process) -> None:
    for number in (0, 1, 1):
        first = include(included, number)
        included.not_used()
        assert first == include(included, number)
        included.not_used()
    assert not included.play.roles


def test_what_includes_name_leaves_the_play_as_it_was(included: Process) -> None:
    assert (included.play.roles, included.play.role_cache, included.play.handlers) == ([], {}, [])
    assert not [path for path in included.loader._FILE_CACHE if "software" in path or "more.yml" in path]


@pytest.mark.parametrize(
    "text",
    [
        "- include_role: {name: other}\n",
        "- include_role: {name: cartable.fleet.software, rolespec_validate: '{{ word }}'}\n",
        "- include_role: {name: cartable.fleet.software}\n  loop: [1]\n",
        "- include_tasks: \"{{ lookup('pipe', 'echo more') }}.yml\"\n",
        "- include_tasks: {file: more.yml, apply: {tags: '{{ word }}'}}\n",
        "- include_tasks: gone.yml\n",
    ],
)
def test_what_would_do_more_than_to_read_is_left_to_the_hosts(
    batch: Callable[..., Task], tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = batch(text)
    (tmp_path / "tasks" / "more.yml").write_text("- ansible.builtin.debug:\n", encoding="utf-8")
    prepare_for_first(task, {"word": "more"})
    assert not ahead.PREPARED[task._uuid].included


def test_one_that_includes_itself_is_followed_once(batch: Callable[..., Task], tmp_path: Path) -> None:
    task = batch("- include_tasks: more.yml\n")
    (tmp_path / "tasks" / "more.yml").write_text("- include_tasks: more.yml\n", encoding="utf-8")
    prepare_for_first(task, {})
    assert len(ahead.PREPARED[task._uuid].included) == 1


ONCE = (
    FILE
    + """- name: Once
  ansible.builtin.command: "true"
  run_once: true
"""
)


def test_a_file_with_a_task_that_is_done_once_is_included(
    batch: Callable[..., Task], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []
    monkeypatch.setattr(results, "warn", warned.append)
    task = batch(ONCE, name="All", when="wanted", tags=["one"], vars={"place": "/"})
    preparing.prepare(task)
    assert isinstance(task, TaskInclude)
    assert (task.action, task.args) == ("ansible.builtin.include_tasks", {"_raw_params": place})
    assert not ahead.PREPARED
    assert (task.name, task.when, task.tags, task.vars) == ("All", ["wanted"], ["one"], {"place": "/"})
    [said] = warned
    assert 'file.yml, line 14, "Once"' in said
    preparing.prepare(batch(ONCE.replace("run_once: true", "run_once: false")))
    assert len(warned) == 1


@pytest.mark.parametrize("keyword", ["notify", "register", "no_log"])
def test_what_an_include_would_take_otherwise_is_left_to_the_hosts_to_refuse(
    batch: Callable[..., Task], keyword: str
) -> None:
    task = batch(ONCE, **{keyword: "x"})
    CallbackModule().v2_playbook_on_task_start(task, False)
    assert not isinstance(task, TaskInclude)


def test_few_are_kept(batch: Callable[..., Task]) -> None:
    tasks = [batch(FILE) for _ in range(ahead.MOST_PREPARED + 2)]
    for task in tasks:
        preparing.prepare(task)
    assert list(ahead.PREPARED) == [task._uuid for task in tasks[2:]]


def test_a_module_that_was_packed_before_is_unpacked(
    batch: Callable[..., Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(modules, "UNPACKED", {})
    brought: list[str] = []

    def bring(packing: packed.Packing, place: Path) -> bool:
        brought.append(packing.name)
        return False

    monkeypatch.setattr(packed, "bring", bring)
    monkeypatch.setattr(ahead.C, "DEFAULT_LOCAL_TMP", "/nonexistent", raising=False)
    preparing.prepare(batch(FILE.replace("ansible.builtin.debug", "ansible.builtin.copy")))
    assert brought == [
        f"ansible.modules.{name}" for name in ("stat", "command", "copy", "stat", "copy", "file", "slurp")
    ]
