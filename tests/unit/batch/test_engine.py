"""What is made of a target's answers; tests/batch compares the engine with Ansible."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

import pytest
from ansible.playbook.task import Task
from ansible_collections.cartable.fleet.plugins.module_utils import batch_runner
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import engine
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import results
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.jobs import Job, Taken
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.outcomes import Outcome
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.report import Report
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.segment import Progress

from tests.unit.batch.known_host import Known


def lines(*said: dict[str, Any]) -> str:
    return "".join(f"{batch_runner.MARK}{json.dumps(line)}\n" for line in said)


def ask(said: str, **keywords: Any) -> tuple[list[Job], Known]:
    """What becomes of four jobs, given what the target said."""
    host = Known()
    host.wire = {"kind": "module", "module": {"name": "ansible.builtin.command"}}
    tasks = [Task.load({"ansible.builtin.command": "true", **keywords}) for _ in range(2)]
    batch = engine.Batch(host)  # type: ignore[arg-type]
    segment, host.said = batch.planner.segment(tasks), said
    with patch.object(results, "warn", host.warned.append):
        batch._ask_target(segment, Progress(segment, batch._finish))
    return segment.jobs, host


STARTED = {"started": True}
DONE = {"job": 0, "runs": [{"module": "ansible.builtin.command"}], "undecided": False}


def test_the_job_in_which_the_runner_was_killed_has_failed_and_is_not_run_again() -> None:
    jobs, host = ask(lines(STARTED, DONE))
    assert jobs[0].answer == DONE["runs"]
    [run] = jobs[1].answer or []
    assert run["rc"] == 1
    assert "in the middle of this task" in run["stderr"]
    assert [job.answer for job in jobs[2:]] == [None, None]
    assert not host.warned


def test_a_target_that_stopped_where_ansible_would_has_lost_nothing() -> None:
    jobs, _ = ask(lines(STARTED, DONE, {"end": True}))
    assert [job.answer for job in jobs[1:]] == [None, None, None]


def test_a_batch_that_does_not_start_says_so_and_leaves_the_tasks_to_ansible() -> None:
    jobs, host = ask("secret of somebody\n")
    assert [job.answer for job in jobs] == [None] * 4
    [said] = host.warned
    assert "exit status 137" in said
    assert "errors" in said
    assert "secret" not in said


def test_why_a_batch_does_not_start_is_hidden_where_a_task_is() -> None:
    _, host = ask("", no_log=True)
    assert host.hidden
    [said] = host.warned
    assert "errors" not in said
    assert "no_log" in said


def test_what_the_target_says_is_hidden_where_a_task_is_and_only_there() -> None:
    assert ask(lines(STARTED, DONE, {"end": True}))[1].hidden is False


class FailingHere(Known):
    """Each of its tasks has failed, as the controller finds."""

    number = 1
    failure_is_not_the_end = False
    result: Mapping[str, Any] = {"failed": True, "msg": "so not"}

    def take(self, task: Task, *arguments: Any, **named: Any) -> Taken:
        taken = super().take(task, *arguments, **named)
        return dataclasses.replace(taken, finish=lambda: Outcome(task, dict(self.result), {}))

    def remember(self, outcome: Outcome) -> None:
        """Nobody asks for it."""


def test_what_ran_after_a_task_that_has_failed_is_named() -> None:
    host = FailingHere()
    tasks = [Task.load({"name": name, "ansible.builtin.command": "true"}) for name in ("One", "Two", "Three")]
    batch = engine.Batch(host)  # type: ignore[arg-type]
    host.said = lines(STARTED, DONE, {**DONE, "job": 1}, {"end": True})
    with (
        patch.object(Report, "add"),
        patch.object(results, "hand_back", return_value={}),
        pytest.raises(engine.Failed) as failed,
    ):
        batch._run_segment(batch.planner.segment(tasks))
    with patch.object(results, "hand_back", return_value={}):
        said = batch.report.failure(failed.value.outcome, 1)["msg"]
    assert said == "One: so not (after it, on the host, also ran: Two)"


class Here(FailingHere):
    """Each of its tasks has gone well, as the controller finds."""

    result: Mapping[str, Any] = {}


@pytest.mark.parametrize(
    ("jobs", "finished", "said"),
    [
        ((0,), ["One"], "gone (it is not known which of these tasks still ran: Two, Three)"),
        ((0, 1, 2), ["One", "Two", "Three"], "gone"),
    ],
)
def test_what_a_target_has_said_is_kept_where_the_connection_is_lost_then(
    jobs: tuple[int, ...], finished: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Known, "lost", True)
    batch, added = run_three(Here(), jobs, engine.Unreachable, said)
    assert added == finished
    assert not batch.report.ran_ahead


def test_a_task_that_had_failed_before_the_connection_was_lost_has_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Known, "lost", True)
    warned: list[str] = []
    with patch.object(results, "warn", warned.append):
        batch, added = run_three(FailingHere(), (0, 1), engine.Failed, "")
    assert added == ["One"]
    assert batch.report.ran_ahead == ["Two"]
    [said] = warned
    assert said.endswith("gone (it is not known which of these tasks still ran: Three)")


def run_three(
    host: Known, jobs: tuple[int, ...], raised: type[Exception], said: str
) -> tuple[engine.Batch, list[str]]:
    """Run three tasks, some of which the target tells of; the tasks that are reported."""
    tasks = [Task.load({"name": name, "ansible.builtin.command": "true"}) for name in ("One", "Two", "Three")]
    batch, added = engine.Batch(host), list[str]()  # type: ignore[arg-type]
    host.said = lines(STARTED, *({**DONE, "job": job} for job in jobs))
    with patch.object(Report, "add", lambda _, outcome, __: added.append(outcome.task.get_name())):
        with pytest.raises(raised) as error:
            batch._run_segment(batch.planner.segment(tasks))
        assert str(error.value) == said
    return batch, added


def test_why_a_host_is_lost_is_hidden_where_the_task_is() -> None:
    batch = engine.Batch(FailingHere())  # type: ignore[arg-type]
    for hidden in (False, True):
        task = Task.load({"name": "One", "ansible.builtin.command": "true", "no_log": hidden})
        lost = Outcome(task, {"unreachable": True, "msg": "hush"}, {})
        with patch.object(Report, "add"), pytest.raises(engine.Unreachable) as said:
            batch._finish(lost, engine.Relay(batch.report, task))
        assert ("hush" not in str(said.value)) is hidden
