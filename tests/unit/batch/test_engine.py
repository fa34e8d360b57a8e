"""Where a segment ends by its size alone; the rest of the engine is compared with Ansible in tests/batch."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import ansible
import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.playbook.task import Task
from ansible_collections.cartable.fleet.plugins.module_utils import batch_runner
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import engine
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import results, versions
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.host import Host
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.jobs import Job, Taken
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.modules import Module
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.outcomes import Outcome
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.report import Report
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.segment import Progress

BRINGING = {"ansible_collections/x/y/plugins/modules/z.py": b"module.exit_json(ansible_facts=found)"}
COMPAT = "ansible/module_utils/facts/compat.py"
OF_ANSIBLE = {COMPAT: (Path(ansible.__file__).parents[1] / COMPAT).read_bytes()}
READING = {"ansible_collections/x/y/plugins/modules/z.py": b"module.exit_json(**json.loads(said))"}
SAFE = {**OF_ANSIBLE, "ansible_collections/x/y/plugins/modules/z.py": b"module.exit_json(changed=False)"}
COMMAND = Module("ansible.builtin.command", None, "", "#!/usr/bin/python3", {}, {})


class Known:
    """Stands for a host on which each task has so many jobs; notes which tasks are left in the middle."""

    is_controller = False
    resolve = Host.resolve
    _copies: Mapping[str, Task] = {}

    host = None
    wire: Mapping[str, Any] = {}
    module = COMMAND
    together = True
    number = 2  # of a task's jobs
    lost = False  # once it has said something
    hidden: bool | None = None  # what the target says

    def __init__(self) -> None:
        self.left: list[bool] = []
        self.said = ""
        self.warned: list[str] = []
        self.task = Task()
        self.target = self

    def login_soon_over(self) -> None: ...

    def execute(
        self,
        shebang: str,
        become: Any,
        program: bytes,
        hearing: Callable[[], Callable[[bytes], None]],
        *,
        secret: bool,
    ) -> dict[str, Any]:
        self.hidden = secret
        if self.lost:
            hearing()(self.said.encode())
            raise AnsibleConnectionFailure("gone")
        return {"rc": 137, "stdout": self.said, "stderr": "errors"}

    def vars_of(self, task: Task) -> dict[str, Any]:
        return {}

    def take(
        self, task: Task, resolved: Task, blocked: Callable[[str], bool], relay: Any, *, once: bool
    ) -> Taken:
        self.left.append(once)
        jobs = [
            Job(dict(self.wire), None, "#!/usr/bin/python3", (self.module,), "legacy")
            for _ in range(self.number)
        ]
        return Taken(task, jobs, False, lambda: Outcome(task, {}, {}), lambda: None, once=once)


def plan(number: int, **keywords: Any) -> tuple[engine.Segment, Known]:
    host = Known()
    tasks = [Task.load({"ansible.builtin.command": "true", **keywords}) for _ in range(number)]
    return engine.Batch(host)._plan(tasks), host  # type: ignore[arg-type]


def test_a_segment_has_so_many_jobs_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MOST_JOBS", 5)
    segment, _ = plan(4)
    assert len(segment.planned) == 3, "the third task goes past the fifth job, the fourth is not begun"
    assert len(segment.jobs) == 6


def test_a_segment_brings_so_many_bytes_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MOST_BYTES", 5)
    monkeypatch.setattr(Known, "wire", {"content": "two"})
    assert len(plan(4)[0].planned) == 1


@pytest.mark.parametrize(
    "keywords", [{"ansible.builtin.set_fact": {"ansible_become_password": "x"}}, {"register": "ansible_user"}]
)
def test_how_the_host_is_reached_is_known_before_the_next_task(keywords: dict[str, Any]) -> None:
    task = {"ansible.builtin.command": "true"} if "register" in keywords else {}
    tasks = [Task.load({**task, **keywords}), Task.load({"ansible.builtin.command": "true"})]
    host = Known()
    assert len(engine.Batch(host)._plan(tasks).planned) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("files", "jobs", "planned"),
    [
        (BRINGING, 1, 1),
        (BRINGING, 2, 0),
        (READING, 1, 1),
        ({COMPAT: b"ansible_facts, a user's"}, 1, 1),
        (SAFE, 2, 2),
    ],
    ids=["brings", "brings in a loop", "hands JSON on", "a user's utility", "brings none"],
)
def test_what_a_module_may_bring_is_known_before_the_next_task_or_item(
    files: dict[str, bytes], jobs: int, planned: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Known, "module", dataclasses.replace(COMMAND, files=files))
    monkeypatch.setattr(Known, "number", jobs)
    host = Known()
    tasks = [Task.load({"ansible.builtin.command": f"echo {{{{ {name} }}}}"}) for name in ("one", "other")]
    assert len(engine.Batch(host)._plan(tasks).planned) == planned  # type: ignore[arg-type]


def test_what_fails_before_its_module_is_looked_at_again_when_the_others_have_run() -> None:
    """It may have wanted what they bring, in a way that nobody saw."""

    class Failing(Known):
        dropped = 0

        def take(self, task: Task, *arguments: Any, **named: Any) -> Taken:
            if task.args["_raw_params"] == "true":
                return super().take(task, *arguments, **named)
            return Taken(task, [None], True, lambda: Outcome(task, {}, {}), self.drop, once=True)

        def drop(self) -> None:
            self.dropped += 1

    host = Failing()
    tasks = [Task.load({"ansible.builtin.command": what}) for what in ("true", "false", "true")]
    batch = engine.Batch(host)  # type: ignore[arg-type]
    assert len(batch._plan(tasks).planned) == 1
    assert host.dropped == 1
    assert len(batch._plan(tasks[1:]).planned) == 1
    assert host.dropped == 1


def lines(*said: dict[str, Any]) -> str:
    return "".join(f"{batch_runner.MARK}{json.dumps(line)}\n" for line in said)


def ask(said: str, **keywords: Any) -> tuple[list[Job], Known]:
    """What becomes of four jobs, given what the target said."""
    host = Known()
    host.wire = {"kind": "module", "module": {"name": "ansible.builtin.command"}}
    tasks = [Task.load({"ansible.builtin.command": "true", **keywords}) for _ in range(2)]
    batch = engine.Batch(host)  # type: ignore[arg-type]
    segment, host.said = batch._plan(tasks), said
    with patch.object(results, "warn", host.warned.append):
        batch._ask_target(segment, Progress(segment, batch._finish))
    return segment.jobs, host


STARTED = {"started": True}
DONE = {"job": 0, "runs": [{"module": "ansible.builtin.command"}], "undecided": False}


def test_the_job_in_which_the_runner_was_killed_has_failed_and_is_not_run_again() -> None:
    jobs, host = ask(lines(STARTED, DONE))
    assert jobs[0].answer == DONE["runs"]
    [run] = jobs[1].answer or []
    assert run["rc"] == 1
    assert "in the middle of this task" in run["stderr"]
    assert [job.answer for job in jobs[2:]] == [None, None]
    assert not host.warned


def test_a_target_that_stopped_where_ansible_would_has_lost_nothing() -> None:
    jobs, _ = ask(lines(STARTED, DONE, {"end": True}))
    assert [job.answer for job in jobs[1:]] == [None, None, None]


def test_a_batch_that_does_not_start_says_so_and_leaves_the_tasks_to_ansible() -> None:
    jobs, host = ask("secret of somebody\n")
    assert [job.answer for job in jobs] == [None] * 4
    [said] = host.warned
    assert "exit status 137" in said
    assert "errors" in said
    assert "secret" not in said


def test_why_a_batch_does_not_start_is_hidden_where_a_task_is() -> None:
    _, host = ask("", no_log=True)
    assert host.hidden
    [said] = host.warned
    assert "errors" not in said
    assert "no_log" in said


def test_what_the_target_says_is_hidden_where_a_task_is_and_only_there() -> None:
    assert ask(lines(STARTED, DONE, {"end": True}))[1].hidden is False


class FailingHere(Known):
    """Each of its tasks has failed, as the controller finds."""

    number = 1
    failure_is_not_the_end = False
    result: Mapping[str, Any] = {"failed": True, "msg": "so not"}

    def take(self, task: Task, *arguments: Any, **named: Any) -> Taken:
        taken = super().take(task, *arguments, **named)
        return dataclasses.replace(taken, finish=lambda: Outcome(task, dict(self.result), {}))

    def remember(self, outcome: Outcome) -> None:
        """Nobody asks for it."""


def test_what_ran_after_a_task_that_has_failed_is_named() -> None:
    host = FailingHere()
    tasks = [Task.load({"name": name, "ansible.builtin.command": "true"}) for name in ("One", "Two", "Three")]
    batch = engine.Batch(host)  # type: ignore[arg-type]
    host.said = lines(STARTED, DONE, {**DONE, "job": 1}, {"end": True})
    with (
        patch.object(Report, "add"),
        patch.object(results, "hand_back", return_value={}),
        pytest.raises(engine.Failed) as failed,
    ):
        batch._run_segment(batch._plan(tasks))
    with patch.object(results, "hand_back", return_value={}):
        said = batch.report.failure(failed.value.outcome, 1)["msg"]
    assert said == "One: so not (after it, on the host, also ran: Two)"


class Here(FailingHere):
    """Each of its tasks has gone well, as the controller finds."""

    result: Mapping[str, Any] = {}


@pytest.mark.parametrize(
    ("jobs", "finished", "said"),
    [
        ((0,), ["One"], "gone (it is not known which of these tasks still ran: Two, Three)"),
        ((0, 1, 2), ["One", "Two", "Three"], "gone"),
    ],
)
def test_what_a_target_has_said_is_kept_where_the_connection_is_lost_then(
    jobs: tuple[int, ...], finished: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Known, "lost", True)
    batch, added = run_three(Here(), jobs, engine.Unreachable, said)
    assert added == finished
    assert not batch.report.ran_ahead


def test_a_task_that_had_failed_before_the_connection_was_lost_has_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Known, "lost", True)
    warned: list[str] = []
    with patch.object(results, "warn", warned.append):
        batch, added = run_three(FailingHere(), (0, 1), engine.Failed, "")
    assert added == ["One"]
    assert batch.report.ran_ahead == ["Two"]
    [said] = warned
    assert said.endswith("gone (it is not known which of these tasks still ran: Three)")


def run_three(
    host: Known, jobs: tuple[int, ...], raised: type[Exception], said: str
) -> tuple[engine.Batch, list[str]]:
    """Run three tasks, some of which the target tells of; the tasks that are reported."""
    tasks = [Task.load({"name": name, "ansible.builtin.command": "true"}) for name in ("One", "Two", "Three")]
    batch, added = engine.Batch(host), list[str]()  # type: ignore[arg-type]
    host.said = lines(STARTED, *({**DONE, "job": job} for job in jobs))
    with patch.object(Report, "add", lambda _, outcome, __: added.append(outcome.task.get_name())):
        with pytest.raises(raised) as error:
            batch._run_segment(batch._plan(tasks))
        assert str(error.value) == said
    return batch, added


def test_why_a_host_is_lost_is_hidden_where_the_task_is() -> None:
    batch = engine.Batch(FailingHere())  # type: ignore[arg-type]
    for hidden in (False, True):
        task = Task.load({"name": "One", "ansible.builtin.command": "true", "no_log": hidden})
        lost = Outcome(task, {"unreachable": True, "msg": "hush"}, {})
        with patch.object(Report, "add"), pytest.raises(engine.Unreachable) as said:
            batch._finish(lost, engine.Relay(batch.report, task))
        assert ("hush" not in str(said.value)) is hidden


def test_so_many_tasks_are_left_in_the_middle_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MOST_LEFT", 2)
    segment, host = plan(4)
    assert len(segment.planned) == 4
    assert host.left == [True, True, False, False]


@pytest.mark.parametrize(
    "keywords",
    [{"loop": [1]}, {"timeout": 5}, {"changed_when": "1 == 1"}, {"failed_when": "1 == 2"}],
    ids=lambda keywords: next(iter(keywords)),
)
def test_these_are_evaluated_twice(keywords: dict[str, Any]) -> None:
    assert plan(1, **keywords)[1].left == [False]


@pytest.mark.skipif(versions.TaskContext is None, reason="ansible-core before 2.21 knows no projections")
def test_what_registers_an_expression_is_evaluated_twice_and_may_fail_by_it() -> None:
    segment, host = plan(2, register={"status": "_task.result.rc"})
    assert host.left == [False]
    assert len(segment.planned) == 1


@pytest.mark.parametrize("text", ["{{ [1, 2] | random }}", "{{ lookup('pipe', 'date') }}", "{{ now() }}"])
def test_what_may_differ_is_evaluated_once(text: str) -> None:
    assert plan(1, vars={"x": text})[1].left == [True]
    for keywords in ({"loop": [1]}, {"timeout": 5}):
        segment, host = plan(1, vars={"x": text}, **keywords)
        assert (segment.planned, host.left) == ([], []), "it runs the ordinary way"


@pytest.mark.parametrize(("once", "is_blocked"), [(True, False), (False, True)])
def test_a_template_file_that_may_differ_is_rendered_once(once: bool, is_blocked: bool) -> None:
    batch, task = engine.Batch(Known()), Task.load({"ansible.builtin.template": "x"})  # type: ignore[arg-type]
    assert batch._text_reads(task, engine.Segment(), "{{ now() }}", once=once) is is_blocked


@pytest.mark.parametrize(
    "keywords", [{}, {"changed_when": False}, {"failed_when": False}, {"register": "status"}]
)
def test_these_are_left_in_the_middle(keywords: dict[str, Any]) -> None:
    assert plan(1, **keywords)[1].left == [True]
