# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: batch
type: aggregate
short_description: Preloads batches, and hands their effects back to the play
version_added: "0.1.0"
description:
  - Preloads plugins and packed modules for M(cartable.fleet.batch) before the play forks its workers, to save time and
    memory. If preloading fails, C(-v) says why.
  - Lets the play itself run the file, one task after the other, if the variable C(cartable_batch) is false for all
    hosts, if a task has C(run_once) (with a warning), or if ansible-core was not tested with the batch (with one
    warning).
  - Hands registered variables and notified handlers of a failed batch back to the play, since Ansible ignores those of
    a failed action. With ansible-core 2.20 it hands back the variables of every batch, each kind with its own
    precedence.
author:
  - Cartable contributors (@cartable)
requirements:
  - enabled in the configuration (callbacks_enabled)
"""

import importlib

from ansible.plugins.callback import CallbackBase
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import support

BATCH = "cartable.fleet.batch"
ADAPTER = f"{support.__package__}.ansible_adapter"


def is_batch(task):
    """Whether a task is a batch, however it writes the action."""
    return BATCH in (task.action, getattr(task, "_resolved_action", None))


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = BATCH
    CALLBACK_NEEDS_ENABLED = True
    has_warned = False

    def v2_playbook_on_play_start(self, play):
        if not support.problem():
            _adapter("result_handback").enable_callback()

    def v2_playbook_on_task_start(self, task, is_conditional):
        if not is_batch(task):
            return
        try:
            if support.problem():
                self._include_instead(task)
            else:
                _adapter("preload").prepare(task)
        except Exception as error:
            self._display.v(f"The batch was not preloaded: {type(error).__name__}: {error}")

    def _include_instead(self, task):
        if not self.has_warned:
            self.has_warned = True
            self._display.warning(
                f"Batches run their tasks one by one, the ordinary way: {support.problem()}."
            )
        module = _adapter("include_instead")
        module.include_instead(task, module.path_of(task))

    def v2_playbook_on_handler_task_start(self, task):
        self.v2_playbook_on_task_start(task, False)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._take_effects(result, failed=True)

    def v2_runner_on_ok(self, result):
        self._take_effects(result, failed=False)

    def v2_runner_on_unreachable(self, result):
        self._take_effects(result, failed=True)

    def v2_playbook_on_stats(self, stats):
        if not support.problem():
            try:
                _adapter("module_cache").store()
            except Exception as error:
                self._display.v(f"The packed modules were not kept: {type(error).__name__}: {error}")

    def _take_effects(self, result, *, failed):
        if is_batch(result.task):
            _adapter("result_handback").take_effects(failed=failed)


def _adapter(name):
    """A module of the adapter; with another ansible-core some cannot be imported."""
    return importlib.import_module(f"{ADAPTER}.{name}")
