# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that run on the target in one go, and how far they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.jobs import Job, Taken
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.outcomes import Outcome
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.pace import PACE
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.report import Relay

# Seconds that what the target says waits for a turn; then it is looked at with what comes next, at the latest at the end.
MOMENT = 1.0


@dataclass
class Segment:
    """Tasks that run on the target in one go."""

    planned: list[tuple[Taken, Relay]] = field(default_factory=list)
    registers: set[str] = field(default_factory=set)
    facts: bool = False  # a module of it may bring facts

    @property
    def jobs(self) -> list[Job]:
        """All jobs, in order."""
        return [job for taken, _ in self.planned for job in taken.jobs if job is not None]

    def note(self, answer: Mapping[str, Any]) -> None:
        """Note one answer of the target in its job."""
        if "job" in answer:
            job = self.jobs[answer["job"]]
            job.heard_of = True
            if not answer["undecided"]:
                job.answer = answer["runs"]


class Progress:
    """Finishes the tasks of a segment in their order, each as soon as the target has said what became of it.

    What goes wrong with that, such as a task that has failed, is raised at the end: the target goes on meanwhile.
    """

    def __init__(self, segment: Segment, finish: Callable[[Outcome, Relay], None]) -> None:
        self.done = 0  # tasks
        # What the target has told: that it has started, misses files, is done; of jobs.
        self.known: set[str] = set()
        self._segment = segment
        self._finish = finish
        self._raised: Exception | None = None

    @property
    def left(self) -> list[Taken]:
        """The tasks that are not finished."""
        return [taken for taken, _ in self._segment.planned[self.done :]]

    @property
    def unknown(self) -> list[str]:
        """The names of the tasks of which the target has not said all."""
        return [
            taken.task.get_name()
            for taken in self.left
            if any(job is not None and job.answer is None for job in taken.jobs)
        ]

    def may_begin(self) -> None:
        """Raise AnsibleConnectionFailure where some tasks have run: ssh would start all of them again (reconnection_retries)."""
        if any(job.answer is not None for job in self._segment.jobs):
            raise AnsibleConnectionFailure("The connection was lost while the tasks ran.")

    def hear(self, told: list[dict[str, Any]]) -> None:
        """Take some answers of the target, which may still be at work."""
        try:
            for answer in told:
                self.known |= answer.keys()
                self._segment.note(answer)
            if told and self._can_go_on():
                with PACE.turn_within(MOMENT) as has_turn:
                    while has_turn and self._can_go_on():
                        self._go_on()
        except Exception as error:
            self._raised = error

    def to_the_end(self) -> None:
        """Finish what is left, once the target has said all; less where it has stopped before."""
        while self._raised is None and self.left:
            jobs = [job for job in self.left[0].jobs if job is not None]
            if self.done and jobs and all(job.answer is None for job in jobs):
                return  # the target stopped before it
            self._go_on()
        self._raise()

    def as_far_as_is_known(self) -> None:
        """Finish what the target has told, once it cannot be asked for more."""
        while self.left and self._can_go_on(ended=True):
            self._go_on()
        self._raise()

    def _can_go_on(self, *, ended: bool = False) -> bool:
        """Whether the next task can be finished without asking anything of the target, which may be at work.

        While it is, the last one has no need to. One of which an item has no job is evaluated again, and might want to run one.
        """
        if self._raised is not None or (len(self.left) < 2 and not ended):
            return False
        taken = self.left[0]
        if not (taken.once or all(taken.jobs)):
            return False
        return all(job is None or job.answer is not None for job in taken.jobs)

    def _go_on(self) -> None:
        taken, relay = self._segment.planned[self.done]
        self.done += 1
        try:
            self._finish(taken.finish(), relay)
        except Exception as error:
            self._raised = error

    def _raise(self) -> None:
        if self._raised is not None:
            raise self._raised
