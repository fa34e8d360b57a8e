"""Processing of a target's answers; tests/batch compares the engine with Ansible."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from ansible.playbook.task import Task
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import engine
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter import (
    result_handback,
    results,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter.jobs import Job
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter.outcome import Outcome
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.report import Forwarder, Report
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.segment import Exchange

from tests.unit.batch.known_host import Known, command, lines

STARTED = {"started": True}
END = {"end": True}


def done(number: int) -> dict[str, Any]:
    return {"job": number, "run": {"rc": 0}}


def ask(said: str, **keywords: Any) -> tuple[list[Job], Known, list[str]]:
    """What becomes of three jobs, given what the target said; what was warned of."""
    host, warned = Known(), list[str]()
    host.said = [said]
    batch = engine.Batch(host)  # type: ignore[arg-type]
    jobs = batch.planner.segment([command(**keywords) for _ in range(3)]).jobs
    with patch.object(results, "warn", warned.append):
        batch._ask_target(Exchange(jobs))
    return jobs, host, warned


def test_the_job_in_which_the_runner_was_killed_has_failed_and_is_not_run_again() -> None:
    jobs, _, warned = ask(lines(STARTED, done(0)))
    assert jobs[0].answer == {"rc": 0}
    assert jobs[1].answer is not None
    assert jobs[1].answer["rc"] == 1
    assert "in the middle of this task" in jobs[1].answer["stderr"]
    assert jobs[2].answer is None
    assert not warned


def test_a_target_that_stopped_where_ansible_would_has_lost_nothing() -> None:
    jobs, _, _ = ask(lines(STARTED, done(0), END))
    assert [job.answer for job in jobs[1:]] == [None, None]


def test_a_batch_that_does_not_start_says_so_and_leaves_the_tasks_to_ansible() -> None:
    jobs, host, [said] = ask("secret of somebody\n")
    assert [job.answer for job in jobs] == [None] * 3
    assert host.hidden is False
    assert "exit status 137" in said
    assert "errors" in said
    assert "secret" not in said


def test_why_a_batch_does_not_start_is_hidden_where_a_task_is() -> None:
    _, host, [said] = ask("", no_log=True)
    assert host.hidden
    assert "errors" not in said
    assert "no_log" in said


def run(
    host: Known, tasks: list[Task], raised: type[Exception] | None = None
) -> tuple[engine.Batch, list[str], str]:
    """Run a segment of some tasks; the tasks that are reported, and what is raised."""
    batch, added = engine.Batch(host), list[str]()  # type: ignore[arg-type]
    with patch.object(Report, "add", lambda _, outcome, __: added.append(outcome.task.get_name())):
        if raised is None:
            batch._run_segment(batch.planner.segment(tasks))
            return batch, added, ""
        with pytest.raises(raised) as error:
            batch._run_segment(batch.planner.segment(tasks))
    return batch, added, str(error.value)


def three() -> list[Task]:
    return [command(name) for name in ("One", "Two", "Three")]


class Failing(Known):
    """Each of its tasks has failed, as the controller finds."""

    result = {"failed": True, "msg": "so not"}


def test_what_ran_after_a_task_that_has_failed_is_named() -> None:
    host = Failing()
    host.said = [lines(STARTED, done(0), done(1), END)]
    batch, added, _ = run(host, three(), engine.Failed)
    assert added == ["One"]
    failed = Outcome(command("One"), dict(host.result), {})
    with patch.object(result_handback, "hand_back", return_value={}):
        said = batch.report.failure(failed)["msg"]
    assert said == "One: so not (after it, on the host, also ran: Two)"


@pytest.mark.parametrize(
    ("jobs", "finished", "said"),
    [
        ((0,), ["One"], "gone (it is not known which of these tasks still ran: Two, Three)"),
        ((0, 1, 2), ["One", "Two", "Three"], "gone"),
    ],
)
def test_what_a_target_has_answered_is_kept_where_the_connection_is_lost_then(
    jobs: tuple[int, ...], finished: list[str], said: str
) -> None:
    host = Known()
    host.lost, host.said = True, [lines(STARTED, *map(done, jobs))]
    batch, added, raised = run(host, three(), engine.Unreachable)
    assert (added, raised) == (finished, said)
    assert not batch.report.ran_ahead


def test_a_task_that_had_failed_before_the_connection_was_lost_has_failed() -> None:
    host, warned = Failing(), list[str]()
    host.lost, host.said = True, [lines(STARTED, done(0), done(1))]
    with patch.object(results, "warn", warned.append):
        batch, added, _ = run(host, three(), engine.Failed)
    assert added == ["One"]
    assert batch.report.ran_ahead == "Two"
    assert warned[0].endswith("gone (it is not known which of these tasks still ran: Three)")


def test_the_modules_of_a_loop_are_asked_for_one_by_one() -> None:
    class Looping(Known):
        number = 3

    host = Looping()
    host.said = [lines(STARTED, done(0), END)] * 3
    _, added, _ = run(host, [command("One", loop=[1, 2, 3])])
    assert added == ["One"]
    assert host.asked == 3
    assert host.evaluated[0].given == [{"rc": 0}] * 3


def test_an_item_whose_connection_is_lost_is_told_so() -> None:
    class Looping(Known):
        number = 2

        def ask(self, *arguments: Any, **named: Any) -> Any:
            self.lost = self.asked == 1
            return super().ask(*arguments, **named)

    host = Looping()
    host.said = [lines(STARTED, done(0), END)]
    run(host, [command("One", loop=[1, 2])])
    assert str(host.evaluated[0].given[1]) == "gone"


def test_where_the_program_does_not_start_the_first_task_runs_the_ordinary_way() -> None:
    host = Known()
    with patch.object(results, "warn"):
        _, added, _ = run(host, three())
    assert added == ["One"]
    assert host.evaluated[0].given == [None]
    assert host.evaluated[1].cancelled


def test_why_a_host_is_lost_is_hidden_where_the_task_is() -> None:
    batch = engine.Batch(Known())  # type: ignore[arg-type]
    for hidden in (False, True):
        task = command("One", no_log=hidden)
        lost = Outcome(task, {"unreachable": True, "msg": "hush"}, {})
        with patch.object(Report, "add"), pytest.raises(engine.Unreachable) as said:
            batch._record(lost, Forwarder(batch.report, task))
        assert ("hush" not in str(said.value)) is hidden
