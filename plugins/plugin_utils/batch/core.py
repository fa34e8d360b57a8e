# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything of the batch that touches ansible-core's internals, and nothing else.

A task is evaluated by Ansible's own executor and its own action plugins, so that conditions, loops, results and their
registration are Ansible's own and not an imitation. It is left where it would run a module and gone on with when the target
has answered (``Pause``), or else evaluated twice: until it would run a module (``Capture``), and again with the answers
(``Replay``). Only what goes over the connection is intercepted. ``tests/unit/batch/test_core.py`` names each internal that
is relied on.
"""

from __future__ import annotations

import ast
import base64
import copy
import dataclasses
import functools
import hashlib
import importlib
import inspect
import json
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import Context
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ansible import constants as C
from ansible import context
from ansible.errors import AnsibleError, AnsibleFileNotFound, AnsibleParserError
from ansible.executor import module_common
from ansible.executor.task_executor import TaskExecutor
from ansible.module_utils.common.json import Direction, get_module_encoder
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.playbook.block import Block
from ansible.playbook.helpers import load_list_of_blocks
from ansible.playbook.included_file import IncludedFile
from ansible.playbook.role_include import IncludeRole
from ansible.playbook.task import Task
from ansible.playbook.task_include import TaskInclude
from ansible.plugins import action as actions
from ansible.plugins.action import ActionBase
from ansible.plugins.connection import ssh
from ansible.plugins.loader import action_loader, module_loader, module_utils_loader
from ansible.release import __version__ as ansible_version
from ansible.template import Templar, trust_as_template
from ansible.utils.collection_loader import AnsibleCollectionConfig, _collection_finder
from ansible.utils.display import Display
from ansible.utils.path import unfrackpath
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import packed
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.dependencies import EVERYTHING
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.memos import Memos
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.payload import module_files
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.turns import Turns

try:  # ansible-core 2.21: results are objects, and the task is in an ambient context
    from ansible._internal._task import (
        POLYMORPHIC_RESULT_EXPRESSION,
        HostTaskResult,
        TaskContext,
        UnifiedTaskResult,
        VariableLayer,
    )
except ImportError:  # 2.19, 2.20: results are dictionaries
    from ansible._internal._task import TaskContext as OlderContext

    TaskContext = None

ZIP_DATA = re.compile(r"""\bzip_data=['"]([A-Za-z0-9+/=]*)['"],?""")  # in the script of a packed module
UNPACKED: dict[bytes, Mapping[str, bytes]] = {}  # the files of packed modules, by the SHA-256 of the archive
MODULES_OF_FILES = tuple(f"ansible.legacy.{name}" for name in ("stat", "copy", "file", "slurp"))
MOST_PREPARED = 4  # batches: with the strategy "free", hosts may be at several
LARGEST_FILE = 256 * 1024  # bytes of a file that travels inside the batch; a larger one goes the ordinary way
LOGIN = 5  # seconds: a login that takes longer is left to Ansible, which says what is wrong with it
META = frozenset(C._ACTION_META)
INCLUDES = frozenset(C._ACTION_ALL_INCLUDE_ROLE_TASKS)
# By which name a built-in action plugin is imported depends on what was imported before it.
BUILT_IN = frozenset({"ansible.plugins.action", "ansible_collections.ansible.builtin.plugins.action"})
ONE_MODULE = frozenset(
    {"normal", "command", "shell"}
)  # action plugins that run one module and hand its result on
FILES = frozenset({"copy", "template"})
# Action plugins that only calculate: looked at once, they have done nothing, and where they fail is known before.
CALCULATING = frozenset({"assert", "debug", "fail", "set_fact", "validate_argument_spec"})
OWN_MODULES = ("ansible.modules.", "ansible_collections.cartable.fleet.")
READ_AT_START = (
    "PYTHON",
    "LD_",
)  # variables that Python and the loader look at when they start, and a fork never
WRAPPERS = frozenset({"shell", "template"})  # action plugins that run another one, "command" and "copy"
_OVER_THE_CONNECTION = ("_low_level_execute_command", "exec_command", "put_file", "fetch_file")
CENSORED = "the output has been hidden due to the fact that 'no_log: true' was specified for this result"


