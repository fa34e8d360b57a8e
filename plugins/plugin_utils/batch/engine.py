# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a task file on one host in as few executions on the target as are correct: segment by segment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleParserError
from ansible.playbook.block import Block
from ansible.playbook.task import Task
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import refusals
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import errors, results
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.errors import BatchError
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.host import Host
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.outcomes import Outcome
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.memory import give_back
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.pace import PACE
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.payload import Payload
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.planning import Planner, flat
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.report import Relay, Report
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.segment import Progress, Segment


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
        self.planner = Planner(host, self.report)
        self.round_trips = 0

    def run(self, path: str) -> dict[str, Any]:
        """Run the file; the result for Ansible."""
        with self.host.memos.used():
            try:
                with PACE.turn():
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
        for entry in flat(entries):
            if isinstance(entry, Block):
                self._run_tasks(tasks)
                tasks = []
                self._run_block(entry)
            else:
                tasks.append(entry)
        self._run_tasks(tasks)

    def _run_block(self, block: Block) -> None:
        failure = self._failure_of(block.block)
        if failure and self._is_wanted(block.rescue):
            if failure.outcome.is_told:
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
        waiting = list(self.planner.wanted(tasks))
        while waiting:
            segment = self.planner.segment(waiting)
            if segment.planned:
                done = self._run_segment(segment)
            else:
                self._run_ordinary(waiting[0])
                done = 1
            del waiting[:done]

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
            progress.known.clear()
            message = payload.message(wires, with_files=with_files, keep=keep)
            try:
                give_back()
                # With the turn, so that targets begin one after the other; those that are slow to log in, without.
                self.host.target.login_soon_over()
                with PACE.aside():
                    ended = self.host.target.ask(
                        jobs[0].shebang, jobs[0].become, message, progress, secret=secret
                    )
            except AnsibleConnectionFailure as error:
                self._lost(error, progress)
            except AnsibleError as error:
                # Nothing can be run as this user: the first task, run the ordinary way, will say so. But a password that is
                # refused is not tried again, which may lock the account.
                if jobs[0].become is not None and str(error) == f"Incorrect {jobs[0].become.name} password":
                    jobs[0].error = error
                return
            if "missing" not in progress.known:
                break
        if ended is None or "end" in progress.known:
            return
        if "started" not in progress.known:  # the first task, run the ordinary way, will say so
            # What is no Python quotes the program, and with it the arguments of the tasks.
            why = (
                "why is hidden, for no_log" if secret else ended["stderr"].strip()[-500:] or "it said nothing"
            )
            results.warn(
                f"The batch did not start on the target (exit status {ended['rc']}), so its tasks run one by one: {why}"
            )
            return
        lost = next((job for job in jobs if not job.heard_of), None)
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
