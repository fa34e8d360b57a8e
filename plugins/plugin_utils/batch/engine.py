# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Engine: runs a task file on one host, segment by segment."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, NoReturn

from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleParserError
from ansible.playbook.block import Block
from ansible.playbook.task import Task

from . import refusals
from .ansible_adapter import errors, results
from .ansible_adapter.errors import BatchError
from .ansible_adapter.host import Host
from .ansible_adapter.jobs import EvaluatedTask, Job
from .ansible_adapter.outcome import Outcome
from .cpu_semaphore import CPUS
from .payload import Payload
from .planning import Planner, flat
from .report import Forwarder, Report
from .segment import Exchange, Progress, Segment


class Failed(Exception):
    """A task has failed without a rescue in the file."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


class Unreachable(Exception):
    """The host is unreachable: no further task of the file runs, not even a rescue."""


class Batch:
    """One task file on one host."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.report = Report(host)
        self.planner = Planner(host, self.report)

    def run(self, path: str) -> dict[str, Any]:
        """Run the file; the result for Ansible."""
        with self.host.caches.used(), self.host.parsed.used():
            try:
                with CPUS.acquired():
                    return self._run(path)
            finally:
                self.host.target.end_program()

    def _run(self, path: str) -> dict[str, Any]:
        blocks = self.host.load(path)
        refusals.check(blocks, self.host.task)
        with self.host.target.shared():
            try:
                self._run_list(blocks)
            except Failed as failed:
                return self.report.failure(failed.outcome)
            except Unreachable as unreachable:
                return self.report.unreachable(str(unreachable))
            except AnsibleParserError as error:
                return self.report.error(error)
            except BatchError as error:
                return self.report.error(errors.as_ansible_error(error))
        return self.report.success()

    # Blocks --------------------------------------------------------------------------------------------------------

    def _run_list(self, entries: Sequence[Task | Block]) -> None:
        tasks: list[Task] = []
        for entry in flat(entries):
            if isinstance(entry, Block):
                self._run_tasks(tasks)
                tasks = []
                self._run_block(entry)
            else:
                tasks.append(entry)
        self._run_tasks(tasks)

    def _run_block(self, block: Block) -> None:
        failure = self._failure_in(block.block)
        if failure and self._is_wanted(block.rescue):
            if failure.outcome.sets_failed_task:
                self.report.effects.rescued = self.host.rescue(failure.outcome)
            failure = self._failure_in(block.rescue)
        self._run_list(block.always)
        if failure:
            raise failure

    def _is_wanted(self, entries: Sequence[Task | Block]) -> bool:
        """Whether the tags select any of these tasks; a rescue without a selected task does not rescue."""
        return any(
            self._is_wanted([*entry.block, *entry.rescue, *entry.always])
            if isinstance(entry, Block)
            else self.host.is_wanted(entry)
            for entry in entries
        )

    def _failure_in(self, entries: Sequence[Task | Block]) -> Failed | None:
        try:
            self._run_list(entries)
        except Failed as failed:
            return failed
        return None

    # Tasks ---------------------------------------------------------------------------------------------------------

    def _run_tasks(self, tasks: Sequence[Task]) -> None:
        waiting = list(self.planner.wanted(tasks))
        while waiting:
            segment = self.planner.segment(waiting)
            if segment.tasks:
                done = self._run_segment(segment)
            elif waiting:  # empty if the includes had no tasks
                self._run_ordinary(waiting[0])
                done = 1
            else:
                return
            del waiting[:done]

    def _run_segment(self, segment: Segment) -> int:
        """Run it; returns how many of its tasks are done."""
        progress = Progress(segment, self._finish)
        try:
            try:
                self._ask_target(progress)
            except AnsibleConnectionFailure as error:
                self._lose(error, progress)
            progress.finish()
        except Failed:
            self.report.ran_ahead = progress.names(ran=True)
            raise
        finally:
            for task in segment.tasks:
                task.cancel()
        return progress.finished

    def _finish(self, task: EvaluatedTask) -> None:
        """Resume a task with the answer of its job, and run its further jobs."""
        task.forwarder.release()
        with CPUS.released() if task.waits else nullcontext():
            job = task.job
            while job is not None:
                ran_ordinary = job.error is None and job.answer is None
                task.resume()
                if ran_ordinary:
                    self.host.caches.forget_files()
                job = task.job
                if job is not None:
                    self._ask_for_one(job)
        self._record(task.coroutine.result(), task.forwarder)

    def _ask_for_one(self, job: Job) -> None:
        try:
            self._ask_target(Exchange([job]))
        except AnsibleConnectionFailure as error:
            job.error = error

    def _run_ordinary(self, task: Task) -> None:
        forwarder = Forwarder(self.report, task).release()
        with CPUS.released():
            outcome = self.host.run(task, forwarder)
        refusals.check_result(outcome.task, outcome.result)
        if self.host.is_include(outcome):
            try:
                blocks = self.host.included(outcome)
            except AnsibleParserError:
                raise
            except AnsibleError as error:  # the file is not there
                outcome = results.of_failed_include(self.host.host, outcome, error)
            else:
                refusals.check(blocks, self.host.task)
                self._run_list(blocks)
                return
        self._record(outcome, forwarder)

    def _record(self, outcome: Outcome, forwarder: Forwarder) -> None:
        self.host.remember(outcome)
        self.report.add(outcome, forwarder)
        if outcome.unreachable and not outcome.task.ignore_unreachable:
            said = "the output has been hidden" if outcome.hidden else outcome.result.get("msg")
            raise Unreachable(f"{outcome.task.get_name()}: {said}")
        if outcome.failed and not outcome.ignored:
            raise Failed(outcome)

    # The target ----------------------------------------------------------------------------------------------------

    def _ask_target(self, exchange: Exchange) -> None:
        """Send jobs and wait for their answers; repeat with the module files if these are missing.

        Raises AnsibleConnectionFailure if the connection is lost meanwhile.
        """
        jobs = exchange.jobs
        if not jobs:
            return
        payload = Payload()
        for job in jobs:
            payload.add(job.module.files)
        wires = [job.wire for job in jobs]
        secret = any(job.secret for job in jobs)
        keep = not self.host.task.check_mode  # a check leaves nothing behind
        for with_files in (False, True):
            self.report.round_trips += 1
            exchange.known.clear()
            message = payload.message(wires, with_files=with_files, keep=keep)
            try:
                with CPUS.released():
                    ended = self.host.target.ask(jobs[0], message, exchange, secret=secret)
            except AnsibleConnectionFailure:
                raise
            except AnsibleError as error:
                # Nothing can run as this user; the first task, run the ordinary way, reports why. A refused password is
                # not tried again, which might lock the account.
                if jobs[0].become is not None and str(error) == f"Incorrect {jobs[0].become.name} password":
                    jobs[0].error = error
                return
            if "missing" not in exchange.known:
                break
        if ended is None or "end" in exchange.known:
            return
        if "started" in exchange.known:
            lost = next((job for job in jobs if job.answer is None), None)
            if lost is not None:
                lost.lose()
            return
        # An interpreter other than Python may print the program, with the arguments of the tasks.
        why = "why is hidden, for no_log" if secret else ended["stderr"].strip()[-500:] or "it said nothing"
        results.warn(
            f"The batch did not start on the target (exit status {ended['rc']}), so its tasks run one by one: {why}"
        )

    def _lose(self, error: AnsibleConnectionFailure, progress: Progress) -> NoReturn:
        """Finish the tasks answered before the connection was lost, and raise."""
        unknown = progress.names(ran=False)
        said = (
            f"{error} (it is not known which of these tasks still ran: {unknown})" if unknown else str(error)
        )
        try:
            progress.finish(lost=True)
        except Failed:
            results.warn(f"The connection was lost after a task had failed: {said}")
            raise
        raise Unreachable(said) from error
