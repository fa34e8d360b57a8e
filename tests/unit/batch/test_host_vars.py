"""The variables of a batch's tasks are computed once, and updated when a task sets others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play import Play
from ansible.playbook.task import Task
from ansible.vars.manager import VariableManager
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter import task_vars_cache
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter.host import Host
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter.outcome import Outcome
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter.task_vars_cache import (
    TaskVars,
)

TASKS = [
    {"ansible.builtin.debug": {}},
    {"ansible.builtin.debug": {}, "vars": {"own": 1}},
    {"ansible.builtin.debug": {}, "vars": {"own": 1}},
    {"ansible.builtin.debug": {}, "vars": {"own": 2}},
]


class Variables(Host):
    """A host, as far as its variables go; counts how often Ansible is asked for them."""

    def __init__(self, folder: Path) -> None:
        self.loader = DataLoader()
        self.loader.set_basedir(str(folder))
        inventory = InventoryManager(self.loader, sources="a,")
        self.variable_manager = VariableManager(self.loader, inventory)
        self.host = inventory.get_host("a")
        play = {"hosts": "all", "gather_facts": False, "tasks": TASKS}
        self.play = Play.load(play, variable_manager=self.variable_manager, loader=self.loader)
        self.tasks: list[Task] = [
            one for block in self.play.compile() for one in block.block if not one.implicit
        ]
        self.task = self.tasks[0]
        self._base = self.variable_manager.get_vars(play=self.play, host=self.host, task=self.task)
        self._cached_vars = [TaskVars(self, self.task, self._base)]
        self.asked = 0
        self._get, self.variable_manager.get_vars = self.variable_manager.get_vars, self.count

    def count(self, **named: Any) -> Any:
        self.asked += 1
        return self._get(**named)

    def own(self) -> list[Any]:
        return [self.vars_of(task).get("own") for task in self.tasks]


@pytest.fixture
def host(tmp_path: Path) -> Variables:
    return Variables(tmp_path)


def test_tasks_that_have_the_same_are_asked_for_once(host: Variables) -> None:
    assert host.own() == [None, 1, 1, 2]
    assert host.own() == [None, 1, 1, 2]
    assert host.asked == 2, "one for each value; the batch's own are known"


@pytest.mark.parametrize("kind", ["registered", "set_facts", "facts", "included"])
def test_what_a_task_leaves_is_seen_by_all_that_come_after(host: Variables, kind: str) -> None:
    host.own()
    host.remember(Outcome(host.tasks[0], {}, {}, **{kind: {"left": kind}}))
    for task in host.tasks:
        seen = host.vars_of(task)
        assert (seen["ansible_facts"] if kind == "facts" else seen)["left"] == kind
    assert host.own() == [None, 1, 1, 2]


def test_the_variable_that_has_them_all_has_it_too(host: Variables) -> None:
    host.own()
    host.remember(Outcome(host.tasks[0], {}, {}, registered={"left": "said"}))
    assert [host.vars_of(task)["vars"]["left"] for task in host.tasks] == ["said"] * 4


def test_what_no_task_can_set_stays(host: Variables) -> None:
    before = [host.vars_of(task)["ansible_play_name"] for task in host.tasks]
    host.remember(Outcome(host.tasks[0], {}, {}, set_facts={"ansible_play_name": "mine", "left": 1}))
    assert [host.vars_of(task)["ansible_play_name"] for task in host.tasks] == before
    assert [host.vars_of(task)["left"] for task in host.tasks] == [1] * 4


def test_few_are_kept(host: Variables) -> None:
    for number in range(2 * task_vars_cache.MOST):
        task = host.tasks[1].copy()
        task.vars = {"own": number}
        assert host.vars_of(task)["own"] == number
    assert len(host._cached_vars) <= task_vars_cache.MOST + 1
    assert host._cached_vars[0].variables is host._base


def test_a_rescue_is_seen_too(host: Variables) -> None:
    host.own()
    host.rescue(Outcome(host.tasks[1], {"failed": True, "msg": "why"}, {}))
    assert [host.vars_of(task)["ansible_failed_result"]["msg"] for task in host.tasks] == ["why"] * 4


def test_what_one_task_adds_no_other_sees(host: Variables) -> None:
    host.vars_of(host.tasks[1])["added"] = True
    assert "added" not in host.vars_of(host.tasks[2])
