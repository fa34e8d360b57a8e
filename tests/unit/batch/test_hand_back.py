"""What a batch hands back to the play with ansible-core 2.19 and 2.20, where each callback is given it as well."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.playbook.task import Task
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import results, versions
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.outcomes import Brought

pytestmark = pytest.mark.skipif(
    versions.TaskContext is not None, reason="with ansible-core 2.21 nothing of it is in the result"
)
SUMMARY = {"tasks": [{"name": "one"}], "round_trips": 1}


def told(secret: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """The result that the play gets, and what of it a callback gets."""
    from ansible.executor.task_result import _RawTaskResult

    task = Task.load({"debug": {}})
    brought = Brought(lasting={"said": "hush"}, facts={"fact": "hush"}, secret=secret)
    back = results.hand_back(task, brought, SUMMARY)
    result = {"changed": False, **SUMMARY, **back}
    raw = _RawTaskResult(host=None, task=task, return_data=result, task_fields={})
    return result, raw.as_callback_task_result().result


def test_the_play_gets_the_variables() -> None:
    for secret in (True, False):
        facts = [item.get("ansible_facts") for item in told(secret)[0]["results"]]
        assert {"said": "hush"} in facts
        assert {"fact": "hush"} in facts


def test_callbacks_get_no_secret_but_the_tasks() -> None:
    _, seen = told(secret=True)
    assert "hush" not in str(seen)
    assert seen["results"][-1] == SUMMARY


def test_callbacks_get_what_is_no_secret() -> None:
    assert told(secret=False)[1]["tasks"] == SUMMARY["tasks"]
