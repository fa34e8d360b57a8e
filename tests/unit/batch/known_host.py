"""A fake host, for tests of planning and of the processing of answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.playbook.task import Task
from ansible_collections.cartable.fleet.plugins.module_utils.batch_bootstrap import MARK
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter.jobs import (
    EvaluatedTask,
    Job,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter.modules import Module
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter.outcome import Outcome
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.dependencies import Reader
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.payload import answers
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.planning import Planner
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.report import Report
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.segment import Exchange, Segment

COMMAND = Module(
    "ansible.builtin.command", None, "", "#!/usr/bin/python3", {"module_fqn": "ansible.modules.command"}, {}
)


def lines(*said: Mapping[str, Any]) -> str:
    return "".join(f"{MARK}{json.dumps(line)}\n" for line in said)


class Coroutine:
    """Stands for the evaluation of a task with so many jobs; notes the answers it is given."""

    def __init__(self, jobs: Sequence[Job], outcome: Outcome) -> None:
        self._jobs, self._outcome = list(jobs), outcome
        self.given: list[Any] = []
        self.cancelled = False

    @property
    def asked(self) -> Job | None:
        return None if self.cancelled or not self._jobs else self._jobs[0]

    def resume(self, answer: Any) -> None:
        self.given.append(answer)
        del self._jobs[0]

    def result(self) -> Outcome:
        return self._outcome

    def cancel(self) -> None:
        self.cancelled = True


class Known:
    """Stands for a host on which each task has so many jobs and comes to such a result."""

    number = 1
    is_controller = False
    host = None
    module = COMMAND
    enabled = True
    lost = False  # once it has said something
    play_goes_on_after_failure = False
    result: Mapping[str, Any] = {}
    executions = 1

    def __init__(self) -> None:
        self.said: list[str] = []  # what the target says, each time that it is asked
        self.asked = 0
        self.hidden: bool | None = None
        self.evaluated: list[Coroutine] = []
        self.task = Task()
        self.target = self.caches = self

    def is_wanted(self, task: Task) -> bool:
        return True

    def ask(self, job: Job, message: bytes, listener: Exchange, *, secret: bool) -> Mapping[str, Any]:
        said = self.said[self.asked] if self.asked < len(self.said) else ""
        self.asked += 1
        self.hidden = secret
        listener.receive(list(answers(said)))
        if self.lost:
            raise AnsibleConnectionFailure("gone")
        return {"rc": 137, "stdout": said, "stderr": "errors"}

    def reader_of(self, task: Task) -> Reader:
        return Reader({})

    def read_for_connection(self, task: Task) -> frozenset[str]:
        return frozenset()

    def remember(self, outcome: Outcome) -> None:
        """Nobody asks for it."""

    def forget_files(self) -> None:
        """There are none."""

    def jobs_of(self, task: Task) -> int:
        return self.number

    def evaluate(
        self, task: Task, squashed: Task, depends: Callable[[str], bool], forwarder: Any, *, waits: bool
    ) -> EvaluatedTask:
        jobs = [Job({}, None, self.module, bool(task.no_log)) for _ in range(self.jobs_of(task))]
        coroutine = Coroutine(jobs, Outcome(task, dict(self.result), {}))
        self.evaluated.append(coroutine)
        return EvaluatedTask(task, coroutine, forwarder, waits)  # type: ignore[arg-type]


def command(name: str = "One", **keywords: Any) -> Task:
    return Task.load({"name": name, "ansible.builtin.command": "true", **keywords})


def segment_of(host: Known, tasks: list[Task]) -> Segment:
    """What is planned of the tasks; an include among them is replaced."""
    return Planner(host, Report(host)).segment(tasks)  # type: ignore[arg-type]


def names(entries: Sequence[Task] | Sequence[EvaluatedTask]) -> list[str]:
    return [(entry.task if isinstance(entry, EvaluatedTask) else entry).get_name() for entry in entries]