class Captured(BaseException):
    """The task has come to the point where it would run a module; not an Exception, so that nothing swallows it."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job


class NotBatchable(BaseException):
    """The task has to run the ordinary way, in its place."""


class BatchError(BaseException):
    """The batch and Ansible disagree: a bug, which must not be passed over, as Ansible does with an Exception of a task."""


@dataclass
class Job:
    """One module run, or one file to copy, for the target; ``wire`` is what the target gets."""

    wire: dict[str, Any]
    become: Any  # the become plugin with its options, or None
    shebang: str
    modules: tuple[Module, ...]
    profile: str
    environment: Mapping[str, str] = field(default_factory=dict)
    go_on_after_failure: bool = False
    answer: list[dict[str, Any]] | None = None

    def goes_with(self, other: Job) -> bool:
        """Whether both may run in one program on the target: the same user, the same Python."""
        return self.shebang == other.shebang and _identity(self.become) == _identity(other.become)

    @property
    def may_bring_facts(self) -> bool:
        """Whether a module of it may return facts, and with them any variable."""
        return any(module.may_bring_facts for module in self.modules)

    @property
    def size(self) -> int:
        """Bytes of the file that it brings along."""
        return len(self.wire.get("content", ""))

    def lose(self) -> None:
        """Take note that the program which ran the modules has ended in the middle of this job: it may have run."""
        first = self.wire["calls"]["stat"] if self.wire["kind"] == "copy" else self.wire["module"]
        said = "The program that ran the modules on the target was ended in the middle of this task."
        run = {"module": first["name"], "rc": 1, "stdout": "", "stderr": said, "timed_out": False}
        self.answer = [run]


@dataclass(frozen=True)
class Module:
    """One module as AnsiballZ packs it."""

    name: str
    bits: Any
    path: str
    shebang: str
    call: Mapping[str, Any]
    files: Mapping[str, bytes] = field(repr=False)

    @functools.cached_property
    def may_bring_facts(self) -> bool:
        """Whether what it consists of, besides Ansible's own utilities, may return facts: by their name, or as JSON.

        Ansible's own modules, and this collection's, name them where they return any.
        """
        own = str(self.call.get("fqn")).startswith(OWN_MODULES)
        signs = (
            (b"ansible_facts",) if own else (b"ansible_facts", b"json.load", b"from_json", b"literal_eval")
        )
        return any(
            any(sign in source for sign in signs) and not _is_of_ansible(path, source)
            for path, source in self.files.items()
        )


@dataclass
class Outcome:
    """What became of one task: its result as a callback would see it, and what it leaves behind."""

    task: Task
    result: dict[str, Any]
    raw: Any
    registered: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    set_facts: dict[str, Any] = field(default_factory=dict)
    included: dict[str, Any] = field(default_factory=dict)  # by include_vars
    notified: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed"))

    @property
    def ignored(self) -> bool:
        return self.failed and bool(self.task.ignore_errors)

    @property
    def unreachable(self) -> bool:
        return bool(self.result.get("unreachable"))

    @property
    def hidden(self) -> bool:
        """Whether nothing of the result may be told."""
        return bool(self.task.no_log or self.result.get("_ansible_no_log"))


@dataclass(frozen=True)
class Taken:
    """A task that is evaluated as far as the modules it runs: its jobs, one an item (None: no module would run).

    ``failed``: before any module. ``finish`` runs the rest, with the answers in the jobs; ``leave`` drops it.
    """

    task: Task
    jobs: Sequence[Job | None]
    failed: bool
    finish: Callable[[], Outcome]
    leave: Callable[[], None]


@dataclass
class Brought:
    """What the tasks of a batch leave to the play: variables by kind, and notified handlers."""

    lasting: dict[str, Any] = field(default_factory=dict)  # registered and by set_fact
    facts: dict[str, Any] = field(default_factory=dict)
    included: dict[str, Any] = field(default_factory=dict)
    notified: list[str] = field(default_factory=list)
    rescued: dict[str, Any] = field(default_factory=dict)  # what the last rescue was told of
    secret: bool = False  # something of it may not be told

    def add(self, outcome: Outcome) -> None:
        """Add what one task leaves."""
        self.secret |= outcome.hidden
        self.lasting |= {**outcome.set_facts, **outcome.registered}
        self.facts |= outcome.facts
        self.included |= outcome.included
        self.notified += outcome.notified


class Host:
    """The host of the running batch: what Ansible's executor knows, found from the action plugin that it called."""

    def __init__(self, action: ActionBase, task_vars: dict[str, Any]) -> None:
        self.action = action
        self.task: Task = action._task
        self.task_vars = task_vars
        self.executor = _calling_executor()
        self.host = self.executor._host
        self.variable_manager = self.executor._variable_manager
        self.loader = action._loader
        self.connection = action._connection
        self._options = dict(self.connection._options)
        self._play_context = self.connection._play_context
        self.play = _play_of(self.task)
        self._login: subprocess.Popen[bytes] | None = None
        self.modules: dict[Any, Module] = {}  # by all that decides what is packed
        self.memos = Memos()
        self._copies: dict[str, Task] = {}  # one of each task, made before the play forked
        self._tags = context.CLIARGS.get("tags") or (), context.CLIARGS.get("skip_tags") or ()
        self._base = {key: value for key, value in task_vars.items() if key != "_task"}
        self._own = self.task.get_vars()
        signal.alarm(0)  # the keyword timeout of what is around the batch is that of each of its tasks
        signal.signal(signal.SIGALRM, signal.SIG_DFL)

    # What is to be done ------------------------------------------------------------------------------------------

    def load(self, path: str) -> list[Block]:
        """Load a task file as ``include_tasks`` would at the batch's place, with the variables of the batch."""
        prepared = PREPARED.get(self.task._uuid)
        if prepared is not None and prepared.holds(path):
            del PREPARED[self.task._uuid]  # its tasks are rendered in place: nobody else can have them
            self._copies = prepared.copies
            return prepared.blocks
        return self._blocks(path, _including(self.task), self.task._role)

    @property
    def on_controller(self) -> bool:
        """Whether the target is this machine, where lookups see what modules write."""
        return bool(self.connection.transport == "local")

    @staticmethod
    def registers(task: Task) -> set[str]:
        """The variables that ``task`` registers or sets; EVERYTHING where that cannot be told."""
        named = task.register or ()
        names = {named} if isinstance(named, str) else set(named)
        if task.action in C._ACTION_SET_FACT:
            told = all(name.isidentifier() and not name.startswith("_") for name in task.args)
            names |= set(task.args) if told else {EVERYTHING}
        return names

    @staticmethod
    def caches_facts(task: Task) -> bool:
        """Whether ``set_fact`` sets facts as a module would."""
        return task.action in C._ACTION_SET_FACT and "cacheable" in task.args

    @staticmethod
    def copies_file(task: Task) -> bool:
        """Whether the task brings a file of the controller's to the target."""
        return task.action.rpartition(".")[2] in FILES and "src" in task.args

    @staticmethod
    def warn(text: str) -> None:
        """Show a warning, as one of the batch."""
        Display().warning(text)

    @staticmethod
    def projects(task: Task) -> bool:
        """Whether an expression makes what ``task`` registers, and not just its result is kept (ansible-core 2.21)."""
        if TaskContext is None:
            return False
        return any(value != POLYMORPHIC_RESULT_EXPRESSION for value in (task.register or {}).values())

    @staticmethod
    def expressions(task: Task) -> list[Any]:
        """What of ``task`` is an expression without its being in braces: conditions, and the name that ``debug`` shows."""
        bare = {"assert": "that", "debug": "var"}.get(task.action.rpartition(".")[2])
        return [task.when, *([task.args.get(bare)] if bare else [])]

    @staticmethod
    def is_include(outcome: Outcome) -> bool:
        """Whether the task asks for other tasks, which are to be run in its place."""
        return outcome.task.action in INCLUDES and not outcome.failed and not outcome.result.get("skipped")

    def included(self, outcome: Outcome) -> list[Block]:
        """Load the files or roles that an include names, each with the variables of its item, as a strategy does."""
        play = SimpleNamespace(_play=self.play)
        if TaskContext is not None:
            said = HostTaskResult(host=self.host, task=outcome.task, utr=outcome.raw)
        else:
            from ansible.executor.task_result import _RawTaskResult

            said = _RawTaskResult(host=self.host, task=outcome.task, return_data=outcome.raw, task_fields={})
        blocks: list[Block] = []
        for file in IncludedFile.process_include_results([said], play, self.loader, self.variable_manager):
            parent = file._task.copy(exclude_parent=True)
            parent._parent = file._task._parent
            parent.vars = parent.vars | file._vars
            if file._is_role:
                blocks += self._blocks_of_role(parent)
            else:
                blocks += self._blocks(file._filename, parent, file._task._role)
        return blocks

    def _blocks(self, path: str, include: TaskInclude, role: Any) -> list[Block]:
        return _load(path, include, role, self.play, self.variable_manager, self.loader)

    def _blocks_of_role(self, include: IncludeRole) -> list[Block]:
        blocks, handlers = include.get_block_list(
            play=self.play, variable_manager=self.variable_manager, loader=self.loader
        )
        if handlers:  # this process is a worker: the play never hears of them
            raise AnsibleParserError(
                f'A batch cannot include the role "{include._role_name}", which has handlers; put it before or after the '
                "batch.",
                obj=include.get_ds(),
            )
        return list(blocks)

    def failure(self, outcome: Outcome, why: AnsibleError) -> Outcome:
        """The outcome of a task that went well, but whose files cannot be included."""
        if TaskContext is None:
            if isinstance(why, AnsibleFileNotFound):
                said = AnsibleError(f"Could not find or access '{why.file_name}' on the Ansible Controller.")
                said.__cause__ = why
                why = said
            failed = {**outcome.raw, "failed": True, "reason": str(why)}
            return Outcome(outcome.task, failed, failed)
        with TaskContext.create(task=outcome.task, task_vars={}, host_name=self.host.name):
            result = UnifiedTaskResult.create_from_action_exception(why)
        return Outcome(outcome.task, result.as_result_dict(), result)

    def rescuing(self, outcome: Outcome) -> dict[str, Any]:
        """Let the tasks of a rescue see what has failed; the variables that tell it, which the play keeps as well."""
        task = outcome.task
        tell = getattr(task, "serialize", task.dump_attrs)  # ansible-core 2.19 tells more
        failed = {"ansible_failed_task": tell(), "ansible_failed_result": outcome.result}
        self.variable_manager.set_nonpersistent_facts(self.host.name, failed)
        self._base |= failed
        return failed

    @property
    def failure_is_not_the_end(self) -> bool:
        """Whether the play goes on with the host after the batch has failed: around it, or with handlers at the end."""
        entries = [self.task, *_parents(self.task)]
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
        if task.get_vars() == self._own and task._role is self.task._role and not task.get_include_params():
            found = dict(self._base)
        else:
            found = self.variable_manager.get_vars(play=self.play, host=self.host, task=task)
            for name in ("ansible_play_hosts", "ansible_play_batch", "play_hosts", "ansible_play_hosts_all"):
                if name in self._base:
                    found[name] = self._base[name]
        return found

    def remember(self, outcome: Outcome) -> None:
        """Let later tasks see what a task has registered or set."""
        lasting = {**outcome.set_facts, **outcome.registered}
        if lasting:
            self.variable_manager.set_nonpersistent_facts(self.host.name, lasting)
        if outcome.facts:
            self.variable_manager.set_host_facts(self.host.name, dict(outcome.facts))
        for name, value in outcome.included.items():
            self.variable_manager.set_host_variable(self.host.name, name, value)
        if lasting or outcome.facts or outcome.included:
            self._base |= self._refreshed(lasting, all_anew=bool(outcome.facts or outcome.included))

    def _refreshed(self, lasting: Mapping[str, Any], all_anew: bool) -> dict[str, Any]:
        if all_anew:
            return self.variable_manager.get_vars(play=self.play, host=self.host, task=self.task)
        above = {*self.variable_manager.extra_vars, *self.task.get_include_params()}
        if self.task._role is not None:
            above |= set(self.task._role.get_role_params(self.task.get_dep_chain()))
        return {name: value for name, value in lasting.items() if name not in above}

    # Running one task --------------------------------------------------------------------------------------------

    def resolve(self, task: Task) -> Task:
        """A copy of ``task`` that has the keywords of the blocks around it for its own, as an executor needs it.

        An executor renders its task in place: for each a copy of its own.
        """
        return self._copies.pop(task._uuid, None) or _resolved(task)

    def take(
        self, task: Task, resolved: Task, blocked: Callable[[str], bool], relay: Any, *, once: bool
    ) -> Taken:
        """Evaluate ``task``, of which ``resolved`` is a copy to be used up, as far as the modules it runs.

        ``blocked`` tells of a template file's text whether it may read what is not known yet. ``once``: the task is left
        there and gone on with. Only for one without a loop, whose items would wait for one another.
        Raises NotBatchable.
        """
        take = self._take_once if once else self._take_twice
        with self._nothing_reaches_the_target():
            return take(task, resolved, blocked, relay)

    def _take_once(self, task: Task, resolved: Task, blocked: Callable[[str], bool], relay: Any) -> Taken:
        executor = self._executor(resolved, relay)
        turns: Turns[Job, list[dict[str, Any]], Outcome] = Turns(executor.outcome)
        executor.hooks = Pause(self, blocked, turns)
        turns.start()
        if turns.asked is None and self.is_include(turns.result()):
            raise NotBatchable

        def finish() -> Outcome:
            if turns.asked is not None and turns.asked.answer is None:
                turns.leave()
                return self._replay(task, [], relay)
            if turns.asked is not None:
                turns.go_on(turns.asked.answer or [])
            return turns.result()

        failed = turns.asked is None and turns.result().failed
        return Taken(task, [turns.asked], failed, finish, turns.leave)

    def _take_twice(self, task: Task, resolved: Task, blocked: Callable[[str], bool], relay: Any) -> Taken:
        executor = self._executor(resolved, Silence())
        executor.hooks = capture = Capture(self, blocked)
        outcome = executor.outcome()
        if self.is_include(outcome):
            raise NotBatchable
        failed = outcome.failed and not any(capture.jobs)
        return Taken(
            task, capture.jobs, failed, lambda: self._replay(task, capture.jobs, relay), lambda: None
        )

    def _replay(self, task: Task, jobs: Sequence[Job | None], relay: Any) -> Outcome:
        """Run ``task`` with the answers that its jobs have; an item without an answer is run now."""
        executor = self._executor(self.resolve(task), relay)
        executor.hooks = Replay(self, jobs)
        return executor.outcome()

    def run(self, task: Task, relay: Any) -> Outcome:
        """Run ``task`` the ordinary way, with a connection of its own."""
        self._end_login()
        executor = self._executor(self.resolve(task), relay)
        executor._connection, executor.shares = None, False
        outcome = executor.outcome()
        self.memos.forget_plugins()
        return outcome

    def _executor(self, resolved: Task, queue: Any) -> InnerExecutor:
        return InnerExecutor.make(self, resolved, self.vars_of(resolved), queue)

    @contextmanager
    def shared_connection(self) -> Iterator[None]:
        """Let all inner tasks use the batch's own connection, which an executor closes when its task ends."""
        self.connection._connect()
        self.connection.close = lambda: None
        become = self.connection.become
        with suppress(Exception):  # Ansible's own login will say what is wrong
            self._login = self._log_in_ahead()
        try:
            yield
        finally:
            self._end_login()
            del self.connection.close
            self.connection.set_become_plugin(become)

    def _log_in_ahead(self) -> subprocess.Popen[bytes] | None:
        """Log in by ssh while the first tasks are being evaluated, where the connection is kept for what comes.

        It only saves time: where it fails, Ansible's own login says why. So nobody is asked for anything here.
        """
        connection = self.connection
        if inspect.getfile(type(connection)) != inspect.getfile(ssh):
            return None
        if connection._play_context.password or any(
            map(connection.get_option, ("password", "pkcs11_provider"))
        ):
            return None
        connection.host = connection.get_option("host") or connection._play_context.remote_addr
        program, quietly = connection.get_option("ssh_executable"), ("-o", "BatchMode=yes")
        command = connection._build_command(program, "ssh", *quietly, connection.host, "true")
        if not connection.control_path:
            return None  # it is not kept, or where the user says
        if Path(connection.control_path % {"directory": unfrackpath(connection.control_path_dir)}).exists():
            return None
        nothing = subprocess.DEVNULL
        return subprocess.Popen(
            command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True
        )

    def _end_login(self) -> None:
        """Let the login ahead come to its end; one that takes long is dropped."""
        if self._login is None:
            return
        try:
            self._login.wait(timeout=LOGIN)
        except subprocess.TimeoutExpired:
            self._login.terminate()
            self._login.wait()
        self._login = None

    @contextmanager
    def _nothing_reaches_the_target(self) -> Iterator[None]:
        """While a task is only looked at, an action plugin that wants to work on the target is not batchable."""

        def refuse(*_: Any, **__: Any) -> Any:
            raise NotBatchable

        vars(self.connection).update(dict.fromkeys(_OVER_THE_CONNECTION[1:], refuse))
        try:
            yield
        finally:
            for name in _OVER_THE_CONNECTION[1:]:
                vars(self.connection).pop(name, None)

    @contextmanager
    def _something_reaches_the_target(self, action: ActionBase) -> Iterator[None]:
        """What packs a module may have to find the target's Python, also while a task is only looked at."""
        self._end_login()
        kept = [
            (where, name)
            for where in (vars(action), vars(self.connection))
            for name in _OVER_THE_CONNECTION
            if name in where
        ]
        hooks = [(where, name, where.pop(name)) for where, name in kept]
        try:
            yield
        finally:
            for where, name, hook in hooks:
                where[name] = hook

    def is_own_connection(self, connection: Any) -> bool:
        """Whether ``connection`` is the batch's, with its settings: not another user, port or host of some task."""
        if connection is not self.connection:
            return False
        return all(connection._options.get(name, value) == value for name, value in self._options.items())

    # Over the connection -----------------------------------------------------------------------------------------

    def execute(self, shebang: str, become: Any, script: bytes) -> dict[str, Any]:
        """Run a Python program on the target as the become plugin says; ``rc``, ``stdout`` and ``stderr``."""
        self._end_login()
        if self.on_controller:
            self.memos.forget_plugins()
        action, shell = self.action, self.connection._shell
        self.connection._options, self.connection._play_context = dict(self._options), self._play_context
        self.connection.set_become_plugin(become)
        if action._is_pipelining_enabled("new"):
            command = shell.build_module_command("", shebang, "").strip()
            return action._low_level_execute_command(command, in_data=script)
        action._make_tmp_path()
        folder = shell.tmpdir
        try:
            path = shell.join_path(folder, "batch.py")
            action._transfer_data(path, script)
            action._fixup_perms2((folder, path))
            return action._low_level_execute_command(shell.build_module_command("", shebang, path).strip())
        finally:
            action._remove_tmp_path(folder, force=True)

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
            with self._something_reaches_the_target(action), _packed_before() as keep_files:
                bits, path = ActionBase._configure_module(
                    action, module_name=name, module_args=args, task_vars=task_vars
                )
            self.modules[key] = _unpack(name, bits, path)
            keep_files(self.modules[key].files)
        return self.modules[key]

    # Back to Ansible ---------------------------------------------------------------------------------------------

    def show(self, event: str, outcome_or_item: Any, label: str) -> None:
        """Send one inner result to the callbacks, as an item of the batch."""
        queue = Display()._final_q
        if TaskContext is not None:
            item = (
                copy.copy(outcome_or_item) if not outcome_or_item.no_log else self._censored(outcome_or_item)
            )
            item.loop_results = None
            item.loop_var, item.loop_item, item.loop_item_label = "item", label, label
            queue.send_callback(event, self.host, self.task, item)
            return
        from ansible.executor.task_result import _RawTaskResult

        unwanted = ("results", outcome_or_item.get("ansible_loop_var"))
        item = {key: value for key, value in outcome_or_item.items() if key not in unwanted}
        if item.pop("_ansible_no_log", False):
            kept = ("changed", "failed", "skipped", "attempts", "retries", "exception")
            item = {key: item[key] for key in kept if key in item} | {"censored": CENSORED}
        item |= {
            "item": label,
            "ansible_loop_var": "item",
            "_ansible_item_label": label,
            "_ansible_item_result": True,
        }
        fields = self.task.dump_attrs()
        queue.send_callback(
            event, _RawTaskResult(host=self.host, task=self.task, return_data=item, task_fields=fields)
        )

    @staticmethod
    def _censored(result: Any) -> Any:
        """A result without its content; Ansible would drop the item's label too, which names the task."""
        kept = UnifiedTaskResult.from_action_result_dict({"changed": result.changed, "censored": CENSORED})
        kept.failed, kept.exception = result.failed, result.exception
        kept.skipped, kept.attempts, kept.retries = result.skipped, result.attempts, result.retries
        return kept

    def hand_back(
        self, brought: Brought, summary: Mapping[str, Any], *, failed: bool = False
    ) -> dict[str, Any]:
        """Let the play see what the batch registered, set and notified; returns what belongs into the result.

        ``summary`` is the result otherwise, in which nothing is secret.

        After a failure Ansible takes only registered variables, and 2.19 and 2.20 not even those.
        """
        self.task.notify = list(dict.fromkeys([*(self.task.notify or []), *brought.notified])) or None
        if TaskContext is not None:
            current = TaskContext.current()
            layers = current.pending_changes.register_host_variables
            for layer, values in (
                (VariableLayer.CACHEABLE_FACT, brought.facts),
                (VariableLayer.INCLUDE_VARS, brought.included),
                (VariableLayer.REGISTER_VARS, {**brought.rescued, **brought.lasting}),
            ):
                if values:
                    layers[layer] = dict(values)
            if brought.lasting:
                current.update_task_vars({"cartable_batch_registers": brought.lasting})
                named = {
                    name: trust_as_template(f"cartable_batch_registers[{name!r}]") for name in brought.lasting
                }
                self.task.register = named | (self.task.register or {})
            return {}
        # An older strategy takes variables of one kind from a result: those of set_fact, an item each.
        lasting = {**brought.included, **brought.rescued, **brought.lasting}
        if failed or not (lasting or brought.facts):
            return {}
        self.task.action = "ansible.builtin.set_fact"
        self.task.loop = ["batch"]
        items = [{"ansible_facts": lasting}] if lasting else []
        items += (
            [{"ansible_facts": dict(brought.facts), "_ansible_facts_cacheable": True}]
            if brought.facts
            else []
        )
        if self.task.notify:
            items.append({"_ansible_notify": self.task.notify})
        if not brought.secret:
            return {"results": items}
        # Every callback is given the variables with the result: none of them may be told, but the summary may.
        hidden = [{**item, "_ansible_no_log": True} for item in items]
        return {"_ansible_no_log": True, "results": [*hidden, dict(summary)]}


