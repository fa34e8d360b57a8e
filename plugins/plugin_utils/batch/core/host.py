# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host of the running batch: what Ansible knows of it, and its tasks one by one."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from ansible import context
from ansible.errors import AnsibleError
from ansible.playbook.block import Block
from ansible.playbook.included_file import IncludedFile
from ansible.playbook.role_include import IncludeRole
from ansible.playbook.task import Task
from ansible.playbook.task_include import TaskInclude
from ansible.plugins.action import ActionBase
from ansible.template import Templar
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import dependencies
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import (
    actions,
    ahead,
    choice,
    following,
    known_vars,
    loading,
    tasks,
    versions,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.answers import Replay
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.connection import Target
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.errors import (
    Includes,
    NotBatchable,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.executor import (
    InnerExecutor,
    Silence,
    calling_executor,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.hooks import Pause
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.items import CaptureItems, ReplayItems
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.jobs import Job, Taken
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.memos import Memos
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.modules import Module, unpack
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.outcomes import Outcome
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.packing import packed_before
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.turns import Turns


class Host:
    """The host of the running batch: what Ansible's executor knows, found from the action plugin that it called."""

    def __init__(self, action: ActionBase, task_vars: dict[str, Any]) -> None:
        self.task: Task = action._task
        self.task_vars = task_vars
        self.executor = calling_executor()
        self.host = self.executor._host
        self.variable_manager = self.executor._variable_manager
        self.loader = action._loader
        self.play = tasks.play_of(self.task)
        self.memos = Memos()
        self.target = Target(action, self.memos)
        self.together = choice.together(action._templar)
        self.modules: dict[Any, Module] = {}  # by all that decides what is packed
        self._copies: dict[str, Task] = {}  # one of each task, made before the play forked
        self._included: dict[Any, following.Included] = {}  # likewise, what the includes name
        self._given: tuple[Any, following.Included] | None = None  # of these the last one
        # Asked for on the command line, also of a task with "diff: false" whose module tells one all the same.
        self.shows_diffs = bool(context.CLIARGS.get("diff"))
        self._tags = context.CLIARGS.get("tags") or (), context.CLIARGS.get("skip_tags") or ()
        self._base = {key: value for key, value in task_vars.items() if key != "_task"}
        self._known_vars = [known_vars.KnownVars(self, self.task, self._base)]  # the batch's own first
        signal.alarm(0)  # the keyword timeout of what is around the batch is that of each of its tasks
        signal.signal(signal.SIGALRM, signal.SIG_DFL)

    # What is to be done ------------------------------------------------------------------------------------------

    def load(self, path: str) -> list[Block]:
        """Load a task file as ``include_tasks`` would at the batch's place, with the variables of the batch."""
        prepared = ahead.prepared(self.task, path)
        if prepared is not None:
            self._copies, self._included = prepared.copies, prepared.included
            return prepared.file.blocks
        return self._blocks(path, loading.including(self.task, path), self.task._role)

    @staticmethod
    def is_include(outcome: Outcome) -> bool:
        """Whether the task asks for other tasks, which are to be run in its place."""
        return (
            outcome.task.action in tasks.INCLUDES and not outcome.failed and not outcome.result.get("skipped")
        )

    def included(self, outcome: Outcome) -> list[Block]:
        """Load the files or roles that an include names, each with the variables of its item, as a strategy does."""
        self._given = None
        if isinstance(outcome.task, IncludeRole) and not tasks.has_loop(outcome.task):
            blocks = self._known_blocks(following.key_of_role(outcome.task))
            if blocks is not None:
                return blocks
        play = SimpleNamespace(_play=self.play)
        if versions.TaskContext is not None:
            said = versions.HostTaskResult(host=self.host, task=outcome.task, utr=outcome.raw)
        else:
            said = versions._RawTaskResult(
                host=self.host, task=outcome.task, return_data=outcome.raw, task_fields={}
            )
        blocks: list[Block] = []
        for file in IncludedFile.process_include_results([said], play, self.loader, self.variable_manager):
            include, name = file._task, str(file._filename)
            if not (file._is_role or file._vars):
                known = self._known_blocks(following.key_of_file(include, name))
                if known is not None:
                    blocks += known
                    continue
            parent = include.copy(exclude_parent=True)
            parent._parent = include._parent
            parent.vars = parent.vars | file._vars
            if file._is_role:
                blocks += loading.load_role(parent, self.play, self.variable_manager, self.loader)
                self._note_roles()
            else:
                blocks += self._blocks(name, parent, include._role)
        return blocks

    def _known_blocks(self, key: Any) -> list[Block] | None:
        """What is loaded of an include, where it has not changed since; given once, since tasks are rendered in place."""
        known = self._included.pop(key, None)
        if known is None or not known.is_as_it_was():
            return None
        self._given = key, known
        if known.roles:
            self.play.roles.extend(known.roles)
            self._note_roles()
        return known.blocks

    def not_used(self) -> None:
        """What the last include has named was only looked at, and is asked for again."""
        if self._given is not None:
            key, known = self._given
            self._included[key] = known
            del self.play.roles[len(self.play.roles) - len(known.roles) :]

    def _note_roles(self) -> None:
        """Let the tasks see which roles the play has by now."""
        magic = known_vars.magic_variables(self, self.task)
        for known in self._known_vars:
            known.variables.update((name, magic[name]) for name in known_vars.OF_ROLES if name in magic)

    def _blocks(self, path: str, include: TaskInclude, role: Any) -> list[Block]:
        return loading.load(path, include, role, self.play, self.variable_manager, self.loader)

    def rescuing(self, outcome: Outcome) -> dict[str, Any]:
        """Let the tasks of a rescue see what has failed; the variables that tell it, which the play keeps as well."""
        task = outcome.task
        tell = getattr(task, "serialize", task.dump_attrs)  # ansible-core 2.19 tells more
        failed = {"ansible_failed_task": tell(), "ansible_failed_result": outcome.result}
        self.variable_manager.set_nonpersistent_facts(self.host.name, failed)
        self._base |= failed
        self._forget_vars()
        return failed

    @property
    def failure_is_not_the_end(self) -> bool:
        """Whether the play goes on with the host after the batch has failed: around it, or with handlers at the end."""
        entries = [self.task, *tasks.parents(self.task)]
        for inner, outer in pairwise(entries):
            if isinstance(outer, Block) and (outer.rescue or outer.always):
                after = {one._uuid for one in [*outer.rescue, *outer.always]}
                if inner._uuid not in after:
                    return True
        return bool(self.play.force_handlers)

    def wanted(self, task: Task) -> bool:
        """Whether ``--tags`` and ``--skip-tags`` let the task run."""
        return bool(task.evaluate_tags(*self._tags, all_vars=self.vars_of(task)))

    def vars_of(self, task: Task) -> dict[str, Any]:
        """The variables of ``task``, not rendered, as the strategy would give them to a worker now."""
        return {**self._known(task).variables, "environment": task.environment}

    def reader_of(self, task: Task) -> dependencies.Reader:
        """What tells which variables the templates of ``task`` read."""
        return self._known(task).reader

    def read_to_reach(self, task: Task) -> frozenset[str]:
        """The variables that are read to know how the host is reached, which are no task's own."""
        return self._known(task).read_to_reach

    def _known(self, task: Task) -> known_vars.KnownVars:
        decides = known_vars.deciding(task)
        known = next((known for known in self._known_vars if known.decides == decides), None)
        if known is None:
            del self._known_vars[1 : len(self._known_vars) - known_vars.MOST]
            found = self.variable_manager.get_vars(play=self.play, host=self.host, task=task)
            for name in ("ansible_play_hosts", "ansible_play_batch", "play_hosts", "ansible_play_hosts_all"):
                if name in self._base:
                    found[name] = self._base[name]
            known = known_vars.KnownVars(self, task, found)
            self._known_vars.append(known)
        return known

    def remember(self, outcome: Outcome) -> None:
        """Let later tasks see what a task has registered or set."""
        lasting = {**outcome.set_facts, **outcome.registered}
        if lasting:
            self.variable_manager.set_nonpersistent_facts(self.host.name, lasting)
        if outcome.facts:
            self.variable_manager.set_host_facts(self.host.name, dict(outcome.facts))
        for name, value in outcome.included.items():
            self.variable_manager.set_host_variable(self.host.name, name, value)
        if outcome.facts or outcome.included:
            self._base |= self.variable_manager.get_vars(play=self.play, host=self.host, task=self.task)
            self._forget_vars()
        elif lasting:
            for known in self._known_vars:
                known.set(lasting, self.variable_manager.extra_vars)

    def _forget_vars(self) -> None:
        """Forget the variables of tasks; those of the batch's own are refreshed."""
        self._known_vars = [known_vars.KnownVars(self, self.task, self._base)]

    # Running one task --------------------------------------------------------------------------------------------

    def resolve(self, task: Task) -> Task:
        """A copy of ``task`` that has the keywords of the blocks around it for its own, as an executor needs it.

        An executor renders its task in place: for each a copy of its own.
        """
        found = self._copies.pop(task._uuid, None) or tasks.resolved(task)
        found.name = task.name
        return found

    def _render_name(self, task: Task) -> None:
        """Render the name for the callbacks, before the task is begun, as a strategy does."""
        if isinstance(task.name, str) and "{" in task.name:  # YAML's true is a name, too
            with suppress(AnsibleError):  # it is shown as it is written
                templar = Templar(loader=self.loader, variables=self.vars_of(task))._engine
                task.post_validate_attribute("name", templar=templar)

    def take(
        self, task: Task, resolved: Task, blocked: Callable[[str], bool], relay: Any, *, is_left: bool
    ) -> Taken:
        """Evaluate ``task``, of which ``resolved`` is a copy to be used up, as far as the modules it runs.

        ``blocked`` tells of a template file's text whether it may read what is not known yet. ``is_left``: the task is left
        there, each item of its loop for itself, and gone on with; otherwise it is evaluated again.
        Raises NotBatchable, and Includes for an include without a loop that is left.
        """
        self._render_name(task)
        resolved.name = task.name
        with self.target.not_reached():
            if is_left and not tasks.has_loop(task):
                return self._take_once(task, resolved, blocked, relay)
            return self._take_items(task, resolved, blocked, relay, is_left=is_left)

    def _take_once(self, task: Task, resolved: Task, blocked: Callable[[str], bool], relay: Any) -> Taken:
        executor = self._executor(resolved, relay)
        turns: Turns[Job, list[dict[str, Any]] | AnsibleError, Outcome] = Turns(executor.outcome)
        executor.hooks = Pause(self, blocked, turns)
        turns.start()
        if turns.asked is None and self.is_include(turns.result()):
            raise Includes(turns.result())

        def finish() -> Outcome:
            if turns.asked is not None and turns.asked.error is not None:
                turns.go_on(turns.asked.error)
                return turns.result()
            if turns.asked is not None and turns.asked.answer is None:
                turns.leave()
                return self._replay(task, Replay(self, []), relay)
            if turns.asked is not None:
                turns.go_on(turns.asked.answer or [])
            return turns.result()

        failed = turns.asked is None and turns.result().failed
        return Taken(task, [turns.asked], failed, finish, turns.leave, once=True)

    def _take_items(
        self, task: Task, resolved: Task, blocked: Callable[[str], bool], relay: Any, *, is_left: bool
    ) -> Taken:
        executor = self._executor(resolved, Silence())
        executor.hooks = capture = CaptureItems(self, blocked, is_left=is_left)
        try:
            outcome = executor.outcome()
            if self.is_include(outcome):
                raise NotBatchable
        except BaseException:
            capture.leave()
            raise
        failed = outcome.failed and not any(capture.jobs)

        def finish() -> Outcome:
            try:
                return self._replay(task, ReplayItems(self, capture.jobs, capture.items), relay)
            finally:
                capture.leave()

        return Taken(task, capture.jobs, failed, finish, capture.leave, once=False)

    def _replay(self, task: Task, hooks: Replay, relay: Any) -> Outcome:
        """Run ``task`` with the answers that its jobs have; an item without an answer is run now."""
        executor = self._executor(self.resolve(task), relay)
        executor.hooks = hooks
        return executor.outcome()

    def run(self, task: Task, relay: Any) -> Outcome:
        """Run ``task`` the ordinary way, with a connection of its own where it wants one."""
        self.target.end_login()
        self._render_name(task)
        executor = self._executor(self.resolve(task), relay)
        if actions.reaches_target(task):
            self.target.end_program()  # the task may turn the target off, or change what a new login finds
            executor._connection, executor.shares = None, False
        outcome = executor.outcome()
        self.memos.forget_files()
        return outcome

    def _executor(self, resolved: Task, queue: Any) -> InnerExecutor:
        return InnerExecutor.make(self, resolved, self.vars_of(resolved), queue)

    def module(
        self, action: ActionBase, name: str, args: dict[str, Any], task_vars: dict[str, Any]
    ) -> Module:
        """Pack a module as Ansible does, once; finds the target's Python where that is not known yet."""
        settings = [
            task_vars.get(one)
            for one in ("ansible_python_interpreter", "ansible_python_module_rlimit_nofile")
        ]
        decides = [action._templar.template(value) for value in settings]
        key = (name, *map(str, decides), *(action._task.collections or ()))
        if key not in self.modules:
            with self.target.reached(action), packed_before() as keep_files:
                bits, path = ActionBase._configure_module(
                    action, module_name=name, module_args=args, task_vars=task_vars
                )
            self.modules[key] = unpack(name, bits, path)
            keep_files(self.modules[key].files)
        return self.modules[key]
