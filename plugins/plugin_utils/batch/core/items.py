# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The items of a loop, each left where it would run a module, and gone on with later."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import versions
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.answers import Replay
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.hooks import Capture, Pause
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.jobs import Job
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.turns import Turns

if TYPE_CHECKING:
    from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.executor import InnerExecutor
    from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.host import Host

MOST_ITEMS = 20  # of a loop that are left, each with a thread; a longer one is evaluated twice


class Item:
    """One item, with an executor and variables of its own: the loop goes on to the next one meanwhile."""

    def __init__(self, executor: InnerExecutor, **given: Any) -> None:
        self.executor = copy.copy(executor)
        self.turns: Turns[Job, list[dict[str, Any]], Any] = Turns(self._execute)
        self._around = copy_context()
        self._given = given
        self._context: Any = None
        if versions.TaskContext is not None:
            self._context = copy.copy(versions.TaskContext.current())
        else:
            variables, templar = dict(given["variables"]), given["templar"]
            self._given = {"variables": variables, "templar": type(templar)(templar._loader, variables)}

    def _execute(self) -> Any:
        return self._around.run(self._execute_inside)

    def _execute_inside(self) -> Any:
        with self._context or nullcontext():
            return self.executor.execute_now(**self._given)

    def go_on(self, executor: InnerExecutor, answer: list[dict[str, Any]], *, templar: Any = None) -> Any:
        """Its result, now that ``executor``, another one of the same task, has come to it."""
        if self._context is None:
            self.turns.go_on(answer)
            executor._task = self.executor._task  # which is rendered
            # For the label of the item, which is rendered with what its task has been.
            templar.available_variables = self._given["templar"].available_variables
        else:
            current = versions.TaskContext.current()
            self._context._raw_loop_results = current._raw_loop_results
            self.turns.go_on(answer)
            current._task = self._context._task
        return self.turns.result()


class CaptureItems(Capture):
    """Hooks that leave the items of a loop, unless it is a long one, which ``is_left`` has to allow."""

    def __init__(self, host: Host, blocked: Callable[[str], bool], *, is_left: bool) -> None:
        super().__init__(host, blocked)
        self.items: list[Item] = []
        self._is_left = is_left

    def execute(self, executor: InnerExecutor, *arguments: Any, **named: Any) -> Any:
        """Begin the next item."""
        if not self._is_left or executor.loops_over > MOST_ITEMS:
            return super().execute(executor, *arguments, **named)
        item = Item(executor, **named)
        item.executor.hooks = _PauseItem(self.host, self.blocked, item.turns)
        self.items.append(item)
        item.turns.start()
        self.jobs.append(item.turns.asked)
        return item.turns.result() if item.turns.asked is None else executor.placeholder()

    def leave(self) -> None:
        """End the items where they are."""
        for item in self.items:
            item.turns.leave()


class _PauseItem(Pause):
    twice = True  # that a Python was found would be told by each item


class ReplayItems(Replay):
    """Hooks that go on with the items that were left and have an answer."""

    def __init__(self, host: Host, jobs: Sequence[Job | None], items: Sequence[Item]) -> None:
        super().__init__(host, jobs)
        self._items = iter(items)

    def execute(self, executor: InnerExecutor, *arguments: Any, **named: Any) -> Any:
        """Go on with the next item, or execute it now."""
        item = next(self._items, None)
        if item is None or item.turns.asked is None or item.turns.asked.answer is None:
            return super().execute(executor, *arguments, **named)
        self.item += 1
        return item.go_on(executor, item.turns.asked.answer, templar=named.get("templar"))
