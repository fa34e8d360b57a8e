"""Kills the whole run, controller and forks, before a task begins. Enabled by the tests of cut runs only."""

from __future__ import annotations

import os
import signal

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: kill_before
type: aggregate
short_description: Kills the run before a task
description: For tests. C(CARTABLE_TEST_KILL_BEFORE) is the task's name, and how often it may begin before, with a colon between.
"""


class CallbackModule(CallbackBase):
    """Sends SIGKILL to the process group, as a power cut would."""

    CALLBACK_VERSION = 2.0
    CALLBACK_NAME = "kill_before"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self._name, _, count = os.environ.get("CARTABLE_TEST_KILL_BEFORE", ":0").rpartition(":")
        self._left = int(count)

    def v2_playbook_on_task_start(self, task, is_conditional):
        """Kill, or count."""
        if self._name and task.name == self._name:
            if self._left == 0:
                os.killpg(0, signal.SIGKILL)
            self._left -= 1
