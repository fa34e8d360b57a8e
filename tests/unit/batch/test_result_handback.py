"""The play gets variables and notifications of a failed batch, with Ansible's own iterator and handlers."""

from __future__ import annotations

from threading import Lock
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.executor.play_iterator import IteratingStates, PlayIterator
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play import Play
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.strategy import StrategyBase
from ansible.utils.display import Display
from ansible.utils.lock import lock_decorator
from ansible.vars.manager import VariableManager
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter import (
    result_handback,
    versions,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter.outcome import Effects

HANDLERS = [
    {"name": "one", "debug": {}},
    {"name": "other", "debug": {}, "listen": "topic"},
    {"name": "last", "debug": {}, "listen": "topic"},
]


class Manager:
    """Calls the callbacks as a TaskQueueManager does, one at a time."""

    def __init__(self) -> None:
        self._callback_lock, self._unreachable_hosts = Lock(), dict[str, bool]()
        self.told: list[str] = []

    @lock_decorator(attr="_callback_lock")
    def send_callback(self, event: str, *arguments: Any) -> None:
        self.told.append(event)
        if event == "v2_runner_on_failed":
            result_handback.take_effects(failed=True)
        elif event == "v2_runner_on_ok":
            result_handback.take_effects(failed=False)
        else:
            self.told[-1] += f" {arguments[0].name}"


class Strategy:
    """As much of a strategy as is at a result; Ansible's own search for handlers."""

    search_handlers_by_notification = StrategyBase.search_handlers_by_notification
    get_task_hosts = StrategyBase.get_task_hosts

    def __init__(self) -> None:
        loader = DataLoader()
        inventory = InventoryManager(loader, sources="pc,other")
        self._variable_manager = VariableManager(loader, inventory)
        self._tqm, self._hosts_cache = Manager(), ["pc", "other"]
        self.inventory, self.host = inventory, inventory.get_host("pc")
        self.play = Play.load(
            {"hosts": "all", "gather_facts": False, "handlers": HANDLERS},
            variable_manager=self._variable_manager,
            loader=loader,
        )
        self.iterator = PlayIterator(
            inventory, self.play, PlayContext(), self._variable_manager, all_vars={}, start_at_done=False
        )
        self.iterator.handlers = [handler for block in self.play.handlers for handler in block.block]

    def ends_with(self, event: str, *, run_once: bool = False, **brought: Any) -> dict[str, Any]:
        """A batch has ended that brought so much; what the callbacks are shown of the result."""
        left = Effects(**brought)
        task = Task.load({"debug": {}, "run_once": run_once})
        if versions.TaskContext is None:
            failed = event.endswith("failed")
            data = result_handback.hand_back(task, left, failed=failed) | {"_ansible_notify": left.notified}
            result = versions._RawTaskResult(host=self.host, task=task, return_data=data, task_fields={})
            shown = result.as_callback_task_result().result
        else:
            layers = {
                versions.VariableLayer.CACHEABLE_FACT: left.facts,
                versions.VariableLayer.INCLUDE_VARS: left.included,
            }
            changes = SimpleNamespace(register_host_variables=layers)
            utr, shown = SimpleNamespace(notify=left.notified, pending_changes=changes), {}
            result = SimpleNamespace(host=self.host, task=task, utr=utr)
        self._process_pending_results(self.iterator, result, event)
        assert result_handback.LEFT not in getattr(result, "_return_data", {}), "a rescue is told of it"
        return shown

    def fails_with(self, **brought: Any) -> dict[str, Any]:
        return self.ends_with("v2_runner_on_failed", **brought)

    def _process_pending_results(self, iterator: PlayIterator, task_result: Any, event: str) -> None:
        self._tqm.send_callback(event, task_result)

    def notified(self) -> list[str]:
        """The handlers of which it is known that they are to run."""
        return list(self.iterator.get_state_for_host("pc").handler_notifications)

    def variables(self, name: str = "pc") -> dict[str, Any]:
        """What the next task of the host would see."""
        return self._variable_manager.get_vars(play=self.play, host=self.inventory.get_host(name))


@pytest.fixture
def strategy(monkeypatch: pytest.MonkeyPatch) -> Strategy:
    monkeypatch.setattr(result_handback, "callback_is_enabled", True)
    return Strategy()


def test_handlers_are_notified_once_each(strategy: Strategy) -> None:
    strategy.fails_with(notified=["one", "topic"])
    assert strategy.notified() == ["one", "topic"]


def test_handlers_that_are_running_hear_of_it_at_once(strategy: Strategy) -> None:
    strategy.iterator.set_run_state_for_host("pc", IteratingStates.HANDLERS)
    strategy.fails_with(notified=["topic"])
    assert strategy._tqm.told[1:] == ["v2_playbook_on_notify other", "v2_playbook_on_notify last"]
    assert not strategy.notified()


def test_a_handler_that_is_not_there_is_named(strategy: Strategy, monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _, text: warned.append(text))
    strategy.fails_with(notified=["none", "one"])
    assert strategy.notified() == ["one"]
    [said] = warned
    assert "'none'" in said


def test_variables_are_kept_and_no_callback_is_shown_them(strategy: Strategy) -> None:
    shown = strategy.fails_with(
        facts={"fact": "hush"}, included={"of_a_file": "hush"}, lasting={"registered": "hush"}
    )
    variables = strategy.variables()
    assert variables["ansible_facts"]["fact"] == variables["of_a_file"] == "hush"
    if versions.TaskContext is None:  # ansible-core 2.21 takes what is registered from a failure as well
        assert variables["registered"] == "hush"
    assert "hush" not in str(shown)


@pytest.mark.parametrize("run_once", [True, False])
def test_where_one_host_does_it_for_all_they_all_have_it(strategy: Strategy, run_once: bool) -> None:
    strategy.fails_with(run_once=run_once, facts={"fact": 1}, included={"of_a_file": 1}, notified=["one"])
    variables = strategy.variables("other")
    assert ("of_a_file" in variables, "fact" in variables["ansible_facts"]) == (run_once, run_once)
    assert strategy.notified() == ["one"]
    assert not strategy.iterator.get_state_for_host("other").handler_notifications


def test_a_success_leaves_variables_of_each_kind(strategy: Strategy) -> None:
    shown = strategy.ends_with(
        "v2_runner_on_ok",
        facts={"fact": "hush"},
        included={"of_a_file": "hush"},
        lasting={"registered": "hush"},
        notified=["one"],
    )
    assert not strategy.notified(), "which the strategy has done"
    taken = versions.TaskContext is None
    assert "hush" not in str(shown)
    variables = strategy.variables()
    assert (variables["ansible_facts"].get("fact"), variables.get("of_a_file")) == (
        ("hush",) * 2 if taken else (None,) * 2
    )
    assert strategy._variable_manager._nonpersistent_fact_cache["pc"] == (
        {"registered": "hush"} if taken else {}
    )


def test_a_rescue_within_the_file_is_not_what_the_rescue_around_it_is_told_of(strategy: Strategy) -> None:
    strategy.fails_with(rescued={"ansible_failed_task": "within"})
    assert "ansible_failed_task" not in strategy.variables()
    strategy.ends_with("v2_runner_on_ok", rescued={"ansible_failed_task": "within"})
    assert ("ansible_failed_task" in strategy.variables()) == (versions.TaskContext is None)


def test_without_a_strategy_it_says_so() -> None:
    with pytest.raises(LookupError, match="local variables"):
        result_handback.take_effects(failed=True)
