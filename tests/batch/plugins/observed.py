# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callback that writes one line of JSON for each task or item, in the same form for an ordinary run and a batch."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: observed
type: aggregate
short_description: Records what the tests of the batch compare
description: One line of JSON for each task or item, to the file in the environment variable OBSERVED.
"""

BATCH = "cartable.fleet.batch"
LONGEST = 20_000  # characters of one value; the rest is compared by its hash


class CallbackModule(CallbackBase):
    """Records tasks, items, differences, retries and handlers."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "observed"

    def __init__(self) -> None:
        super().__init__()
        self._file = Path(os.environ["OBSERVED"]).open("w", 1, encoding="utf-8")  # noqa: SIM115 -- until the run ends
        self._with_items: set[str] = set()
        self._handler = False

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._handler = False

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self._handler = True

    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._item("ok", result)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._item("failed", result)

    def v2_runner_item_on_skipped(self, result: Any) -> None:
        self._item("skipped", result)

    def v2_runner_on_ok(self, result: Any) -> None:
        self._task("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._task("failed", result, ignore_errors)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._task("skipped", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._task("unreachable", result)

    def v2_runner_retry(self, result: Any) -> None:
        self._write("retry", self._label(result), result)

    def v2_on_file_diff(self, result: Any) -> None:
        data = result._result
        diffs = [item.get("diff") for item in data["results"]] if "results" in data else [data.get("diff")]
        for diff in diffs:
            if diff:
                self._line({"event": "diff", "what": self._label(result), "diff": diff})

    def _item(self, event: str, result: Any) -> None:
        if result._task.action != BATCH:
            self._with_items.add(result._task._uuid)
        elif result._result.get("unreachable"):
            event = "unreachable"  # Ansible knows no items that are
        self._write(event, self._label(result), result)

    def _task(self, event: str, result: Any, ignored: bool = False) -> None:
        task, data = result._task, result._result
        # For older cores the action ends as a set_fact, and what it tells is an item where the rest is secret.
        told = next(
            (
                one
                for one in [data, *data.get("results", [])]
                if isinstance(one, dict) and "round_trips" in one
            ),
            None,
        )
        if task.action == BATCH or told:
            self._line(
                {
                    "event": "batch",
                    "failed": event in ("failed", "unreachable"),
                    "tasks": (told or {}).get("tasks"),
                    "round_trips": (told or {}).get("round_trips"),
                    "result": data,
                }
            )
            return
        if task.action.rpartition(".")[2] in ("include_tasks", "include_role") and event == "ok":
            self._line({"event": "include", "name": task.get_name()})
            return  # what it includes is seen by itself
        changed = bool(data.get("changed"))
        self._line(
            {
                "event": "task",
                "name": task.get_name(),
                "state": event,
                "changed": changed,
                "ignored": bool(ignored),
            }
        )
        if task._uuid not in self._with_items:
            self._write("handler" if self._handler else event, task.get_name(), result)
        self._with_items.discard(task._uuid)

    def _label(self, result: Any) -> str:
        label = str(result._result.get("_ansible_item_label", ""))
        name = str(result._task.get_name())
        if result._task.action == BATCH:
            return label
        return f"{name} => {label}" if label else name

    def _write(self, event: str, what: str, result: Any) -> None:
        data = dict(result._result)
        for key in (
            "item",
            data.get("ansible_loop_var"),
            "ansible_loop_var",
            "_ansible_item_label",
            "_ansible_no_log",
            "_ansible_item_result",
        ):
            data.pop(key, None)
        if not data.get("results", True):
            del data["results"]  # of an empty loop
        self._line({"event": event, "what": what, "result": data})

    def _line(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(_plain(line), ensure_ascii=True) + "\n")
        self._file.flush()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, str):
        if len(value) > LONGEST:
            return "sha256:" + hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()
        return str(value)
    return value if value is None or isinstance(value, (bool, int, float)) else repr(value)