@dataclass(frozen=True)
class Prepared:
    """What is the same for all hosts of a batch: its file, loaded, and a copy of each task as an executor needs it."""

    path: str
    state: tuple[int, ...]
    blocks: list[Block]
    copies: dict[str, Task]  # by the task's _uuid

    def holds(self, path: str) -> bool:
        """Whether ``path`` is the file, and has not been changed since."""
        return self.path == path and self.state == _state(path)


PREPARED: dict[str, Prepared] = {}  # by the _uuid of the batch's task


def load_ahead(batch: Task) -> list[Task]:
    """Load the file of a batch where the play runs, before it forks for the hosts; all tasks, resolved.

    It only saves time: whatever is wrong may be raised, since the hosts will say so.
    """
    while len(PREPARED) >= MOST_PREPARED:
        del PREPARED[next(iter(PREPARED))]
    loader, variables = batch.get_loader(), batch.get_variable_manager()
    path = loader.path_dwim_relative_stack(batch.get_search_path(), "tasks", batch.args["tasks_from"])
    state, play = _state(path), _play_of(batch)
    with _as_it_was(play) as brings_roles:
        blocks = _load(path, _including(batch), batch._role, play, variables, loader)
    if brings_roles():
        return []  # the play would have them before a host is there: each host's process loads them for itself
    copies = {task._uuid: _resolved(task) for task in _tasks(blocks)}
    PREPARED[batch._uuid] = Prepared(path, state, blocks, copies)
    return list(copies.values())


