"""Report of a batch's tasks, also after a failure with which the play continues."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from ansible.playbook.block import Block
from ansible.playbook.play import Play
from ansible.playbook.task import Task
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter import (
    result_handback,
    results,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter.host import Host
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter.outcome import Outcome
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.report import Forwarder, Report

ELSEWHERE = [{"debug": {}}]


def warnings(play: dict[str, Any], around: dict[str, Any], notified: list[str]) -> list[str]:
    """What is warned of when the batch fails in a play and a block with such keywords."""
    loaded = Play.load({"hosts": "all", "name": "test", **play})
    outer = Block.load({"block": ELSEWHERE, **around}, play=loaded)
    task, warned = Task.load({"debug": {}}, block=outer), list[str]()

    class Known(Host):
        def __init__(self) -> None:
            self.host, self.task, self.play = None, task, loaded
            self.target = SimpleNamespace(executions=0)  # type: ignore[assignment]

    report = Report(Known())
    report.effects.notified = notified
    failed = Outcome(SimpleNamespace(get_name=lambda: "x", no_log=False), {"failed": True}, None)  # type: ignore[arg-type]
    with (
        patch.object(results, "warn", warned.append),
        patch.object(result_handback, "hand_back", return_value={}),
    ):
        report.failure(failed)
    return warned


@pytest.mark.parametrize(
    ("play", "around"),
    [({"force_handlers": True}, {}), ({}, {"rescue": ELSEWHERE}), ({}, {"always": ELSEWHERE})],
    ids=["force_handlers", "rescue", "always"],
)
def test_handlers_that_are_lost_are_named(play: dict[str, Any], around: dict[str, Any]) -> None:
    [said] = warnings(play, around, ["one", "two", "one"])
    assert ": one, two. " in said
    assert not warnings(play, around, [])


def test_where_ansible_would_not_run_them_either_nothing_is_said() -> None:
    assert not warnings({}, {}, ["one"])


RESULTS: list[dict[str, Any]] = [
    {"changed": True},
    {"failed": True},
    {"skipped": True},
    {"unreachable": True},
    {"failed": True, "results": [{"failed": True, "msg": "hush"}]},
]


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: " ".join(result))
@pytest.mark.parametrize("keyword", [True, False], ids=["by the keyword", "by the result"])
def test_nothing_of_a_hidden_result_is_in_the_summary(result: dict[str, Any], keyword: bool) -> None:
    secret = {"msg": "hush", "stdout": "hush", "exception": "hush", "diff": {"after": "hush"}}
    told = {**secret, **result} | ({} if keyword else {"_ansible_no_log": True})
    task = Task.load({"name": "Secret", "command": "true", "no_log": keyword, "ignore_errors": True})
    outcome = Outcome(task, told, told)
    around = Task.load({"command": "true", "no_log": keyword})
    known = {"host": None, "task": around, "play_goes_on_after_failure": False, "shows_diffs": True}
    report = Report(SimpleNamespace(**known, target=SimpleNamespace(executions=1)))  # type: ignore[arg-type]
    with patch.object(results.Items, "show"), patch.object(result_handback, "hand_back", return_value={}):
        report.add(outcome, Forwarder(report, task))
        summaries = report.success(), report.failure(outcome), report.unreachable("lost")
    for summary in summaries:
        assert [one["name"] for one in summary["tasks"]] == ["Secret"]
        assert "hush" not in repr(summary)
    assert not around.no_log, "so that the summary is shown"


def failure_of(result: dict[str, Any], *, no_log: bool = False) -> str:
    """The message of a batch that this result of a task has ended."""

    class Known(Host):
        def __init__(self) -> None:
            self.host, self.task, self.play = None, Task.load({"debug": {}}), None
            self.target = SimpleNamespace(executions=0)  # type: ignore[assignment]

    failed = Outcome(SimpleNamespace(get_name=lambda: "Make the folders", no_log=no_log), result, None)  # type: ignore[arg-type]
    with patch.object(results, "warn"), patch.object(result_handback, "hand_back", return_value={}):
        return str(Report(Known()).failure(failed)["msg"])


def item(name: str, **said: Any) -> dict[str, Any]:
    return {"failed": True, "item": name, "_ansible_item_label": name, "msg": f"{name} is a file", **said}


def test_the_items_of_a_loop_that_failed_are_named_with_their_reasons() -> None:
    loop = {"failed": True, "msg": "One or more items failed"}
    some = [
        item("/srv/partages"),
        {"failed": False, "item": "/srv/ok"},
        item("/srv/eleves", msg="No space left on device"),
    ]
    said = failure_of({**loop, "results": some})
    assert said == (
        "Make the folders: One or more items failed (/srv/partages: /srv/partages is a file; "
        "/srv/eleves: No space left on device)"
    )
    many = failure_of({**loop, "results": [item(f"/srv/{number}") for number in range(9)]})
    assert "/srv/0: /srv/0 is a file" in many and many.endswith("; 6 more)")


def test_of_items_that_are_hidden_nothing_is_said() -> None:
    loop = {"failed": True, "msg": "One or more items failed"}
    hidden = failure_of(
        {**loop, "results": [item("secret-1", censored="hidden"), item("secret-2", _ansible_no_log=True)]}
    )
    assert "secret" not in hidden and hidden.count("an item whose output has been hidden") == 2
    assert "secret" not in failure_of({**loop, "results": [item("secret-3")]}, no_log=True)


def test_a_failure_without_a_loop_says_what_it_said() -> None:
    assert failure_of({"failed": True, "msg": "no"}) == "Make the folders: no"
    assert failure_of({"failed": True, "results": "odd"}) == "Make the folders: no message"
