# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task wants done on the target, and the ways in which its evaluation ends there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ansible.errors import AnsibleError
from ansible.playbook.task import Task
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.modules import Module
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.outcomes import Outcome


class Captured(BaseException):
    """The task has come to the point where it would run a module; not an Exception, so that nothing swallows it."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job


@dataclass
class Job:
    """One module run, or one file to copy, for the target; ``wire`` is what the target gets."""

    wire: dict[str, Any]
    become: Any  # the become plugin with its options, or None
    shebang: str
    modules: tuple[Module, ...]
    profile: str
    answer: list[dict[str, Any]] | None = None
    heard_of: bool = False  # also where the target has left it to the controller
    error: AnsibleError | None = None  # that running it ends with

    def goes_with(self, other: Job) -> bool:
        """Whether both may run in one program on the target: the same user, the same Python."""
        return self.shebang == other.shebang and identity(self.become) == identity(other.become)

    @property
    def may_bring_facts(self) -> bool:
        """Whether a module of it may return facts, and with them any variable."""
        return any(module.may_bring_facts for module in self.modules)

    @property
    def size(self) -> int:
        """Bytes of the file that it brings along."""
        return len(self.wire.get("content", ""))

    def lose(self) -> None:
        """Take note that the program which ran the modules has ended in the middle of this job: it may have run."""
        first = self.wire["calls"]["stat"] if self.wire["kind"] == "copy" else self.wire["module"]
        said = "The program that ran the modules on the target was ended in the middle of this task."
        run = {"module": first["name"], "rc": 1, "stdout": "", "stderr": said, "timed_out": False}
        self.answer = [run]


@dataclass(frozen=True)
class Taken:
    """A task that is evaluated as far as the modules it runs: its jobs, one an item (None: no module would run).

    ``failed``: before any module. ``finish`` runs the rest, with the answers in the jobs; ``leave`` drops it.
    """

    task: Task
    jobs: Sequence[Job | None]
    failed: bool
    finish: Callable[[], Outcome]
    leave: Callable[[], None]
    once: bool  # nothing of it is evaluated again


def identity(become: Any) -> Any:
    """What tells whether two become plugins make the same user of one, in the same way."""
    return None if become is None else (become.name, become.get_options())