def import_ahead(tasks: Sequence[Task], templates: Iterable[str]) -> None:
    """Import what each host's process would: the filters and tests of ``templates``, the action plugins of ``tasks``.

    And unpack the modules that the tasks are likely to run, as far as they are kept.
    """
    environment = Templar(loader=tasks[0].get_loader())._engine.environment
    # Ansible's own filters are imported together, with the first that is used; the conditions around a batch use some.
    for text in dict.fromkeys(["{{ '' | default('') }}{{ '' is defined }}", *templates]):
        with suppress(Exception):
            environment.from_string(text)
    for direction in (Direction.CONTROLLER_TO_MODULE, Direction.MODULE_TO_CONTROLLER):
        get_module_encoder("legacy", direction)
    names = dict.fromkeys((task.action, *(task.collections or ())) for task in tasks)
    names |= {("ansible.legacy.normal",): None}
    if any(name.rpartition(".")[2] in FILES for name, *_ in names):
        importlib.import_module("ansible.plugins.action.copy")
        names |= dict.fromkeys((name,) for name in MODULES_OF_FILES)
    for name, *collections in names:
        with suppress(AnsibleError, OSError, packed.NotKept, ValueError, TypeError):
            action_loader.get(name, class_only=True, collection_list=collections)
            found = module_loader.find_plugin_with_context(name, collection_list=collections)
            if found.resolved:
                _unpack_ahead(name, found.plugin_resolved_path)


