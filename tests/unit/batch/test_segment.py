"""Tasks are finished in their order, each as soon as the target has said what became of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.playbook.task import Task
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import segment
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.jobs import Job, Taken
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.outcomes import Outcome
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.pace import Pace
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.segment import Progress, Segment


class Going:
    """A segment whose tasks have such items: True for one that has a job. Notes which are finished, and when."""

    def __init__(
        self, *tasks: Sequence[bool], twice: Sequence[int] = (), failing: Sequence[int] = ()
    ) -> None:
        self.finished: list[int] = []
        self.failing = failing
        self.segment = Segment()
        for number, items in enumerate(tasks):
            task = Task.load({"name": str(number), "ansible.builtin.command": "true"})
            jobs = [Job({}, None, "#!/usr/bin/python3", (), "legacy") if has else None for has in items]
            outcome = Outcome(task, {}, {})
            taken = Taken(
                task, jobs, False, lambda outcome=outcome: outcome, lambda: None, once=number not in twice
            )
            self.segment.planned.append((taken, None))  # type: ignore[arg-type]
        self.progress = Progress(self.segment, self.finish)

    def finish(self, outcome: Outcome, _: Any) -> None:
        number = int(outcome.task.name)
        self.finished.append(number)
        if number in self.failing:
            raise ValueError(number)

    def say(self, *numbers: int, undecided: bool = False) -> list[int]:
        """Let the target tell of some jobs; which tasks are finished then."""
        for number in numbers:
            self.progress.hear([{"job": number, "runs": [], "undecided": undecided}])
        return self.finished


ONE, NONE = [True], [False]


def test_each_is_finished_when_the_target_has_said_it_and_the_last_at_the_end() -> None:
    going = Going(ONE, ONE, ONE)
    assert going.say(0) == [0]
    assert going.say(1) == [0, 1]
    assert going.say(2) == [0, 1]
    going.progress.to_the_end()
    assert going.finished == [0, 1, 2]
    assert going.progress.done == 3


def test_one_that_runs_nothing_waits_for_those_before_it() -> None:
    going = Going(ONE, NONE, NONE, ONE, NONE)
    assert going.say(0) == [0, 1, 2]
    assert going.say(1) == [0, 1, 2, 3]


def test_a_loop_is_finished_with_its_last_item() -> None:
    going = Going([True, True], ONE, twice=[0])
    assert going.say(0) == []
    assert going.say(1) == [0]


@pytest.mark.parametrize("items", [NONE, [True, False]])
def test_one_that_might_want_the_target_after_all_waits_for_its_end(items: list[bool]) -> None:
    going = Going(ONE, items, ONE, ONE, twice=[1])
    assert going.say(*range(3 + sum(items))) == [0]
    going.progress.to_the_end()
    assert going.finished == [0, 1, 2, 3]


def test_one_that_the_target_could_not_decide_waits_with_all_after_it() -> None:
    going = Going(ONE, ONE, ONE)
    assert going.say(0) == [0]
    assert going.say(1, undecided=True) == [0]
    going.progress.to_the_end()
    assert going.finished == [0], "the controller has to do it, and then what is after it"
    assert [taken.task.name for taken in going.progress.left] == ["1", "2"]


def test_what_has_failed_is_raised_at_the_end_and_nothing_is_finished_after_it() -> None:
    going = Going(ONE, ONE, ONE, ONE, failing=[1])
    assert going.say(0, 1, 2) == [0, 1]
    with pytest.raises(ValueError, match="1"):
        going.progress.to_the_end()
    assert going.finished == [0, 1]
    assert [taken.task.name for taken in going.progress.left] == ["2", "3"]


def test_what_is_wrong_with_an_answer_is_raised_at_the_end_and_not_to_ssh() -> None:
    going = Going(ONE, ONE)
    assert going.say(7) == []
    with pytest.raises(IndexError):
        going.progress.to_the_end()


def test_nothing_is_finished_before_the_target_has_said_anything_of_ours() -> None:
    going = Going(NONE, ONE, ONE)
    going.progress.hear([])
    assert going.finished == []
    going.progress.hear([{"started": True}])
    assert going.finished == [0]


def test_tasks_that_have_run_are_not_started_again() -> None:
    going = Going(ONE, ONE, ONE)
    going.progress.may_begin()
    going.say(0)
    with pytest.raises(AnsibleConnectionFailure, match="lost"):
        going.progress.may_begin()


def test_without_a_turn_it_waits_for_what_comes_next(monkeypatch: pytest.MonkeyPatch) -> None:
    pace = Pace(0)
    monkeypatch.setattr(segment, "PACE", pace)
    monkeypatch.setattr(segment, "MOMENT", 0.01)
    going = Going(ONE, ONE, ONE)
    assert going.say(0) == []
    os.write(pace._back, b".")  # another host gives its turn back
    assert going.say(1) == [0, 1]


def test_once_the_target_is_lost_all_is_finished_that_it_has_told() -> None:
    going = Going(ONE, ONE, NONE, ONE, [True, True], twice=[4])
    going.say(0, 1, 2, 3)
    assert going.finished == [0, 1, 2, 3]
    going.progress.as_far_as_is_known()
    assert going.finished == [0, 1, 2, 3]
    assert going.progress.unknown == ["4"]


def test_once_the_target_is_lost_the_last_one_is_finished_too() -> None:
    going = Going(ONE, ONE)
    assert going.say(0, 1) == [0]
    going.progress.as_far_as_is_known()
    assert going.finished == [0, 1]
