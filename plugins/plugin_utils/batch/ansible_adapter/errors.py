# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reasons why a batch stops evaluating a task. BaseExceptions, so that Ansible does not report them as the task's
failure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible.errors import AnsibleError

if TYPE_CHECKING:
    from .outcome import Outcome


class NotBatchable(BaseException):
    """The task has to run the ordinary way, in its place."""


class Includes(NotBatchable):
    """The task is an include: its tasks run in its place."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


class BatchError(BaseException):
    """A fault of the batch itself, not a failure of the task."""


def as_ansible_error(error: BatchError) -> AnsibleError:
    """The error that is shown for a fault."""
    return AnsibleError(f"This is a fault of the batch: {error}")
