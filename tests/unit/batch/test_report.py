"""What a batch says when it fails, where the play goes on with the host."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from ansible.playbook.block import Block
from ansible.playbook.play import Play
from ansible.playbook.task import Task
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import results
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.host import Host
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.outcomes import Outcome
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.report import Report

ELSEWHERE = [{"debug": {}}]


def warnings(play: dict[str, Any], around: dict[str, Any], notified: list[str]) -> list[str]:
    """What is warned of when the batch fails in a play and a block with such keywords."""
    loaded = Play.load({"hosts": "all", "name": "test", **play})
    outer = Block.load({"block": ELSEWHERE, **around}, play=loaded)
    task, warned = Task.load({"debug": {}}, block=outer), list[str]()

    class Known(Host):
        def __init__(self) -> None:
            self.host, self.task, self.play = None, task, loaded

    report = Report(Known())
    report.brought.notified = notified
    failed = Outcome(SimpleNamespace(get_name=lambda: "x", no_log=False), {"failed": True}, None)  # type: ignore[arg-type]
    with patch.object(results, "warn", warned.append), patch.object(results, "hand_back"):
        report.failure(failed, 1)
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
