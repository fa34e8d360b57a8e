"""Where a segment ends, what is left in the middle and what an include brings; tests/batch compares it with Ansible."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import ansible
import pytest
from ansible.errors import AnsibleError
from ansible.playbook.block import Block
from ansible.playbook.task import Task
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import planning
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import versions
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.errors import Includes
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.jobs import Taken
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.outcomes import Outcome
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.report import Report
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.segment import Segment

from tests.unit.batch.known_host import COMMAND, Known, segment_of

BRINGING = {"ansible_collections/x/y/plugins/modules/z.py": b"module.exit_json(ansible_facts=found)"}
COMPAT = "ansible/module_utils/facts/compat.py"
OF_ANSIBLE = {COMPAT: (Path(ansible.__file__).parents[1] / COMPAT).read_bytes()}
READING = {"ansible_collections/x/y/plugins/modules/z.py": b"module.exit_json(**json.loads(said))"}
SAFE = {**OF_ANSIBLE, "ansible_collections/x/y/plugins/modules/z.py": b"module.exit_json(changed=False)"}


def plan(number: int, **keywords: Any) -> tuple[Segment, Known]:
    host = Known()
    tasks = [Task.load({"ansible.builtin.command": "true", **keywords}) for _ in range(number)]
    return segment_of(host, tasks), host


def test_a_segment_has_so_many_jobs_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "MOST_JOBS", 5)
    segment, _ = plan(4)
    assert len(segment.planned) == 3, "the third task goes past the fifth job, the fourth is not begun"
    assert len(segment.jobs) == 6


def test_a_segment_brings_so_many_bytes_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "MOST_BYTES", 5)
    monkeypatch.setattr(Known, "wire", {"content": "two"})
    assert len(plan(4)[0].planned) == 1


@pytest.mark.parametrize(
    "keywords", [{"ansible.builtin.set_fact": {"ansible_become_password": "x"}}, {"register": "ansible_user"}]
)
def test_how_the_host_is_reached_is_known_before_the_next_task(keywords: dict[str, Any]) -> None:
    task = {"ansible.builtin.command": "true"} if "register" in keywords else {}
    tasks = [Task.load({**task, **keywords}), Task.load({"ansible.builtin.command": "true"})]
    host = Known()
    assert len(segment_of(host, tasks).planned) == 1


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
    assert len(segment_of(host, tasks).planned) == planned


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
    assert len(segment_of(host, tasks).planned) == 1
    assert host.dropped == 1
    assert len(segment_of(host, tasks[1:]).planned) == 1
    assert host.dropped == 1


def test_so_many_tasks_are_left_in_the_middle_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "MOST_LEFT", 2 * Known.number)
    segment, host = plan(4)
    assert len(segment.planned) == 4
    assert host.left == [True, True, False, False]


@pytest.mark.parametrize(
    "keywords", [{"loop": [1]}, {"loop": [1], "changed_when": "item == 1"}, {"with_items": [1]}]
)
def test_a_loop_is_left_item_by_item(keywords: dict[str, Any]) -> None:
    segment, host = plan(1, **keywords)
    assert host.left == [True]
    [(taken, _)] = segment.planned
    assert not taken.once, "what an item without a module says is found out again"


@pytest.mark.parametrize(
    "keywords",
    [{"timeout": 5}, {"until": "true"}, {"loop": [1], "timeout": 5}],
    ids=lambda keywords: ", ".join(keywords),
)
def test_these_are_evaluated_twice(keywords: dict[str, Any]) -> None:
    assert plan(1, **keywords)[1].left == [False]


@pytest.mark.parametrize("keywords", [{"changed_when": "1 == 1"}, {"failed_when": "other.rc == 2"}])
def test_what_ends_with_a_condition_is_left_and_ends_the_segment(keywords: dict[str, Any]) -> None:
    segment, host = plan(2, **keywords)
    assert host.left == [True]
    assert len(segment.planned) == 1


@pytest.mark.parametrize(("read", "left"), [("first", False), ("other", True)])
def test_whose_end_reads_what_a_task_before_it_brings_is_evaluated_twice(read: str, left: bool) -> None:
    tasks = [
        Task.load({"ansible.builtin.command": "true", "register": "first"}),
        Task.load({"ansible.builtin.command": "true", "changed_when": f"{read}.rc == 0"}),
    ]
    host = Known()
    assert len(segment_of(host, tasks).planned) == 2
    assert host.left == [True, left]


@pytest.mark.skipif(versions.TaskContext is None, reason="ansible-core before 2.21 knows no projections")
def test_what_registers_an_expression_may_fail_by_it() -> None:
    expression = {"register": {"status": "_task.result.rc"}}
    segment, host = plan(2, **expression)
    assert host.left == [True]
    assert len(segment.planned) == 1
    tasks = [Task.load({"ansible.builtin.command": "true", **more}) for more in ({}, expression)]
    host = Known()
    segment_of(host, tasks)
    assert host.left == [True, False], "it may read what the first brings"


class Including(Known):
    """Its includes name two tasks each."""

    named = ("Two", "Three")
    wrong: AnsibleError | None = None

    def take(self, task: Task, *arguments: Any, **named: Any) -> Taken:
        if task.action == "include_tasks":
            raise Includes(Outcome(task, {"include": "file.yml"}, {}))
        return super().take(task, *arguments, **named)

    def included(self, outcome: Outcome) -> list[Block]:
        if self.wrong:
            raise self.wrong
        block = Block()
        block.block = [named(name) for name in self.named]
        return [block]

    def wanted(self, task: Task) -> bool:
        return task.get_name() != "Unwanted"


def named(name: str, **keywords: Any) -> Task:
    return Task.load({"name": name, "ansible.builtin.command": "true", **keywords})


def names(tasks: list[Task]) -> list[str]:
    return [task.get_name() for task in tasks]


def test_what_an_include_names_is_planned_in_its_place() -> None:
    tasks = [named("One"), Task.load({"include_tasks": "file.yml"}), named("Four")]
    segment = segment_of(Including(), tasks)
    assert names([taken.task for taken, _ in segment.planned]) == ["One", "Two", "Three", "Four"]
    assert names(tasks) == ["One", "Two", "Three", "Four"]


def test_what_the_tags_leave_out_is_left_out_of_an_include(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Including, "named", ("Two", "Unwanted"))
    tasks = [Task.load({"include_tasks": "file.yml"})]
    assert len(segment_of(Including(), tasks).planned) == 1
    assert names(tasks) == ["Two"]


@pytest.mark.parametrize(
    ("keywords", "before"),
    [
        ({"when": "status.rc == 0"}, {"register": "status"}),
        ({"vars": {"x": "{{ status }}"}}, {"register": "status"}),
    ],
    ids=["condition", "variables"],
)
def test_an_include_waits_for_what_it_reads(keywords: dict[str, Any], before: dict[str, Any]) -> None:
    tasks = [named("One", **before), Task.load({"include_tasks": "file.yml", **keywords})]
    assert len(segment_of(Including(), tasks).planned) == 1
    assert len(tasks) == 2


def test_on_the_controller_a_file_may_be_written_before_it_is_included() -> None:
    class Controller(Including):
        is_controller = True

    tasks = [named("One"), Task.load({"include_tasks": "file.yml"})]
    assert len(segment_of(Controller(), tasks).planned) == 1
    assert len(tasks) == 2


def test_what_is_wrong_with_an_include_is_said_when_its_turn_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Including, "wrong", AnsibleError("no such file"))
    tasks = [named("One"), Task.load({"include_tasks": "file.yml"})]
    assert len(segment_of(Including(), tasks).planned) == 1
    assert len(tasks) == 2


def test_what_rescues_is_not_planned_with_what_is_around_it() -> None:
    class Rescuing(Including):
        def included(self, outcome: Outcome) -> list[Block]:
            [block] = super().included(outcome)
            block.rescue = [named("Rescue")]
            return [block]

    tasks = [named("One"), Task.load({"include_tasks": "file.yml"})]
    assert len(segment_of(Rescuing(), tasks).planned) == 1
    assert len(tasks) == 2


@pytest.mark.parametrize("text", ["{{ [1, 2] | random }}", "{{ lookup('pipe', 'date') }}", "{{ now() }}"])
def test_what_may_differ_is_evaluated_once(text: str) -> None:
    assert plan(1, vars={"x": text})[1].left == [True]
    for keywords in ({"loop": [1]}, {"timeout": 5}):
        segment, host = plan(1, vars={"x": text}, **keywords)
        assert (segment.planned, host.left) == ([], []), "it runs the ordinary way"


@pytest.mark.parametrize(("once", "is_blocked"), [(True, False), (False, True)])
def test_a_template_file_that_may_differ_is_rendered_once(once: bool, is_blocked: bool) -> None:
    host, task = Known(), Task.load({"ansible.builtin.template": "x"})
    planner = planning.Planner(host, Report(host))  # type: ignore[arg-type]
    assert planner._text_reads(task, Segment(), "{{ now() }}", once=once) is is_blocked


@pytest.mark.parametrize(
    "keywords", [{}, {"changed_when": False}, {"failed_when": False}, {"register": "status"}]
)
def test_these_are_left_in_the_middle(keywords: dict[str, Any]) -> None:
    assert plan(1, **keywords)[1].left == [True]
