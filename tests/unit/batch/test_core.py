"""The internals of ansible-core that the files of ``core`` rely on, each by its name.

A new core that moves one fails here.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import actions, tasks

from tests.unit.batch.internals import (
    BOTH,
    EXECUTOR,
    KEPT,
    MADE,
    NEWER,
    NOT_READ_BEFORE,
    OF_NEWER,
    OF_OLDER,
    PARAMETERS,
    RESULT_FIELDS,
    find,
)


@pytest.mark.parametrize("where", [*BOTH, *(OF_NEWER if NEWER else OF_OLDER)])
def test_is_there(where: str) -> None:
    try:
        find(where)
    except (ImportError, AttributeError) as gone:
        pytest.fail(
            f"ansible-core has moved {where}, on which the batch's core (or batch_runner.py) relies: {gone}"
        )


@pytest.mark.parametrize(("where", "make", "names"), MADE, ids=[where for where, _, _ in MADE])
def test_has_the_attributes(where: str, make: Callable[[type], Any], names: str) -> None:
    made = make(find(where))
    gone = [name for name in names.split() if not hasattr(made, name)]
    assert not gone, f"ansible-core has renamed {gone} of {where}, on which the batch's core relies"


@pytest.mark.parametrize("where", KEPT)
def test_keeps_the_attributes(where: str) -> None:
    gone = set(KEPT[where].split()) - set(find(where).__init__.__code__.co_names)
    assert not gone, f"ansible-core has renamed {gone} of {where}, on which the batch's core relies"


@pytest.mark.parametrize("where", PARAMETERS)
def test_takes_the_same(where: str) -> None:
    found = find(where)
    taken = list(inspect.signature(getattr(found, "__func__", found)).parameters)
    wanted = PARAMETERS[where].split()
    assert taken == wanted, (
        f"ansible-core has changed the parameters of {where}: look at the batch's core, and at batch_runner.py"
    )


def test_the_executor_is_made_the_same() -> None:
    taken = set(
        inspect.signature(find("ansible.executor.task_executor:TaskExecutor.__init__")).parameters
    ) - {"self"}
    wanted = EXECUTOR if NEWER else EXECUTOR | {"task", "job_vars"}
    assert taken == wanted, "ansible-core makes its TaskExecutor otherwise: look at InnerExecutor.make"


def test_a_rescue_is_told_the_same_of_the_task_that_failed() -> None:
    told = re.search(
        r"ansible_failed_task=original_task\.(\w+)\(\)",
        inspect.getsource(find("ansible.plugins.strategy:StrategyBase")),
    )
    assert told, "ansible-core tells a rescue otherwise what has failed: look at Host.rescuing"
    older = hasattr(find("ansible.playbook.task:Task"), "serialize")
    assert told[1] == ("serialize" if older else "dump_attrs")


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_a_strategy_has_at_hand_where_a_task_begins(strategy: str) -> None:
    run = inspect.unwrap(find(f"ansible.plugins.strategy.{strategy}:StrategyModule.run"))
    gone = {"templar", "hosts_left", "iterator"} - {*run.__code__.co_varnames, *run.__code__.co_cellvars}
    assert not gone, f"ansible-core has {gone} otherwise: look at ahead.path_of and choice.none_together"


def test_a_strategy_calls_callbacks_where_its_result_is_found() -> None:
    process = inspect.unwrap(find("ansible.plugins.strategy:StrategyBase._process_pending_results"))
    gone = {"self", "iterator", "task_result"} - set(
        process.__code__.co_varnames + process.__code__.co_cellvars
    )
    assert not gone, f"ansible-core calls {gone} otherwise: look at taking_in.take_in"


@pytest.mark.parametrize("name", ["normal", "command", "shell", "copy", "template"])
def test_action_plugins_have_their_names(name: str) -> None:
    from ansible.plugins.loader import action_loader

    package, _, found = action_loader.get(f"ansible.builtin.{name}", class_only=True).__module__.rpartition(
        "."
    )
    assert found == name
    assert package in actions.BUILT_IN, "actions.kind_of no longer knows the built-in action plugins"


def test_what_a_module_is_told_is_the_same_for_all_but_its_name() -> None:
    action, told = MagicMock(), [dict[str, Any](), dict[str, Any]()]
    for arguments, name, ignore in zip(told, ("stat", "copy"), (True, False), strict=True):
        find("ansible.plugins.action:ActionBase._update_module_args")(
            action, name, arguments, {}, ignore_unknown_opts=ignore
        )
    changed = {key for key, value in told[0].items() if value != told[1][key]}
    assert changed == {"_ansible_module_name", "_ansible_ignore_unknown_opts"}, "look at core.copying"


def test_an_item_is_sent_with_no_more_of_its_task() -> None:
    if not NEWER:
        pytest.skip("results are sent with their task's keywords")
    task = SimpleNamespace(_uuid="1", dump_attrs=lambda: {"name": "x"})
    wire = find("ansible._internal._task:WireTaskResult")
    sent = wire.create(host=SimpleNamespace(name="pc"), task=task, utr=None)
    assert (sent.task_uuid, sent.task_fields) == ("1", {"name": "x"}), "look at results.Items"


def test_nothing_is_evaluated_while_a_template_is_compiled() -> None:
    environment = find("ansible.template:Templar")()._engine.environment
    assert not environment.optimized, (
        "a random value would be drawn once for all hosts: look at core.templates"
    )


def test_the_results_have_the_fields() -> None:
    if not NEWER:
        pytest.skip("results are dictionaries")
    result = find("ansible._internal._task:UnifiedTaskResult")
    gone = [
        name
        for name in RESULT_FIELDS.split()
        if name not in result.__dataclass_fields__ and not hasattr(result, name)
    ]
    assert not gone, f"ansible-core has renamed fields of its results: {gone}"


def test_that_there_is_no_value_is_said_by_a_type() -> None:
    assert isinstance(find("ansible.utils.sentinel:Sentinel"), type), "look at keywords.IMMUTABLE"


def test_each_keyword_that_is_rendered_before_a_task_runs_is_known() -> None:
    keywords = set(find("ansible.playbook.task:Task").fattributes)
    gone = set(tasks.READ_BEFORE) - keywords
    assert not gone, f"ansible-core has renamed {gone}: look at tasks.READ_BEFORE"
    others = keywords - set(tasks.READ_BEFORE) - set(NOT_READ_BEFORE.split())
    assert not others, f"ansible-core has new keywords, which may read variables: {others}"


def test_what_decides_how_modules_are_packed_is_a_setting() -> None:
    settings = find("ansible.constants:config").get_configuration_definitions()
    assert "_MODULE_METADATA" in settings, "look at packing.packing_of"