def _unpack_ahead(name: str, path: str) -> None:
    place = _place(name, path, C.DEFAULT_MODULE_COMPRESSION)
    if place.exists() or packed.bring(_packing(name, path, C.DEFAULT_MODULE_COMPRESSION), place):
        _files(module_common._CachedModule.load(str(place)).zip_data)


def _including(batch: Task) -> TaskInclude:
    """What ``include_tasks`` would be at the batch's place."""
    include = TaskInclude(block=batch._parent, role=batch._role)
    include.action = "ansible.builtin.include_tasks"
    include.args = {"_raw_params": batch.args["tasks_from"]}
    include.vars = batch.vars
    return include


def _load(
    path: str, include: TaskInclude, role: Any, play: Any, variable_manager: Any, loader: Any
) -> list[Block]:
    # Nobody else is given what is read, so that Ansible need not copy it.
    data = loader.load_from_file(path, cache="none", unsafe=True, trusted_as_template=True)
    if data is None:
        return []
    if not isinstance(data, list):
        raise AnsibleError("included task files must contain a list of tasks", obj=data)
    blocks: list[Block] = load_list_of_blocks(
        data,
        play=play,
        parent_block=include.build_parent_block(),
        role=role,
        use_handlers=False,
        variable_manager=variable_manager,
        loader=loader,
    )
    return blocks


@contextmanager
def _as_it_was(play: Any) -> Iterator[Callable[[], bool]]:
    """Take out of ``play`` the roles that are imported meanwhile; the function tells whether there were any."""
    roles, cache = list(play.roles), {path: list(found) for path, found in play.role_cache.items()}
    brought: list[Any] = []
    try:
        yield lambda: bool(brought)
    finally:
        brought += play.roles[len(roles) :]
        play.roles[:] = roles
        play.role_cache.clear()
        play.role_cache.update(cache)


def _resolved(task: Task) -> Task:
    inner = task.copy(exclude_parent=True, exclude_tasks=True)
    inner._parent = task._parent
    inner.squash()
    return inner


def _tasks(entries: Sequence[Task | Block]) -> Iterator[Task]:
    for entry in entries:
        if isinstance(entry, Block):
            yield from _tasks([*entry.block, *entry.rescue, *entry.always])
        else:
            yield entry


def _state(path: str) -> tuple[int, ...]:
    found = Path(path).stat()
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


class Silence:
    """A queue that drops what is said while a task is only looked at."""

    def send_callback(self, *arguments: Any, **named: Any) -> None:
        """Drop it."""


