"""A batch refuses what it does not support, with file and line."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleParserError
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.block import Block
from ansible.playbook.play import Play
from ansible.playbook.task import Task
from ansible.vars.manager import VariableManager
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import refusals


def check(folder: Path, text: str, around: str = "") -> None:
    """Look at a file with ``text`` in a block with the keyword ``around``, where the batch stands as well."""
    file = folder / "tasks.yml"
    file.write_text(textwrap.dedent(text), encoding="utf-8")
    play = Play.load({"hosts": "all", "name": "test"})
    outer = Block.load({"block": [], **({around: True} if around else {})}, play=play)
    batch = Task.load({"ansible.builtin.debug": {}}, block=outer)
    loader = DataLoader()
    data = loader.load_from_file(str(file), trusted_as_template=True)
    variables = VariableManager(loader)
    loaded = Block.load(
        {"block": data}, play=play, parent_block=outer, variable_manager=variables, loader=loader
    )
    refusals.check([loaded], batch)


@pytest.mark.parametrize(
    "line",
    [
        "run_once: true",
        "run_once: '{{ wanted }}'",
        "throttle: 1",
        "any_errors_fatal: true",
        "debugger: on_failed",
        "delegate_facts: true",
    ],
)
def test_keywords(tmp_path: Path, line: str) -> None:
    with pytest.raises(AnsibleParserError) as refused:
        check(tmp_path, f"- debug: {{}}\n- name: This one\n  debug: {{}}\n  {line}\n")
    assert f'tasks.yml, line 2, "This one": {line.partition(":")[0]}: ' in str(refused.value)


@pytest.mark.parametrize(
    "action",
    [
        "meta: flush_handlers",
        "ansible.builtin.meta: end_host",
        "include_role: {name: x, public: true}",
        "ansible.builtin.include_role: {name: x, allow_duplicates: false}",
        "add_host: {name: x}",
        "ansible.builtin.group_by: {key: x}",
        "set_stats: {data: {x: 1}}",
        "ansible.builtin.pause: {seconds: 1}",
        "include_tasks: x.yml\n      register: said",
    ],
)
def test_actions(tmp_path: Path, action: str) -> None:
    with pytest.raises(AnsibleParserError, match="cannot run these"):
        check(tmp_path, f"- block:\n    - name: This one\n      {action}\n  rescue:\n    - debug: {{}}\n")


def test_a_role_of_the_play_is_not_imported(tmp_path: Path) -> None:
    role = tmp_path / "roles" / "other" / "tasks" / "main.yml"
    role.parent.mkdir(parents=True)
    role.write_text("- debug: {}\n- debug: {}\n", encoding="utf-8")
    with pytest.raises(AnsibleParserError) as refused:
        check(tmp_path, f"- debug: {{}}\n- import_role: {{name: {role.parents[1]}}}\n")
    assert str(refused.value).count("tasks.yml, line 2, ") == 1
    assert "include_role may do" in str(refused.value)


@pytest.mark.parametrize("part", ["rescue", "always"])
def test_every_part_of_a_block(tmp_path: Path, part: str) -> None:
    with pytest.raises(AnsibleParserError, match="throttle"):
        check(tmp_path, f"- block:\n    - debug: {{}}\n  {part}:\n    - debug: {{}}\n      throttle: 1\n")


@pytest.mark.parametrize("keyword", ["run_once", "any_errors_fatal"])
def test_what_holds_for_the_whole_batch_is_left_to_ansible(tmp_path: Path, keyword: str) -> None:
    check(tmp_path, "- debug: {}\n", around=keyword)


@pytest.mark.parametrize("keyword", ["run_once", "any_errors_fatal"])
def test_a_task_cannot_take_it_back(tmp_path: Path, keyword: str) -> None:
    with pytest.raises(AnsibleParserError, match=f'line 1, "debug": {keyword}: '):
        check(tmp_path, f"- debug: {{}}\n  {keyword}: false\n", around=keyword)


@pytest.mark.parametrize(
    "asked", [{"add_host": {"host_name": "x"}}, {"add_group": "x"}, {"ansible_stats": {"data": {"x": 1}}}]
)
@pytest.mark.parametrize("in_a_loop", [False, True])
def test_what_an_action_asks_of_the_play_is_refused_whatever_its_name(
    asked: dict[str, Any], in_a_loop: bool
) -> None:
    result = {"results": [{"changed": False}, asked]} if in_a_loop else asked
    with pytest.raises(AnsibleParserError, match='"This one": '):
        refusals.check_result(Task.load({"name": "This one", "debug": {}}), result)


@pytest.mark.parametrize("results", [["text", {"stats": 1}], 7, "text", {"add_host": 1}, None])
def test_other_results_are_not_refused(results: Any) -> None:
    refusals.check_result(Task.load({"debug": {}}), {"changed": True, "results": results})


def test_the_rest_may_run(tmp_path: Path) -> None:
    check(tmp_path, "- debug: {}\n  run_once: false\n  delegate_to: x\n")


@pytest.mark.parametrize(
    "keywords",
    [
        {"become": True},
        {"check_mode": False},
        {"delegate_to": "x"},
        {"environment": {}},
        {"changed_when": False},
        {"failed_when": False},
        {"ignore_errors": True},
        {"ignore_unreachable": True},
        {"no_log": True},
        {"timeout": 5},
        {"loop": [1]},
        {"with_items": [1]},
        {"until": "x", "retries": 2},
    ],
    ids=lambda keywords: next(iter(keywords)),
)
def test_keywords_of_the_batch_itself(keywords: dict[str, Any]) -> None:
    with pytest.raises(AnsibleParserError, match=f"takes no .*{next(iter(keywords))}"):
        refusals.check_batch(Task.load({"debug": {}, **keywords}))


def test_what_the_batch_may_have() -> None:
    refusals.check_batch(
        Task.load(
            {
                "name": "x",
                "debug": {},
                "when": True,
                "tags": ["x"],
                "vars": {"x": 1},
                "register": "x",
                "notify": "x",
            }
        )
    )
