# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a batch tells: each task as an item while it goes, and one result with all of them at the end."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import results, taking_in
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.host import Host
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.outcomes import Brought, Outcome

EVENTS = {
    "failed": "v2_runner_item_on_failed",
    "unreachable": "v2_runner_item_on_failed",
    "skipped": "v2_runner_item_on_skipped",
}


class Relay:
    """The queue of one task's executor: what it says of its loop's items is shown as items of the batch."""

    def __init__(self, report: Report, task: Any) -> None:
        self._report = report
        self._task = task
        self.shown = 0

    def send_callback(self, event: str, *arguments: Any) -> None:
        """Take one callback of an executor."""
        item, label, name, hidden = results.item_of_callback(self._task, arguments)
        if event.startswith("v2_runner_item_on_"):
            self.shown += 1
        if event == "v2_runner_retry" or event.startswith(("v2_runner_item_on_", "v2_on_file_diff")):
            self._report.items.show(event, item, f"{name} => {label}" if label else name, hidden=hidden)


class Report:
    """The tasks of a batch on one host, in the order in which they ran."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.items = results.Items(host.host, host.task)
        self.tasks: list[dict[str, Any]] = []
        self.brought = Brought()
        self.ran_ahead: list[str] = []  # ran after a task of which only the controller knew that it failed
        self.changed = False

    def add(self, outcome: Outcome, relay: Relay) -> None:
        """Note what became of a task, and show it unless its items were shown."""
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
        self.brought.add(outcome)
        if not relay.shown:
            if state == "ok" and result.get("diff") and (self.host.shows_diffs or outcome.task.diff):
                self.items.show("v2_on_file_diff", outcome.raw, name, hidden=outcome.hidden)
            event = EVENTS.get(state, "v2_runner_item_on_ok")
            self.items.show(event, outcome.raw, name, hidden=outcome.hidden)

    def success(self, round_trips: int) -> dict[str, Any]:
        """The result of a batch that ran to its end."""
        result = self._summary(round_trips)
        return result | results.hand_back(self.host.task, self.brought, result)

    def failure(self, outcome: Outcome, round_trips: int) -> dict[str, Any]:
        """The result of a batch that a task has ended."""
        self._warn_of_lost()
        said = "the output has been hidden" if outcome.hidden else outcome.result.get("msg", "no message")
        if self.ran_ahead:
            said = f"{said} (after it, on the host, also ran: {', '.join(self.ran_ahead)})"
        return {
            "failed": True,
            "msg": f"{outcome.task.get_name()}: {said}",
            **self._summary(round_trips),
            **results.hand_back(self.host.task, self.brought, {}, failed=True),
        }

    def cut_short(self, error: AnsibleError, round_trips: int) -> dict[str, Any]:
        """The result of a batch whose rest cannot be run, for an ``error`` that is no task's."""
        self._warn_of_lost()
        return {
            **results.of_error(self.host.host, self.host.task, error),
            **self._summary(round_trips),
            **results.hand_back(self.host.task, self.brought, {}, failed=True),
        }

    def unreachable(self, said: str, round_trips: int) -> dict[str, Any]:
        """The result of a batch whose host was lost."""
        return {
            "unreachable": True,
            "msg": said,
            **self._summary(round_trips),
            **results.hand_back(self.host.task, self.brought, {}, failed=True),
        }

    def _summary(self, round_trips: int) -> dict[str, Any]:
        """What every result has.

        Its tasks have each minded the keywords around the batch, which are not to hold for the whole a second time: nothing
        of it is secret, and a failure that it tells was not to be ignored.
        """
        own = self.host.task
        own.no_log = own.ignore_errors = own.ignore_unreachable = False
        return {
            "changed": self.changed,
            "tasks": self.tasks,
            "round_trips": round_trips,
            "executions": self.host.target.executions,
        }

    def _warn_of_lost(self) -> None:
        if self.brought.notified and self.host.failure_is_not_the_end and not taking_in.is_taken_in:
            lost = ", ".join(dict.fromkeys(self.brought.notified))
            results.warn(
                "Ansible takes no notifications from an action that failed, so these handlers, notified in the batch before "
                f"it failed, are not run: {lost}. Enable the callback cartable.fleet.batch (callbacks_enabled)."
            )