class InnerExecutor(TaskExecutor):
    """Ansible's executor for one task of a batch, with the hooks of ``Capture`` or ``Replay``, or without."""

    hooks: Capture | Replay | None = None
    shares = True  # the batch's connection
    owner: Host
    inner_task: Task
    inner_vars: dict[str, Any]

    @classmethod
    def make(cls, owner: Host, task: Task, task_vars: dict[str, Any], queue: Any) -> InnerExecutor:
        """Make one as a worker does."""
        outer = owner.executor
        common = {
            "host": owner.host,
            "play_context": outer._play_context.copy(),
            "loader": owner.loader,
            "shared_loader_obj": outer._shared_loader_obj,
            "final_q": queue,
            "variable_manager": owner.variable_manager,
        }
        made = cls(task=task, job_vars=task_vars, **common) if TaskContext is None else cls(**common)
        made.owner, made.inner_task, made.inner_vars = owner, task, task_vars
        made._connection = owner.connection
        return made

    def outcome(self) -> Outcome:
        """Run the task and read off its result what matters to a batch.

        In a context of its own, as in a worker: the batch's own warnings are not those of its tasks.
        """
        return Context().run(self._outcome)

    def _outcome(self) -> Outcome:
        if TaskContext is None:
            with OlderContext(self._task):
                return self._outcome_of_dict(self.run())
        with TaskContext.create(
            task=self.inner_task, task_vars=self.inner_vars, host_name=self.owner.host.name
        ):
            result = self.run()
            result.finalize_registered_values()
        self.inner_task.ignore_errors = result.ignore_errors
        self.inner_task.ignore_unreachable = result.ignore_unreachable
        found = Outcome(
            self.inner_task, result.as_result_dict(), result, dict(result.registered_values or {})
        )
        if result.failed or result.unreachable or result.skipped:
            return found  # a strategy takes no more from these
        places = {VariableLayer.CACHEABLE_FACT: found.facts, VariableLayer.INCLUDE_VARS: found.included}
        for item in result.loop_results if result.loop_results else [result]:
            for layer, variables in sorted(item.pending_changes.register_host_variables.items()):
                places.get(layer, found.set_facts).update(variables)
            if item.notify and result.changed:
                found.notified += item.notify
        return found

    def _outcome_of_dict(self, result: dict[str, Any]) -> Outcome:
        from ansible.vars.clean import module_response_deepcopy, strip_internal_keys

        task = self._task
        found = Outcome(task, result, result)
        if task.register:
            clean = strip_internal_keys(module_response_deepcopy(result))
            clean.pop("invocation", None)
            found.registered[task.register] = clean
        if result.get("failed") or result.get("unreachable") or result.get("skipped"):
            return found  # a strategy takes no more from these
        for item in result.get("results", []) if task.loop or task.loop_with else [result]:
            if not isinstance(item, dict):
                continue
            facts = item.get("ansible_facts")
            if facts and task.action not in C._ACTION_DEBUG:
                is_set_fact = task.action in C._ACTION_SET_FACT
                if task.action in C._ACTION_INCLUDE_VARS:
                    found.included.update(facts)
                elif is_set_fact:
                    found.set_facts.update(facts)
                if task.action not in C._ACTION_WITH_CLEAN_FACTS or item.get("_ansible_facts_cacheable"):
                    found.facts.update(facts)
            if item.get("_ansible_notify") and result.get("changed"):
                found.notified += item["_ansible_notify"]
        return found

    def _execute(self, *arguments: Any, **named: Any) -> Any:
        """One item: in a capture it ends where a module would run."""
        if self.hooks is None:
            return super()._execute(*arguments, **named)
        self.hooks.next_item()
        try:
            return super()._execute(*arguments, **named)
        except Captured as captured:
            self.hooks.jobs[-1] = captured.job
            return self._placeholder()

    @staticmethod
    def _placeholder() -> Any:
        if TaskContext is None:
            return {"changed": False, "failed": False}
        with UnifiedTaskResult.create_and_record({"changed": False}) as result:
            pass
        return result

    def _get_connection(self, variables: Any, templar: Any, name: str) -> Any:
        """The batch's own connection where it is the one that the task wants (that of ssh never says it is connected)."""
        shared = self.owner.connection
        if (
            not self.shares
            or not shared.matches_name([name])
            or self._play_context.remote_addr != shared._play_context.remote_addr
        ):
            return super()._get_connection(variables, templar, name)
        self._play_context.connection = name
        self._set_become_plugin(variables, templar, shared)
        self._play_context.set_attributes_from_plugin(shared)
        return shared

    def _get_action_handler_with_module_context(self, *arguments: Any, **named: Any) -> Any:
        handler, module = super()._get_action_handler_with_module_context(*arguments, **named)
        if self.hooks is not None:
            self.hooks.bind(handler)
        return handler, module


class Capture:
    """Hooks that end a task where it would run a module, with the job for the target."""

    twice = True  # the task is evaluated again afterwards

    def __init__(self, host: Host, blocked: Callable[[str], bool]) -> None:
        self.host = host
        self.blocked = blocked
        self.jobs: list[Job | None] = []

    def next_item(self) -> None:
        """Another item begins."""
        self.jobs.append(None)

    def bind(self, handler: ActionBase) -> None:
        """Hook an action plugin, or raise NotBatchable for one that has work of its own on the controller."""
        kind = _kind(handler)
        if handler._task.async_val or handler._task.delegate_to or handler._task.ignore_unreachable:
            raise NotBatchable
        if kind in CALCULATING:
            return
        if kind not in ONE_MODULE | FILES:
            raise NotBatchable
        if not self.host.is_own_connection(handler._connection):
            raise NotBatchable
        if kind in WRAPPERS:
            _hook_inner_actions(handler, self.bind)
        self._hook(handler)
        if kind == "template":
            self._hook_template(handler)
        elif kind == "copy":
            self._hook_copy(handler)

    def _hook(self, handler: ActionBase) -> None:
        handler._is_pipelining_enabled = lambda *_, **__: True
        handler._early_needs_tmp_path = lambda: False

        def configure(
            module_name: str, module_args: dict[str, Any], task_vars: dict[str, Any]
        ) -> tuple[Any, str]:
            module = self.host.module(handler, module_name, module_args, task_vars)
            if self.twice and handler._discovered_interpreter_key:
                task_vars["ansible_facts"].pop(handler._discovered_interpreter_key)
                raise NotBatchable  # which Python was found, and what was warned of, is for the task's own result to say
            handler.cartable_call = _call(module, module_name, module_args)
            handler.cartable_module = module
            return module.bits, module.path

        def reach(*arguments: Any, **named: Any) -> Any:
            wire, module = {"kind": "module", "module": handler.cartable_call}, handler.cartable_module
            self.reached(handler, self.job(handler, wire, [module]), [module.name])
            return handler._low_level_execute_command(*arguments, **named)

        handler._configure_module = configure
        handler._low_level_execute_command = reach

    def reached(self, handler: ActionBase, job: Job, configured: list[str]) -> None:
        """The task has come to the point where it would run a module."""
        raise Captured(job)

    def job(self, handler: ActionBase, wire: dict[str, Any], modules: Sequence[Module]) -> Job:
        """Complete a job with what holds for any of them."""
        task = handler._task
        environment: dict[str, Any] = {}
        handler._compute_environment_string(environment)
        if any(str(name).startswith(READ_AT_START) for name in environment):
            raise NotBatchable
        always = task.failed_when and not any(value is not False for value in task.failed_when)
        go_on = bool(task.ignore_errors) or (
            bool(always) and not task.timeout
        )  # which fails whatever failed_when says
        wire |= {
            "environment": {str(name): str(value) for name, value in environment.items()},
            "timeout": task.timeout or 0,
            "go_on_after_failure": go_on,
        }
        return Job(
            wire=wire,
            become=handler._connection.become,
            shebang=modules[0].shebang,
            modules=tuple(modules),
            profile=modules[0].call["profile"],
        )

    def _hook_template(self, handler: ActionBase) -> None:
        find = handler._find_needle

        def find_and_read(folder: str, name: str) -> str:
            path = find(folder, name)
            text = self.host.loader.get_text_file_contents(path)
            if text.startswith("#jinja2:") or any(
                option.endswith("_string") for option in handler._task.args
            ):
                text = "{{ vars }}"  # with other markers, anything may be read
            if self.blocked(text):
                raise NotBatchable
            return path

        handler._find_needle = find_and_read

    def _hook_copy(self, handler: ActionBase) -> None:
        args = handler._task.args
        if args.get("src") and not boolean(args.get("remote_src", False), strict=False):
            try:
                if Path(handler._find_needle("files", args["src"])).is_dir():
                    raise NotBatchable
            except AnsibleError:  # the action itself will say what is wrong with it
                pass

        def expand(path: str, *_: Any, **__: Any) -> str:
            if str(path).startswith("~"):
                raise NotBatchable
            return path

        real = handler._copy_file

        def copy_file(
            source_full: str,
            source_rel: str,
            content: Any,
            content_tempfile: Any,
            dest: str,
            task_vars: Any,
            follow: bool,
        ) -> Any:
            try:
                job = self.copy_job(handler, source_full, source_rel, dest, task_vars, follow)
                self.reached(handler, job, [])
            except BaseException:
                handler._remove_tempfile_if_content_defined(content, content_tempfile)
                raise
            return real(source_full, source_rel, content, content_tempfile, dest, task_vars, follow)

        handler._remote_expand_user = expand
        handler._copy_file = copy_file

    def copy_job(
        self, handler: ActionBase, source: str, name: str, dest: str, task_vars: dict[str, Any], follow: bool
    ) -> Job:
        """The job that does on the target what ``_copy_file`` of Ansible's action ``copy`` does from here."""
        from ansible.plugins.action.copy import _create_remote_copy_args, _create_remote_file_args

        args, task = handler._task.args, handler._task
        if boolean(args.get("raw", False), strict=False) or dest.endswith("/"):
            raise NotBatchable
        force = boolean(args.get("force", True), strict=False)
        decrypt = boolean(args.get("decrypt", True), strict=False)
        real = Path(self.host.loader.get_real_file(source, decrypt=decrypt))
        if real.stat().st_size > LARGEST_FILE:
            raise NotBatchable
        content = real.read_bytes()
        mode = {}
        if args.get("mode") == "preserve":
            mode = {"mode": f"0{stat.S_IMODE(real.stat().st_mode):03o}"}
        from ansible.utils.hashing import checksum

        local = checksum(str(real))
        look = {
            "path": dest,
            "follow": follow,
            "get_checksum": force,
            "get_size": False,
            "checksum_algorithm": "sha1",
        }
        copying = {
            **_create_remote_copy_args(args),
            "src": "",
            "dest": dest,
            "_original_basename": name,
            "follow": follow,
            **({} if args.get("checksum") else {"checksum": local}),
            **mode,
        }
        keeping = {
            **_create_remote_file_args(args),
            "dest": dest,
            "_original_basename": name,
            "recurse": False,
            "state": "file",
            **mode,
        }
        keeping.pop("src", None)

        common: dict[str, Any] = {}  # found once, since it takes longer than all the rest
        handler._update_module_args("", common, task_vars)

        used: dict[str, Module] = {}

        def call(module: str, arguments: dict[str, Any], ignore_unknown: bool = False) -> dict[str, Any]:
            of_call = {"_ansible_module_name": module, "_ansible_ignore_unknown_opts": ignore_unknown}
            used[module] = self.host.module(handler, module, arguments, task_vars)
            return _call(used[module], module, {**arguments, **common, **of_call})

        calls = {
            "stat": call("ansible.legacy.stat", look, True),
            "stat_nofollow": call(
                "ansible.legacy.stat", {**look, "follow": False, "get_checksum": True}, True
            ),
            "copy": call("ansible.legacy.copy", copying),
            "file": call("ansible.legacy.file", keeping),
            "peek": call("ansible.legacy.file", {"path": dest, "_diff_peek": True}),
            "slurp": call("ansible.legacy.slurp", {"path": dest}),
        }
        wire = {
            "kind": "copy",
            "calls": calls,
            "content": base64.b64encode(content).decode(),
            "dest": dest,
            "follow": follow,
            "force": force,
            "diff": bool(task.diff),
            "check_mode": bool(task.check_mode),
            "largest_diff": C.MAX_FILE_SIZE_FOR_DIFF,
        }
        return self.job(handler, wire, list(used.values()))


