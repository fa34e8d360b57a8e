"""Ends of segments, and replaced includes; tests/batch compares them with Ansible."""

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
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter import versions
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter.errors import Includes
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter.outcome import Outcome

from tests.unit.batch.known_host import COMMAND, Known, command, names, segment_of

RETURNS_FACTS = {"ansible_collections/x/y/plugins/modules/z.py": b"module.exit_json(ansible_facts=found)"}
COMPAT = "ansible/module_utils/facts/compat.py"
OF_ANSIBLE = {COMPAT: (Path(ansible.__file__).parents[1] / COMPAT).read_bytes()}
READS_JSON = {"ansible_collections/x/y/plugins/modules/z.py": b"module.exit_json(**json.loads(said))"}
SAFE = {**OF_ANSIBLE, "ansible_collections/x/y/plugins/modules/z.py": b"module.exit_json(changed=False)"}


def planned(*tasks: Task, host: Known | None = None) -> int:
    """How many of the tasks run together."""
    return len(segment_of(host or Known(), list(tasks)).tasks)


def test_a_segment_has_so_many_jobs_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "MOST_JOBS", 3)
    assert planned(*(command() for _ in range(5))) == 3


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ({"register": "status"}, {"when": "status.rc == 0"}, False),
        ({"register": "status"}, {"vars": {"x": "{{ status }}"}}, False),
        ({"register": "status"}, {"changed_when": "status.rc == 0"}, False),
        ({"register": "status"}, {"until": "status.rc == 0"}, False),
        ({"register": "status"}, {"when": "other.rc == 0"}, True),
        ({"register": "ansible_user"}, {}, False),
        ({}, {"vars": {"x": "{{ lookup('pipe', 'date') }}"}}, False),
        ({}, {"vars": {"x": "{{ lookup('env', 'HOME') }}"}}, True),
        ({}, {"timeout": 5}, False),
        ({}, {"delegate_to": "other"}, False),
        ({}, {"async": 5}, False),
        ({}, {"with_lines": "date"}, False),
        ({"changed_when": "1 == 1"}, {}, False),
        ({"failed_when": "other.rc == 2"}, {}, False),
        ({"changed_when": False}, {}, True),
        ({"loop": [1]}, {}, False),
        ({"until": "true"}, {}, False),
        ({}, {"loop": [1]}, True),
    ],
    ids=str,
)
def test_two_tasks(first: dict[str, Any], second: dict[str, Any], together: bool) -> None:
    assert planned(command(**first), command(**second)) == (2 if together else 1)


def test_an_action_that_works_on_the_controller_runs_the_ordinary_way() -> None:
    assert planned(Task.load({"ansible.builtin.fetch": {"src": "/x", "dest": "/y"}})) == 0
    assert planned(command(), Task.load({"ansible.builtin.service": {"name": "x"}})) == 1


@pytest.mark.skipif(versions.TaskContext is None, reason="ansible-core before 2.21 knows no projections")
def test_what_registers_an_expression_may_fail_by_it() -> None:
    assert planned(command(register={"status": "_task.result.rc"}), command()) == 1


@pytest.mark.parametrize(
    ("files", "number"),
    [(RETURNS_FACTS, 1), (READS_JSON, 1), ({COMPAT: b"ansible_facts, a user's"}, 1), (SAFE, 2)],
    ids=["returns facts", "returns JSON", "a user's utility", "returns none"],
)
def test_what_a_module_may_bring_is_known_before_the_next_task(
    files: dict[str, bytes], number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = {"module_fqn": "ansible_collections.x.y.plugins.modules.z"}
    monkeypatch.setattr(Known, "module", dataclasses.replace(COMMAND, call=call, files=files))
    tasks = [Task.load({"ansible.builtin.command": f"echo {{{{ {name} }}}}"}) for name in ("one", "other")]
    assert planned(*tasks) == number


def test_what_fails_before_its_module_is_evaluated_again_when_the_others_have_run() -> None:
    """It may have wanted what they bring, in a way that nobody saw."""

    class Failing(Known):
        result = {"failed": True}

        def jobs_of(self, task: Task) -> int:
            return 0 if task.name == "Fails" else 1

    host, tasks = Failing(), [command(), command("Fails"), command()]
    assert planned(*tasks, host=host) == 1
    assert host.evaluated[1].cancelled
    assert planned(*tasks[1:], host=host) == 1
    assert not host.evaluated[2].cancelled


class Including(Known):
    """Its includes name some tasks each."""

    named = ("Two", "Three")
    wrong: AnsibleError | None = None
    rescues = False

    def evaluate(self, task: Task, *arguments: Any, **named: Any) -> Any:
        if task.action == "include_tasks":
            raise Includes(Outcome(task, {"include": "file.yml"}, {}))
        return super().evaluate(task, *arguments, **named)

    def included(self, outcome: Outcome) -> list[Block]:
        if self.wrong:
            raise self.wrong
        block = Block()
        block.block = [command(name) for name in self.named]
        block.rescue = [command("Rescue")] if self.rescues else []
        return [block]

    def is_wanted(self, task: Task) -> bool:
        return task.get_name() != "Unwanted"


def include(**keywords: Any) -> Task:
    return Task.load({"include_tasks": "file.yml", **keywords})


def test_what_an_include_names_is_planned_in_its_place() -> None:
    tasks = [command("One"), include(), command("Four")]
    segment = segment_of(Including(), tasks)
    assert names(segment.tasks) == names(tasks) == ["One", "Two", "Three", "Four"]


def test_what_the_tags_leave_out_is_left_out_of_an_include(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Including, "named", ("Two", "Unwanted"))
    tasks = [include()]
    segment_of(Including(), tasks)
    assert names(tasks) == ["Two"]


@pytest.mark.parametrize(
    ("before", "keywords", "of_host"),
    [
        ({"register": "status"}, {"when": "status.rc == 0"}, {}),
        ({}, {}, {"wrong": AnsibleError("no such file")}),
        ({}, {}, {"rescues": True}),
        ({}, {}, {"is_controller": True}),
    ],
    ids=["reads what is registered", "has no file", "rescues", "may be written by a task"],
)
def test_an_include_waits_for_its_turn(
    before: dict[str, Any], keywords: dict[str, Any], of_host: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in of_host.items():
        monkeypatch.setattr(Including, name, value)
    tasks = [command(**before), include(**keywords)]
    assert len(segment_of(Including(), tasks).tasks) == 1
    assert len(tasks) == 2
