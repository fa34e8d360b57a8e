# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs for the target, and tasks that are paused until their job is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible.errors import AnsibleError
from ansible.playbook.task import Task

from ..thread_coroutine import ThreadCoroutine
from .modules import Module
from .outcome import Outcome

Run = dict[str, Any]  # of a module run: rc, stdout, stderr


@dataclass
class Job:
    """One module run; ``wire`` is its form in a message to the target."""

    wire: dict[str, Any]
    become: Any  # the become plugin with its options, or None
    module: Module
    secret: bool  # by no_log
    answer: Run | None = None
    error: AnsibleError | None = None

    def goes_with(self, other: Job) -> bool:
        """Whether both can run in one program on the target: same user, same Python."""
        same_python = self.module.shebang == other.module.shebang
        return same_python and identity(self.become) == identity(other.become)

    def lose(self) -> None:
        """Answer that the program on the target ended during this job, which may have run."""
        said = "The program that ran the modules on the target was ended in the middle of this task."
        self.answer = {"rc": 1, "stdout": "", "stderr": said}


@dataclass(frozen=True)
class EvaluatedTask:
    """A task whose evaluation is paused at its next job, or has ended (``job`` is None).

    A job may be answered with an error, or with None: the task then runs its module the ordinary way.
    """

    task: Task
    coroutine: ThreadCoroutine[Job, Run | AnsibleError | None, Outcome]
    forwarder: Any
    waits: bool  # waits for something other than the target: it must hold no semaphore token

    @property
    def job(self) -> Job | None:
        """The job for which it waits."""
        return self.coroutine.asked

    @property
    def failed(self) -> bool:
        """Whether it has failed before any module ran."""
        return self.job is None and self.coroutine.result().failed

    def resume(self) -> None:
        """Pass it the answer of its job; it runs to its next job (for example in a loop) or its end."""
        job = self.coroutine.asked
        if job is not None:
            self.coroutine.resume(job.error or job.answer)

    def cancel(self) -> None:
        """End it where it is."""
        self.coroutine.cancel()


def identity(become: Any) -> Any:
    """A key that is equal for two become plugins with the same method, user and options."""
    return None if become is None else (become.name, become.get_options())
