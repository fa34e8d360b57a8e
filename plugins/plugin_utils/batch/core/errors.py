# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a batch goes no further with a task: BaseExceptions, which Ansible does not take for a task's own failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible.errors import AnsibleError

if TYPE_CHECKING:
    from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.outcomes import Outcome


class NotBatchable(BaseException):
    """The task has to run the ordinary way, in its place."""


class Includes(NotBatchable):
    """The task asks for other tasks, which are to be run in its place."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


class BatchError(BaseException):
    """The batch and Ansible disagree: a bug, which must not be passed over, as Ansible does with an Exception of a task."""


def fault(error: BatchError) -> AnsibleError:
    """What is said of it."""
    return AnsibleError(f"This is a fault of the batch: {error}")
