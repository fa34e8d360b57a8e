"""Tasks are finished in their order, each as soon as the target has answered."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import segment
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter.jobs import (
    EvaluatedTask,
    Job,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter.outcome import Outcome
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.cpu_semaphore import CpuSemaphore
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.segment import Progress, Segment

from tests.unit.batch.known_host import COMMAND, Coroutine, command


class Going:
    """A segment of tasks that have a job or none. Notes which are finished, and when."""

    def __init__(self, *jobs: bool, failing: Sequence[int] = ()) -> None:
        self.finished: list[int] = []
        self.failing = failing
        self.segment = Segment()
        for number, has in enumerate(jobs):
            task = command(str(number))
            coroutine = Coroutine([Job({}, None, COMMAND, False)] if has else [], Outcome(task, {}, {}))
            self.segment.tasks.append(EvaluatedTask(task, coroutine, None, False))  # type: ignore[arg-type]
        self.progress = Progress(self.segment, self.finish)

    def finish(self, task: EvaluatedTask) -> None:
        number = int(task.task.name)
        self.finished.append(number)
        if number in self.failing:
            raise ValueError(number)

    def say(self, *numbers: int) -> list[int]:
        """Let the target answer some jobs; which tasks are finished then."""
        for number in numbers:
            self.progress.receive([{"job": number, "run": {}}])
        return self.finished


def test_each_is_finished_when_the_target_has_answered_and_the_last_at_the_end() -> None:
    going = Going(True, True, True)
    assert going.say(0) == [0]
    assert going.say(1) == [0, 1]
    assert going.say(2) == [0, 1]
    going.progress.finish()
    assert going.finished == [0, 1, 2]
    assert going.progress.finished == 3


def test_one_that_runs_nothing_waits_for_those_before_it() -> None:
    going = Going(True, False, False, True, False)
    assert going.say(0) == [0, 1, 2]
    assert going.say(1) == [0, 1, 2, 3]


def test_what_the_target_has_not_run_waits_for_another_segment() -> None:
    going = Going(True, True, True)
    going.say(0)
    going.progress.finish()
    assert going.finished == [0]


def test_the_first_of_which_the_target_has_run_none_runs_the_ordinary_way() -> None:
    going = Going(True, True)
    going.progress.finish()
    assert going.finished == [0]


def test_what_has_failed_is_raised_at_the_end_and_nothing_is_finished_after_it() -> None:
    going = Going(True, True, True, True, failing=[1])
    assert going.say(0, 1, 2) == [0, 1]
    with pytest.raises(ValueError, match="1"):
        going.progress.finish()
    assert going.finished == [0, 1]
    assert going.progress.names(ran=True) == "2"


def test_what_is_wrong_with_an_answer_is_raised_at_the_end_and_not_to_ssh() -> None:
    going = Going(True, True)
    assert going.say(7) == []
    with pytest.raises(IndexError):
        going.progress.finish()


def test_nothing_is_finished_before_the_target_has_said_anything_of_ours() -> None:
    going = Going(False, True, True)
    going.progress.receive([])
    assert going.finished == []
    going.progress.receive([{"started": True}])
    assert going.finished == [0]


def test_tasks_that_have_run_are_not_started_again() -> None:
    going = Going(True, True, True)
    going.progress.may_start()
    going.say(0)
    with pytest.raises(AnsibleConnectionFailure, match="lost"):
        going.progress.may_start()


def test_without_a_processor_it_waits_for_what_comes_next(monkeypatch: pytest.MonkeyPatch) -> None:
    cpus = CpuSemaphore(0)
    monkeypatch.setattr(segment, "CPUS", cpus)
    monkeypatch.setattr(segment, "MOMENT", 0.01)
    going = Going(True, True, True)
    assert going.say(0) == []
    os.write(cpus._back, b".")  # another host gives its token back
    assert going.say(1) == [0, 1]


def test_once_the_target_is_lost_all_is_finished_that_it_has_answered() -> None:
    going = Going(True, True, False, True)
    going.say(0, 1)
    going.progress.finish(lost=True)
    assert going.finished == [0, 1, 2]
    assert going.progress.names(ran=False) == "3"


def test_once_the_target_is_lost_nothing_runs_the_ordinary_way() -> None:
    going = Going(True, True)
    going.progress.finish(lost=True)
    assert going.finished == []
