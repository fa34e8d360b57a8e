# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: batch
type: aggregate
short_description: Does the part of a batch that belongs to the play
version_added: "0.1.0"
description:
  - Loads the task file of a M(cartable.fleet.batch) and what its includes name, and unpacks the modules that they name, where
    the play runs. The processes that work on the hosts are forked from there, and each of them finds it done. It saves time
    and memory and changes nothing else. Where something is wrong with a file, the hosts say so.
  - Lets the play itself run a file where the variable C(cartable_batch) is false for all hosts, and one with a task that is
    done once for all hosts (C(run_once)), of which it warns.
  - Takes in what a batch leaves that has failed, which Ansible takes only from what has not - the notified handlers and
    the variables of the tasks that went well before. With ansible-core 2.19 and 2.20, also the variables that any batch
    leaves, each kind with its own precedence.
author:
  - Cartable contributors (@cartable)
requirements:
  - enabled in the configuration (callbacks_enabled)
"""

from contextlib import suppress

from ansible.plugins.callback import CallbackBase
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import taking_in
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.tasks import BATCH, is_action
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.memory import end_quickly, share_more
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.preparing import prepare


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = BATCH
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_play_start(self, play):
        taking_in.expect()
        share_more()

    def v2_playbook_on_task_start(self, task, is_conditional):
        if is_action(task, BATCH):
            with suppress(Exception):
                prepare(task)

    def v2_playbook_on_handler_task_start(self, task):
        self.v2_playbook_on_task_start(task, False)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        if is_action(result.task, BATCH):
            taking_in.take_in(failed=True)

    def v2_runner_on_ok(self, result):
        if is_action(result.task, BATCH):
            taking_in.take_in(failed=False)

    def v2_runner_on_unreachable(self, result):
        self.v2_runner_on_failed(result)

    def v2_playbook_on_stats(self, stats):
        end_quickly()
