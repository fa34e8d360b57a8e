# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Outcome of one task, and the effects of a batch on the play."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible.playbook.task import Task


@dataclass
class Outcome:
    """Result of one task for callbacks, with the variables and notifications that it sets."""

    task: Task
    result: dict[str, Any]
    raw: Any
    registered: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    set_facts: dict[str, Any] = field(default_factory=dict)
    included: dict[str, Any] = field(default_factory=dict)  # by include_vars
    notified: list[str] = field(default_factory=list)
    sets_failed_task: bool = (
        True  # ansible_failed_task, for a rescue; a strategy does not set it if a file cannot be included
    )

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
        """Whether ``no_log`` hides the result."""
        return bool(self.task.no_log or self.result.get("_ansible_no_log"))


@dataclass
class Effects:
    """Variables by kind, and notified handlers, of all tasks of a batch."""

    lasting: dict[str, Any] = field(default_factory=dict)  # registered and by set_fact
    facts: dict[str, Any] = field(default_factory=dict)
    included: dict[str, Any] = field(default_factory=dict)
    notified: list[str] = field(default_factory=list)
    rescued: dict[str, Any] = field(
        default_factory=dict
    )  # ansible_failed_task and _result of the last rescue

    def add(self, outcome: Outcome) -> None:
        """Add the effects of one task."""
        self.lasting |= {**outcome.set_facts, **outcome.registered}
        self.facts |= outcome.facts
        self.included |= outcome.included
        self.notified += outcome.notified