class Pause(Capture):
    """Hooks that leave a task where it would run a module, and then answer its modules with what the target has said."""

    twice = False

    def __init__(self, host: Host, blocked: Callable[[str], bool], turns: Turns[Job, Any, Outcome]) -> None:
        super().__init__(host, blocked)
        self._turns = turns

    def reached(self, handler: ActionBase, job: Job, configured: list[str]) -> None:
        """Wait for the target."""
        answer_modules(self.host, handler, iter(self._turns.ask(job)), configured)


class Replay:
    """Hooks that answer an action plugin's modules with what the target has said."""

    def __init__(self, host: Host, jobs: Sequence[Job | None]) -> None:
        self.host = host
        self.jobs = list(jobs)
        self.item = -1

    def next_item(self) -> None:
        """Another item begins."""
        self.item += 1

    def bind(self, handler: ActionBase) -> None:
        """Hook an action plugin where the item has an answer; otherwise, and when it is tried again, it runs as ever."""
        job = self.jobs[self.item] if self.item < len(self.jobs) else None
        if job is None or job.answer is None:
            return
        self.jobs[self.item] = None
        runs = iter(job.answer)
        answer_modules(self.host, handler, runs, [])
        if _kind(handler) in WRAPPERS:
            _hook_inner_actions(handler, lambda inner: answer_modules(self.host, inner, runs, []))


def answer_modules(
    host: Host, handler: ActionBase, runs: Iterator[dict[str, Any]], configured: list[str]
) -> None:
    """Let the modules of an action plugin, ``configured`` or to come, find what the target has said: ``runs``."""

    def configure(
        module_name: str, module_args: dict[str, Any], task_vars: dict[str, Any]
    ) -> tuple[Any, str]:
        configured.append(module_name)
        module = host.module(handler, module_name, module_args, task_vars)
        return module.bits, module.path

    def answer(*_: Any, **__: Any) -> dict[str, Any]:
        run = next(runs, None)
        if run is None or run["module"] != configured[-1]:
            raise BatchError(
                f"{configured[-1]} is wanted, but the target has run {run['module'] if run else 'nothing'}"
            )
        if run["timed_out"]:
            signal.raise_signal(signal.SIGALRM)  # as the executor's own alarm for the keyword timeout
        out, err = run["stdout"], run["stderr"]
        return {
            "rc": run["rc"],
            "stdout": out,
            "stdout_lines": out.splitlines(),
            "stderr": err,
            "stderr_lines": err.splitlines(),
        }

    handler._configure_module = configure
    handler._low_level_execute_command = answer
    handler._is_pipelining_enabled = lambda *_, **__: True
    handler._early_needs_tmp_path = lambda: False
    handler._transfer_file = lambda _, path: path
    handler._fixup_perms2 = lambda *_, **__: None
    handler._remove_tmp_path = lambda *_, **__: None
    handler._remote_expand_user = lambda path, *_, **__: path
    handler._connection = _WithShell(handler._connection, handler._connection._shell)


class _WithShell:
    """A connection whose shell has a temporary folder, which nothing uses: the target had its own."""

    def __init__(self, connection: Any, shell: Any) -> None:
        self.__dict__["_real"] = connection
        self.__dict__["_shell"] = _Shell(shell)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class _Shell:
    tmpdir = "/nonexistent"

    def __init__(self, shell: Any) -> None:
        self._real = shell

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def _hook_inner_actions(handler: ActionBase, bind: Callable[[ActionBase], None]) -> None:
    """``template`` renders, then runs the action ``copy``: hook that one as well."""
    real = handler._shared_loader_obj

    class Actions:
        @staticmethod
        def get(*arguments: Any, **named: Any) -> Any:
            inner = real.action_loader.get(*arguments, **named)
            bind(inner)
            return inner

    class Loaders:
        action_loader = Actions
        module_loader = real.module_loader

    handler._shared_loader_obj = Loaders


