"""Where a segment ends by its size alone; the rest of the engine is compared with Ansible in tests/batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible.playbook.task import Task
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import core, engine
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import Host, Job, Outcome, Taken


class Known:
    """Stands for a host on which each task has two jobs; notes which tasks are left in the middle."""

    on_controller = False
    expressions = staticmethod(Host.expressions)
    projects = staticmethod(Host.projects)
    registers = staticmethod(Host.registers)
    resolve = staticmethod(Host.resolve)

    def __init__(self) -> None:
        self.left: list[bool] = []

    def vars_of(self, task: Task) -> dict[str, Any]:
        return {}

    def take(
        self, task: Task, resolved: Task, blocked: Callable[[str], bool], relay: Any, *, once: bool
    ) -> Taken:
        self.left.append(once)
        jobs = [Job({}, None, "#!/usr/bin/python3", ("ansible.builtin.command",), "legacy") for _ in range(2)]
        return Taken(task, jobs, False, lambda: Outcome(task, {}, {}), lambda: None)


def plan(number: int, **keywords: Any) -> tuple[engine.Segment, Known]:
    host = Known()
    tasks = [Task.load({"ansible.builtin.command": "true", **keywords}) for _ in range(number)]
    return engine.Batch(host)._plan(tasks), host  # type: ignore[arg-type]


def test_a_segment_has_so_many_jobs_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MOST_JOBS", 5)
    segment, _ = plan(4)
    assert len(segment.planned) == 3, "the third task goes past the fifth job, the fourth is not begun"
    assert len(segment.jobs) == 6


def test_so_many_tasks_are_left_in_the_middle_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MOST_LEFT", 2)
    segment, host = plan(4)
    assert len(segment.planned) == 4
    assert host.left == [True, True, False, False]


@pytest.mark.parametrize(
    "keywords",
    [{"loop": [1]}, {"timeout": 5}, {"changed_when": "1 == 1"}, {"failed_when": "1 == 2"}],
    ids=lambda keywords: next(iter(keywords)),
)
def test_these_are_evaluated_twice(keywords: dict[str, Any]) -> None:
    assert plan(1, **keywords)[1].left == [False]


@pytest.mark.skipif(core.TaskContext is None, reason="ansible-core before 2.21 knows no projections")
def test_what_registers_an_expression_is_evaluated_twice() -> None:
    assert plan(1, register={"status": "_task.result.rc"})[1].left == [False]


@pytest.mark.parametrize(
    "keywords", [{}, {"changed_when": False}, {"failed_when": False}, {"register": "status"}]
)
def test_these_are_left_in_the_middle(keywords: dict[str, Any]) -> None:
    assert plan(1, **keywords)[1].left == [True]
