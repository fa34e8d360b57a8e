"""A host that does nothing, for tests of what is planned for it and of what is made of its answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.playbook.task import Task
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.host import Host
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.jobs import Job, Taken
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.modules import Module
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.outcomes import Outcome
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.tasks import has_loop
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.dependencies import Reader
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.payload import answers
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.planning import Planner
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.report import Report
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.segment import Progress, Segment

COMMAND = Module("ansible.builtin.command", None, "", "#!/usr/bin/python3", {}, {})


class Known:
    """Stands for a host on which each task has so many jobs; notes which tasks are left in the middle."""

    is_controller = False
    resolve = Host.resolve
    _copies: Mapping[str, Task] = {}

    host = None
    wire: Mapping[str, Any] = {}
    module = COMMAND
    together = True
    number = 2  # of a task's jobs
    lost = False  # once it has said something
    hidden: bool | None = None  # what the target says

    def __init__(self) -> None:
        self.left: list[bool] = []
        self.said = ""
        self.warned: list[str] = []
        self.task = Task()
        self.target = self

    def wanted(self, task: Task) -> bool:
        return True

    def login_soon_over(self) -> None: ...

    executions = 1

    def ask(
        self, shebang: str, become: Any, message: bytes, asking: Progress, *, secret: bool
    ) -> Mapping[str, Any]:
        self.hidden = secret
        asking.hear(list(answers(self.said)))
        if self.lost:
            raise AnsibleConnectionFailure("gone")
        return {"rc": 137, "stdout": self.said, "stderr": "errors"}

    def vars_of(self, task: Task) -> dict[str, Any]:
        return {}

    def not_used(self) -> None: ...

    def reader_of(self, task: Task) -> Reader:
        return Reader(self.vars_of(task))

    def read_to_reach(self, task: Task) -> frozenset[str]:
        return frozenset()

    def take(
        self, task: Task, resolved: Task, blocked: Callable[[str], bool], relay: Any, *, is_left: bool
    ) -> Taken:
        self.left.append(is_left)
        jobs = [
            Job(dict(self.wire), None, "#!/usr/bin/python3", (self.module,), "legacy")
            for _ in range(self.number)
        ]
        return Taken(
            task,
            jobs,
            False,
            lambda: Outcome(task, {}, {}),
            lambda: None,
            once=is_left and not has_loop(task),
        )


def segment_of(host: Known, tasks: list[Task]) -> Segment:
    """What is planned of the tasks; an include among them is replaced."""
    return Planner(host, Report(host)).segment(tasks)  # type: ignore[arg-type]
