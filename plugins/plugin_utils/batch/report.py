# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Report of a batch: each task as an item while it runs, and one result with all of them at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError

from .ansible_adapter import result_handback, results
from .ansible_adapter.host import Host
from .ansible_adapter.outcome import Effects, Outcome

MOST_ITEMS = 3  # most loop items named in one message
EVENTS = {
    "failed": "v2_runner_item_on_failed",
    "unreachable": "v2_runner_item_on_failed",
    "skipped": "v2_runner_item_on_skipped",
}


class Forwarder:
    """Queue of one task's executor, which forwards its callbacks as items of the batch.

    It holds them until ``release``, when the earlier tasks have ended.
    """

    def __init__(self, report: Report, task: Any) -> None:
        self._report = report
        self._task = task
        self._held: list[tuple[Any, ...]] | None = []
        self.shown = 0

    def release(self) -> Forwarder:
        """Forward the held callbacks, and later ones at once."""
        held, self._held = self._held or [], None
        for event, item in held:
            self._forward(event, item)
        return self

    def send_callback(self, event: str, *arguments: Any) -> None:
        """Receive one callback of an executor."""
        item = results.callback_item(self._task, arguments)
        if self._held is None:
            self._forward(event, item)
        else:
            self._held.append((event, item))

    def _forward(self, event: str, item: tuple[Any, str, str, bool]) -> None:
        result, label, name, hidden = item
        if event.startswith("v2_runner_item_on_"):
            self.shown += 1
        if event == "v2_runner_retry" or event.startswith(("v2_runner_item_on_", "v2_on_file_diff")):
            self._report.items.show(event, result, f"{name} => {label}" if label else name, hidden=hidden)


def _in_words(result: Mapping[str, Any]) -> str:
    """The message of a failed result; for a loop, the messages of its failed items."""
    said = str(result.get("msg", "no message"))
    items = result.get("results")
    failed = (
        [item for item in items if isinstance(item, dict) and item.get("failed")]
        if isinstance(items, list)
        else []
    )
    told = [
        "an item whose output has been hidden"
        if "censored" in item or item.get("_ansible_no_log")
        else f"{item.get('_ansible_item_label', item.get('item'))}: {item.get('msg', 'no message')}"
        for item in failed[:MOST_ITEMS]
    ]
    more = [f"{len(failed) - MOST_ITEMS} more"] if len(failed) > MOST_ITEMS else []
    return f"{said} ({'; '.join([*told, *more])})" if told else said


class Report:
    """The tasks of a batch on one host, in the order in which they ran."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.items = results.Items(host.host, host.task)
        self.tasks: list[dict[str, Any]] = []
        self.effects = Effects()
        self.ran_ahead = ""  # tasks that ran after a failure which only the controller detects
        self.changed = False
        self.round_trips = 0

    def add(self, outcome: Outcome, forwarder: Forwarder) -> None:
        """Add the outcome of a task, and show it unless its items were shown."""
        result, name = outcome.result, outcome.task.get_name()
        states = {
            "unreachable": outcome.unreachable,
            "failed": outcome.failed,
            "skipped": result.get("skipped"),
        }
        state = next((name for name, is_so in states.items() if is_so), "ok")
        entry = {
            "name": name,
            "action": outcome.task.resolved_action or outcome.task.action,
            "state": state,
            "changed": bool(result.get("changed")),
            "ignored": outcome.ignored,
            "check_mode": bool(outcome.task.check_mode),
        }
        if state in ("failed", "unreachable"):
            entry["msg"] = None if outcome.hidden else str(result.get("msg") or "")
        self.tasks.append(entry)
        self.changed |= bool(result.get("changed")) and (not outcome.failed or outcome.ignored)
        self.effects.add(outcome)
        if not forwarder.shown:
            if state == "ok" and result.get("diff") and (self.host.shows_diffs or outcome.task.diff):
                self.items.show("v2_on_file_diff", outcome.raw, name, hidden=outcome.hidden)
            event = EVENTS.get(state, "v2_runner_item_on_ok")
            self.items.show(event, outcome.raw, name, hidden=outcome.hidden)

    def success(self) -> dict[str, Any]:
        """The result of a batch that ran to its end."""
        return self._summary() | result_handback.hand_back(self.host.task, self.effects)

    def failure(self, outcome: Outcome) -> dict[str, Any]:
        """The result of a batch with a failed task."""
        said = "the output has been hidden" if outcome.hidden else _in_words(outcome.result)
        if self.ran_ahead:
            said = f"{said} (after it, on the host, also ran: {self.ran_ahead})"
        return self._failed({"failed": True, "msg": f"{outcome.task.get_name()}: {said}"})

    def error(self, error: AnsibleError) -> dict[str, Any]:
        """The result of a batch stopped by an ``error`` other than a task's failure."""
        return self._failed(results.of_error(self.host.host, self.host.task, error))

    def unreachable(self, said: str) -> dict[str, Any]:
        """The result of a batch whose host was lost."""
        return self._failed({"unreachable": True, "msg": said}, warns=False)

    def _failed(self, result: dict[str, Any], *, warns: bool = True) -> dict[str, Any]:
        if warns:
            self._warn_of_lost_handlers()
        handed_back = result_handback.hand_back(self.host.task, self.effects, failed=True)
        return {**result, **self._summary(), **handed_back}

    def _summary(self) -> dict[str, Any]:
        """Keys common to all results."""
        own = self.host.task  # applied to each task already: do not apply them to the whole batch again
        own.no_log = own.ignore_errors = own.ignore_unreachable = False
        return {
            "changed": self.changed,
            "tasks": self.tasks,
            "round_trips": self.round_trips,
            "executions": self.host.target.executions,
        }

    def _warn_of_lost_handlers(self) -> None:
        lost = ", ".join(dict.fromkeys(self.effects.notified))
        if lost and self.host.play_goes_on_after_failure and not result_handback.callback_is_enabled:
            results.warn(
                "Ansible takes no notifications from an action that failed, so these handlers, notified in the batch before "
                f"it failed, are not run: {lost}. Enable the callback cartable.fleet.batch (callbacks_enabled)."
            )
