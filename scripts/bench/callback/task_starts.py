"""Callback that writes when each task began and of which role it is, one line of JSON a task."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: task_starts
type: notification
short_description: Writes when each task began
description: One line of JSON a task, to the file named in the environment variable CARTABLE_BENCH_TASKS.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "task_starts"

    def v2_playbook_on_task_start(self, task, is_conditional):
        role = task._role.get_name() if task._role else ""
        with Path(os.environ["CARTABLE_BENCH_TASKS"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"time": time.time(), "role": role, "task": task.get_name()}) + "\n")