def _kind(handler: ActionBase) -> str:
    """The name of a built-in action plugin, "" for any other."""
    package, _, name = type(handler).__module__.rpartition(".")
    own = Path(inspect.getfile(type(handler))).parent == Path(inspect.getfile(actions)).parent
    return (
        name if package in BUILT_IN and own else ""
    )  # an action plugin of the user's may be called the same


def _calling_executor() -> TaskExecutor:
    """The executor that runs the batch's own action: it alone knows the host and the variable manager."""
    frame = inspect.currentframe()
    while frame is not None:
        found = frame.f_locals.get("self")
        if isinstance(found, TaskExecutor):
            return found
        frame = frame.f_back
    raise BatchError("no TaskExecutor has called this action")


def _parents(entry: Any) -> Iterator[Any]:
    while entry._parent is not None:
        entry = entry._parent
        yield entry


def role_imports(task: Task, batch: Task) -> Iterator[IncludeRole]:
    """The ``import_role`` that brought ``task``, innermost first, without those around the ``batch``."""
    around = {parent._uuid for parent in _parents(batch)}
    for parent in _parents(task):
        if isinstance(parent, IncludeRole) and parent.statically_loaded and parent._uuid not in around:
            yield parent


def _play_of(task: Task) -> Any:
    for parent in _parents(task):
        play = getattr(parent, "_play", None)
        if play is not None:
            return play
    raise BatchError("the task belongs to no play")


def _is_of_ansible(path: str, source: bytes) -> bool:
    """Whether a packed utility is Ansible's own: a user's are packed under the same path."""
    if not path.startswith(("ansible/module_utils/", "ansible/_vendor/")):
        return False
    own = Path(inspect.getfile(module_common)).parents[2] / path
    return own.is_file() and own.read_bytes() == source


def _identity(become: Any) -> Any:
    return None if become is None else (become.name, become.get_options())


def item_of_callback(task: Task, arguments: tuple[Any, ...]) -> tuple[Any, str, str]:
    """The result, the item's label ("" where it is a secret) and the task's name in what an executor says to its queue."""
    if TaskContext is not None:
        _, said_of, result = arguments
        label = None if result.no_log else result.loop_item_label
        return result, "" if label is None else str(label), said_of.get_name()
    [result] = arguments
    data = result._return_data
    return (
        data,
        "" if data.get("_ansible_no_log") else str(data.get("_ansible_item_label", "")),
        task.get_name(),
    )


@contextmanager
def _packed_before() -> Iterator[Callable[[Mapping[str, bytes]], None]]:
    """Give Ansible a module that an earlier run has packed; the function keeps what is packed now, given its files.

    Where anything goes wrong, Ansible packs the module as ever: what is kept only saves time.
    """
    modify = actions.modify_module
    made: list[tuple[packed.Packing, Path, int]] = []

    def modify_module(*arguments: Any, **named: Any) -> Any:
        with suppress(Exception):
            decides = named["module_name"], named["module_path"], named["module_compression"]
            place, started = _place(*decides), time.time_ns()
            if not place.exists():
                packing = _packing(*decides)
                made.append((packing, place, started))
                if packed.bring(packing, place):
                    made.clear()
        return modify(*arguments, **named)

    def keep_files(files: Mapping[str, bytes]) -> None:
        with suppress(Exception):
            for packing, place, started in made:
                packed.keep(packing, place, files, started)

    actions.modify_module = modify_module
    try:
        yield keep_files
    finally:
        actions.modify_module = modify


def _place(name: str, path: str, compression: str) -> Path:
    """Where Ansible looks for a module that it has packed in this run.

    Only without extensions (debuggers, coverage), which get files of their own.
    """
    return Path(C.DEFAULT_LOCAL_TMP, "ansiballz_cache", f"{_dotted(name, path)}-{compression}-none")


def _dotted(name: str, path: str) -> str:
    try:
        return str(module_common._get_ansible_module_fqn(path))
    except ValueError:
        return f"ansible.legacy.{name}"


def _packing(name: str, path: str, compression: str) -> packed.Packing:
    """What decides how Ansible packs a module."""
    root = Path(inspect.getfile(module_common)).parents[1]
    searched = [*module_utils_loader._get_paths(subdirs=False), module_common._MODULE_UTILS_PATH]
    return packed.Packing(
        module=str(Path(path).absolute()),
        name=_dotted(name, path),
        ansible=str(root),
        module_utils=tuple(dict.fromkeys(str(Path(folder).resolve()) for folder in searched)),
        collections=tuple(
            str(Path(folder).absolute()) for folder in AnsibleCollectionConfig.collection_paths
        ),
        program=(
            inspect.getfile(module_common),
            inspect.getfile(_collection_finder),
            str(root / "release.py"),
            str(root / "config" / "ansible_builtin_runtime.yml"),
        ),
        settings=(
            ansible_version,
            sys.version,
            compression,
            str(C.config.get_config_value("_MODULE_METADATA")),
        ),
    )


def _unpack(name: str, bits: Any, path: str) -> Module:
    """Read what AnsiballZ has packed: the keywords of the call that its script ends with."""
    source = bits.b_module_data.decode("utf-8", "surrogateescape")
    start = source.rfind("\n    _ansiballz_main(\n")
    if bits.module_style != "new" or start < 0:
        raise NotBatchable  # not a Python module
    before, archive, after = ZIP_DATA.split(source[start:].strip(), maxsplit=1)
    call = ast.parse(f"{before}{after}").body[0].value
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    read = {
        key: ast.literal_eval(given[key]) for key in ("module_fqn", "profile", "extensions", "rlimit_nofile")
    }
    return Module(
        name=name,
        bits=dataclasses.replace(bits, b_module_data=b""),  # which nobody sends
        path=path,
        shebang=bits.shebang,
        call={
            "fqn": read["module_fqn"],
            "profile": read["profile"],
            "extensions": read["extensions"],
            "rlimit_nofile": read["rlimit_nofile"],
        },
        files=_files(archive.encode("ascii")),
    )


def _files(archive: bytes) -> Mapping[str, bytes]:
    digest = hashlib.sha256(archive).digest()
    if digest not in UNPACKED:
        known = {path: content for files in UNPACKED.values() for path, content in files.items()}
        UNPACKED[digest] = module_files(base64.b64decode(archive), known)
    return UNPACKED[digest]


def _call(module: Module, name: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """One run of a module, as the target gets it."""
    encoder = get_module_encoder(module.call["profile"], Direction.CONTROLLER_TO_MODULE)
    return {
        **module.call,
        "name": name,
        "params": json.dumps({"ANSIBLE_MODULE_ARGS": dict(args)}, cls=encoder),
    }
