# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Segment: consecutive tasks whose jobs run together on the target, and their progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible.errors import AnsibleConnectionFailure

from .ansible_adapter.jobs import EvaluatedTask, Job
from .cpu_semaphore import CPUS

# Seconds to wait for a semaphore token after an answer; without one, the answer is processed with the next.
MOMENT = 1.0


@dataclass
class Segment:
    """Evaluated tasks that run together, and the variables that they may change for later tasks."""

    tasks: list[EvaluatedTask] = field(default_factory=list)
    registers: set[str] = field(default_factory=set)
    facts: bool = False  # a module of it may return facts

    @property
    def jobs(self) -> list[Job]:
        """All jobs, in order; a task has at most one at a time."""
        return [task.job for task in self.tasks if task.job is not None]


class Exchange:
    """Jobs sent to the target, and its answers so far."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = list(jobs)
        self.known: set[str] = set()  # the names in its answers: started, job, missing, end

    def may_start(self) -> None:
        """Raise AnsibleConnectionFailure if some jobs were done, since ssh would repeat them (reconnection_retries)."""
        if any(job.answer is not None for job in self.jobs):
            raise AnsibleConnectionFailure("The connection was lost while the tasks ran.")

    def receive(self, received: list[dict[str, Any]]) -> None:
        """Note some answers in their jobs."""
        for answer in received:
            self.known |= answer.keys()
            if "job" in answer:
                self.jobs[answer["job"]].answer = answer["run"]


class Progress(Exchange):
    """Exchange that finishes the tasks of a segment in order, each as soon as the target has answered.

    It raises an error, such as a failed task, at the end only: the target continues meanwhile.
    """

    def __init__(self, segment: Segment, finish: Callable[[EvaluatedTask], None]) -> None:
        super().__init__(segment.jobs)
        self.left = [(task, task.job) for task in segment.tasks]
        self.finished = 0  # tasks
        self._finish = finish
        self._error: Exception | None = None

    def names(self, *, ran: bool) -> str:
        """The names of unfinished tasks that ran or may have run."""
        found = [(task.task.get_name(), job.answer is not None) for task, job in self.left if job is not None]
        return ", ".join(name for name, is_known in found if is_known == ran)

    def receive(self, received: list[dict[str, Any]]) -> None:
        try:
            super().receive(received)
            if received and self._is_next_known(but=1):  # only the last task may have further jobs
                with CPUS.acquired(MOMENT) as has_token:
                    while has_token and self._is_next_known(but=1):
                        self._finish_next()
        except Exception as error:
            self._error = error

    def finish(self, *, lost: bool = False) -> None:
        """Finish the remaining tasks after the target has ended.

        If the segment's first task did not run there, it runs the ordinary way, unless the connection is ``lost``.
        """
        while self._error is None and (
            self._is_next_known() or (self.left and not self.finished and not lost)
        ):
            self._finish_next()
        if self._error is not None:
            raise self._error

    def _is_next_known(self, but: int = 0) -> bool:
        if self._error is not None or len(self.left) <= but:
            return False
        _, job = self.left[0]
        return job is None or job.answer is not None or job.error is not None

    def _finish_next(self) -> None:
        task, _ = self.left.pop(0)
        self.finished += 1
        try:
            self._finish(task)
        except Exception as error:
            self._error = error
