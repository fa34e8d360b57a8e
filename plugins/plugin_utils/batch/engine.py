# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a task file on one host in as few executions on the target as are correct.

Tasks are planned one after the other; those that are planned together are a *segment*, run on the target in one go. A
segment ends before a task that reads what a task of the segment registers, before one that has work on the controller,
before a change of the user, and after one whose success only the controller can tell (``failed_when``, ``changed_when``).
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from types import NoneType
from typing import Any, NoReturn

from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleParserError
from ansible.playbook.block import Block
from ansible.playbook.task import Task
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import dependencies, refusals
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import errors, results
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.errors import BatchError, NotBatchable
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.host import Host
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.outcomes import Outcome
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.tasks import (
    caches_facts,
    copies_file,
    projects,
    read_before,
    registers,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.memory import give_back
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.pace import PACE
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.payload import Payload, answers
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.report import Relay, Report
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.segment import Progress, Segment

MOST_JOBS = 500  # of a segment: a loop over thousands of items stays within memory
MOST_BYTES = 16 * 1024 * 1024  # of the files of a segment
MOST_LEFT = 100  # tasks of a segment that are left in the middle, each with a thread


class Failed(Exception):
    """A task has failed and nothing in the file rescues it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


class Unreachable(Exception):
    """The host cannot be reached any more: nothing of the file is run, not even what rescues."""


class Batch:
    """One task file on one host."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.report = Report(host)
        self.round_trips = 0

    def run(self, path: str) -> dict[str, Any]:
        """Run the file; the result for Ansible."""
        with PACE.turn(), self.host.memos.used():
            return self._run(path)

    def _run(self, path: str) -> dict[str, Any]:
        blocks = self.host.load(path)
        refusals.check(blocks, self.host.task)
        with self.host.target.shared():
            try:
                self._run_list(blocks)
            except Failed as failed:
                return self.report.failure(failed.outcome, self.round_trips)
            except Unreachable as unreachable:
                return self.report.unreachable(str(unreachable), self.round_trips)
            except AnsibleParserError as error:
                return self.report.cut_short(error, self.round_trips)
            except BatchError as error:
                return self.report.cut_short(errors.fault(error), self.round_trips)
        return self.report.success(self.round_trips)

    # Blocks --------------------------------------------------------------------------------------------------------

    def _run_list(self, entries: Sequence[Task | Block]) -> None:
        tasks: list[Task] = []
        for entry in self._flat(entries):
            if isinstance(entry, Block):
                self._run_tasks(tasks)
                tasks = []
                self._run_block(entry)
            else:
                tasks.append(entry)
        self._run_tasks(tasks)

    def _flat(self, entries: Sequence[Task | Block]) -> Iterator[Task | Block]:
        """Tasks, and the blocks that rescue something; the others only lend their keywords to their tasks."""
        for entry in entries:
            if isinstance(entry, Task) and entry.implicit:
                continue  # "role_complete": which roles have run is counted outside
            if isinstance(entry, Block) and not entry.rescue and not entry.always:
                yield from self._flat(entry.block)
            else:
                yield entry

    def _run_block(self, block: Block) -> None:
        failure = self._failure_of(block.block)
        if failure and self._is_wanted(block.rescue):
            self.report.brought.rescued = self.host.rescuing(failure.outcome)
            failure = self._failure_of(block.rescue)
        self._run_list(block.always)
        if failure:
            raise failure

    def _is_wanted(self, entries: Sequence[Task | Block]) -> bool:
        """Whether tags let any task of them run: where none is left, Ansible sees no rescue."""
        return any(
            self._is_wanted([*entry.block, *entry.rescue, *entry.always])
            if isinstance(entry, Block)
            else self.host.wanted(entry)
            for entry in entries
        )

    def _failure_of(self, entries: Sequence[Task | Block]) -> Failed | None:
        try:
            self._run_list(entries)
        except Failed as failed:
            return failed
        return None

    # Tasks ---------------------------------------------------------------------------------------------------------

    def _run_tasks(self, tasks: Sequence[Task]) -> None:
        waiting = [task for task in tasks if self.host.wanted(task)]
        while waiting:
            segment = self._plan(waiting) if self.host.together else Segment()
            if segment.planned:
                done = self._run_segment(segment)
            else:
                self._run_ordinary(waiting[0])
                done = 1
            waiting = waiting[done:]

    def _plan(self, tasks: Sequence[Task]) -> Segment:
        segment = Segment()
        for task in tasks:
            jobs = segment.jobs
            if len(jobs) >= MOST_JOBS or sum(job.size for job in jobs) >= MOST_BYTES:
                break
            resolved = self.host.resolve(task)
            names = self._names(resolved)
            if self._goes_alone(resolved, names) or self._reads(resolved, names, segment):
                break
            once = len(segment.planned) < MOST_LEFT and self._is_plain(resolved)
            if not once and dependencies.may_differ(names):
                break  # it would be evaluated twice
            blocked = functools.partial(self._text_reads, task, segment, once=once)
            relay = Relay(self.report, task)
            decided_here = _decided_here(resolved)
            # A lookup that looks further than at variables and files may wait, which is no work here.
            waits = dependencies.WORLD in names
            try:
                with PACE.aside() if waits else nullcontext():
                    taken = self.host.take(task, resolved, blocked, relay, once=once)
            except NotBatchable:
                break
            if waits:
                taken = dataclasses.replace(taken, finish=PACE.aside()(taken.finish))
            own = [job for job in taken.jobs if job is not None]
            facts = any(job.may_bring_facts for job in own)
            first = [*segment.jobs, *own][:1]
            if not all(job.goes_with(first[0]) for job in own) or (facts and len(own) > 1):
                taken.leave()
                break  # another user, of its own items even, or facts that its next item may read
            if taken.failed and segment.planned:
                taken.leave()
                break  # it may go well once the tasks before it have run
            segment.planned.append((taken, relay))
            segment.registers |= registers(task)
            segment.facts |= facts or caches_facts(task)
            if taken.failed or decided_here:
                break
        return segment

    def _reads(self, task: Task, names: frozenset[str], segment: Segment) -> bool:
        """Whether ``task``, which reads ``names``, may read something that the segment has yet to bring."""
        if not segment.planned:
            return False
        if self.host.target.is_controller and copies_file(task):
            return True  # which a module may have written
        return self._meets(names, segment)

    def _goes_alone(self, task: Task, names: frozenset[str]) -> bool:
        """Whether what the task is, or one item of its loop, may depend on what became of the items before it."""
        if "{{" in task.action or "{%" in task.action:
            return True
        if task.loop is None and not task.loop_with:
            return False
        if task.loop_control and (task.loop_control.pause or task.loop_control.break_when):
            return True
        if task.until or task.retries:
            return True
        if self.host.target.is_controller and dependencies.FILES in names:
            return True
        own = registers(task)
        return bool(own) and not (own | {dependencies.EVERYTHING}).isdisjoint(names)

    def _is_plain(self, task: Task) -> bool:
        """Whether the task, once left where it would run a module, can simply be gone on with.

        Not one with a loop, whose items would wait for one another; nor one whose end reads variables that the tasks before
        it may bring in the meantime; nor one with an alarm, which rings in the main thread only.
        """
        has_loop = task.loop is not None or bool(task.loop_with)
        return not (has_loop or task.timeout or _decided_here(task))

    def _names(self, task: Task) -> frozenset[str]:
        """The variables that the task may read before it runs, and what else it may look at."""
        variables = self.host.vars_of(task)
        reader = dependencies.Reader(variables)
        names = reader.names(*read_before(task))
        # How the host is reached; what a lookup for it looks at, such as a store of passwords, no task writes.
        reaching = [
            value
            for name, value in variables.items()
            if name.startswith("ansible_") and isinstance(value, str)
        ]
        names |= reader.names(reaching) - dependencies.NO_NAMES
        return names | dependencies.read_by_lookup(task.loop_with) if task.loop_with else names

    def _text_reads(self, task: Task, segment: Segment, text: str, *, once: bool) -> bool:
        """Whether the template file with ``text`` may read something that the segment has yet to bring.

        Or is to be rendered a second time (not ``once``), and may be something else then.
        """
        if once and not segment.planned:
            return False
        names = dependencies.Reader(self.host.vars_of(task)).template_names(text)
        if not once and dependencies.may_differ(names):
            return True
        return bool(segment.planned) and self._meets(names, segment)

    def _meets(self, read: frozenset[str], segment: Segment) -> bool:
        """Whether something of what is ``read`` is yet to be brought by the segment."""
        if dependencies.WORLD in read or (dependencies.FILES in read and self.host.target.is_controller):
            return True
        if any(name.startswith("ansible_") for name in segment.registers):
            return True  # how the host is reached, or one becomes another user, without any template
        names = read - dependencies.NO_NAMES
        if dependencies.EVERYTHING in names:
            return bool(segment.registers or segment.facts)
        if dependencies.EVERYTHING in segment.registers and names:
            return True
        if segment.facts and names:
            return True  # facts may have any name, and stand above a role's defaults
        return not names.isdisjoint(segment.registers)

    def _run_segment(self, segment: Segment) -> int:
        """Run it; how many of its tasks are done."""
        progress = Progress(segment, self._finish)
        try:
            self._ask_target(segment, progress)
            progress.to_the_end()
        except Failed:
            self.report.ran_ahead = [
                one.task.get_name() for one in progress.left if any(job and job.answer for job in one.jobs)
            ]
            raise
        finally:
            for taken, _ in segment.planned:
                taken.leave()
        return progress.done

    def _run_ordinary(self, task: Task) -> None:
        relay = Relay(self.report, task)
        with PACE.aside():
            outcome = self.host.run(task, relay)
        refusals.check_done(outcome.task, outcome.result)
        if self.host.is_include(outcome):
            try:
                blocks = self.host.included(outcome)
            except AnsibleParserError:
                raise
            except AnsibleError as error:  # the file is not there
                outcome = results.failure(self.host.host, outcome, error)
            else:
                refusals.check(blocks, self.host.task)
                self._run_list(blocks)
                return
        self._finish(outcome, relay)

    def _finish(self, outcome: Outcome, relay: Relay) -> None:
        self.host.remember(outcome)
        self.report.add(outcome, relay)
        if outcome.unreachable and not outcome.task.ignore_unreachable:
            said = "the output has been hidden" if outcome.hidden else outcome.result.get("msg")
            raise Unreachable(f"{outcome.task.get_name()}: {said}")
        if outcome.failed and not outcome.ignored:
            raise Failed(outcome)

    def _ask_target(self, segment: Segment, progress: Progress) -> None:
        """Send the jobs, and note the answers in them; a second time with the module files where they were missing."""
        jobs = segment.jobs
        if not jobs:
            return
        payload = Payload()
        for job in jobs:
            for module in job.modules:
                payload.add(module.files)
        last = {id([job for job in taken.jobs if job][-1]) for taken, _ in segment.planned if any(taken.jobs)}
        wires = [{**job.wire, "number": n, "last_of_task": id(job) in last} for n, job in enumerate(jobs)]
        secret = any(taken.task.no_log for taken, _ in segment.planned)
        keep = not self.host.task.check_mode  # a check leaves nothing behind
        for with_files in (False, True):
            self.round_trips += 1
            program = payload.script(wires, with_files=with_files, keep=keep)
            try:
                give_back()
                # With the turn, so that targets begin one after the other; those that are slow to log in, without.
                self.host.target.login_soon_over()
                with PACE.aside():
                    said = self.host.target.execute(
                        jobs[0].shebang, jobs[0].become, program, progress.hearing, secret=secret
                    )
            except AnsibleConnectionFailure as error:
                self._lost(error, progress)
            except AnsibleError:
                return  # nothing can be run as this user: the first task, run the ordinary way, will say so
            heard = list(answers(said["stdout"]))
            if not any("missing" in answer for answer in heard):
                break
        for answer in heard:
            segment.note(answer)
        known = {next(iter(answer)) for answer in heard}
        if "started" not in known:  # the first task, run the ordinary way, will say so
            # What is no Python quotes the program, and with it the arguments of the tasks.
            why = (
                "why is hidden, for no_log" if secret else said["stderr"].strip()[-500:] or "it said nothing"
            )
            results.warn(
                f"The batch did not start on the target (exit status {said['rc']}), so its tasks run one by one: {why}"
            )
        elif "end" not in known:
            heard_of = {answer["job"] for answer in heard if "job" in answer}
            lost = next((job for number, job in enumerate(jobs) if number not in heard_of), None)
            if lost is not None:
                lost.lose()

    def _lost(self, error: AnsibleConnectionFailure, progress: Progress) -> NoReturn:
        """The connection was lost while the target was at work."""
        unknown = ", ".join(progress.unknown)
        said = (
            f"{error} (it is not known which of these tasks still ran: {unknown})" if unknown else str(error)
        )
        try:
            progress.as_far_as_is_known()
        except Failed:
            results.warn(f"The connection was lost after a task had failed: {said}")
            raise
        raise Unreachable(said) from error


def _decided_here(task: Task) -> bool:
    """Whether only the controller can tell if the task has failed, so that nothing may run after it before that."""
    if task.until or task.retries or projects(task):
        return True
    given = [task.failed_when, task.changed_when]
    expressions = [one for value in given for one in (value if isinstance(value, list) else [value])]
    return any(not isinstance(value, (bool, NoneType)) for value in expressions)
