# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a task, and what a batch leaves to the play."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible.playbook.task import Task


@dataclass
class Outcome:
    """What became of one task: its result as a callback would see it, and what it leaves behind."""

    task: Task
    result: dict[str, Any]
    raw: Any
    registered: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    set_facts: dict[str, Any] = field(default_factory=dict)
    included: dict[str, Any] = field(default_factory=dict)  # by include_vars
    notified: list[str] = field(default_factory=list)
    # Whether what rescues is told of the failure. A strategy does not, of a file that it cannot include.
    is_told: bool = True

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed"))

    @property
    def ignored(self) -> bool:
        return self.failed and bool(self.task.ignore_errors)

    @property
    def unreachable(self) -> bool:
        return bool(self.result.get("unreachable"))

    @property
    def hidden(self) -> bool:
        """Whether nothing of the result may be told."""
        return bool(self.task.no_log or self.result.get("_ansible_no_log"))


@dataclass
class Brought:
    """What the tasks of a batch leave to the play: variables by kind, and notified handlers."""

    lasting: dict[str, Any] = field(default_factory=dict)  # registered and by set_fact
    facts: dict[str, Any] = field(default_factory=dict)
    included: dict[str, Any] = field(default_factory=dict)
    notified: list[str] = field(default_factory=list)
    rescued: dict[str, Any] = field(default_factory=dict)  # what the last rescue was told of
    secret: bool = False  # something of it may not be told

    def add(self, outcome: Outcome) -> None:
        """Add what one task leaves."""
        self.secret |= outcome.hidden
        self.lasting |= {**outcome.set_facts, **outcome.registered}
        self.facts |= outcome.facts
        self.included |= outcome.included
        self.notified += outcome.notified
