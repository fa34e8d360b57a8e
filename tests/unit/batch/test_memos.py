"""What Ansible is told from memory is what it would have found: plugins, options of connections, empty keywords."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.base import FieldAttributeBase
from ansible.playbook.block import Block
from ansible.playbook.play import Play
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import PluginLoader, action_loader, connection_loader, module_loader
from ansible.template import Templar, trust_as_template
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.memos import Memos


@pytest.fixture
def memos() -> Iterator[Memos]:
    memos = Memos()
    with memos.used():
        yield memos


def test_ansible_is_left_as_it_was() -> None:
    before = PluginLoader.find_plugin_with_context, FieldAttributeBase.post_validate
    with pytest.raises(ZeroDivisionError), Memos().used():
        assert PluginLoader.find_plugin_with_context is not before[0]
        raise ZeroDivisionError
    assert (PluginLoader.find_plugin_with_context, FieldAttributeBase.post_validate) == before
    assert "get_plugin_options_and_origins" not in vars(C.config)


# Plugins ---------------------------------------------------------------------------------------------------------


def searches(name: str, times: int = 1, **how: Any) -> tuple[int, Any]:
    """How often it was searched for in so many times, and what was found last."""
    real = PluginLoader._resolve_plugin_step
    with patch.object(PluginLoader, "_resolve_plugin_step", autospec=True, side_effect=real) as step:
        for _ in range(times):
            found = module_loader.find_plugin_with_context(name, **how)
    return step.call_count, found


@pytest.mark.parametrize("name", ["ansible.builtin.stat", "stat", "ansible.builtin.no_such", "no_such"])
def test_a_plugin_is_searched_for_once(name: str) -> None:
    once, wanted = searches(name)
    with Memos().used():
        count, found = searches(name, times=5)
    assert count == once
    # What Ansible has itself remembered of a name without a collection, it does not attempt again.
    assert vars(found) | {"load_attempts": []} == vars(wanted) | {"load_attempts": []}


def test_it_matters_what_for(memos: Memos) -> None:
    del memos
    assert module_loader.find_plugin_with_context("ansible.builtin.stat").resolved
    assert not action_loader.find_plugin_with_context("ansible.builtin.stat").resolved
    assert not module_loader.find_plugin_with_context("ansible.builtin.stat", ".ps1").resolved
    assert not module_loader.find_plugin_with_context("shop").resolved
    assert not module_loader.find_plugin_with_context("shop", collection_list=["a.b"]).resolved


def test_nobody_changes_what_is_remembered(memos: Memos) -> None:
    del memos
    for _ in range(2):
        found = module_loader.find_plugin_with_context("ansible.builtin.stat")
        assert found.resolved
        found.resolved = False


def test_plugins_that_have_come_are_found(memos: Memos) -> None:
    assert searches("ansible.builtin.stat")[0] == 1
    assert searches("ansible.builtin.stat")[0] == 0
    memos.forget_plugins()
    assert searches("ansible.builtin.stat")[0] == 1


def test_a_deprecation_is_told_each_time(memos: Memos) -> None:
    del memos
    routing = {"deprecation": {"warning_text": "gone soon", "removal_version": "9.9"}}
    with patch.object(PluginLoader, "_query_collection_routing_meta", return_value=routing):
        assert searches("ansible.builtin.stat", times=3)[0] == 3


# Options ---------------------------------------------------------------------------------------------------------

TASK = Task.load({"ansible.builtin.command": "true"}).dump_attrs()
GIVEN = [
    ({}, {}),
    ({"remote_user": "a"}, {}),
    ({"remote_user": "b", "name": "of no matter"}, {}),
    ({"remote_user": "b", "name": "of no more matter"}, {}),
    ({"timeout": 7}, {}),
    ({}, {"ansible_port": 23, "ansible_user": "c"}),
    ({}, {"ansible_port": 24, "ansible_user": "c"}),
    ({"port": 25}, {"ansible_user": "c"}),
    ({"become_user": "d"}, {"ansible_ssh_common_args": "-v"}),
]


@pytest.mark.parametrize("name", ["ssh", "local"])
def test_options_are_those_that_ansible_finds(name: str) -> None:
    connection = connection_loader.get(name, PlayContext())
    wanted = []
    for keys, variables in GIVEN:
        connection.set_options(task_keys=TASK | keys, var_options={"_extras": {}, **variables})
        wanted.append((connection.get_options(), dict(connection._origins)))
    with Memos().used():
        for _ in range(2):
            for (keys, variables), found in zip(GIVEN, wanted, strict=True):
                for _ in range(2):
                    connection.set_options(task_keys=TASK | keys, var_options={"_extras": {}, **variables})
                    assert (connection.get_options(), connection._origins) == found


def test_options_are_found_once_while_nothing_of_them_changes(memos: Memos) -> None:
    del memos
    connection = connection_loader.get("ssh", PlayContext())
    real = type(C.config).get_config_value_and_origin
    with patch.object(type(C.config), "get_config_value_and_origin", autospec=True, side_effect=real) as get:
        connection.set_options(task_keys=TASK | {"name": "first"}, var_options={})
        first = get.call_count
        connection._options["host"] = "changed by the connection itself"
        connection.set_options(task_keys=TASK | {"name": "second"}, var_options={})
        assert get.call_count == first
    assert connection.get_option("host") != "changed by the connection itself"


def test_what_is_wrong_with_an_option_is_told_each_time(memos: Memos) -> None:
    del memos
    connection = connection_loader.get("ssh", PlayContext())
    for _ in range(2):
        with pytest.raises(AnsibleError, match="timeout"):
            connection.set_options(task_keys=TASK, var_options={"ansible_ssh_timeout": "soon"})


def test_a_deprecated_option_is_told_each_time(memos: Memos) -> None:
    del memos
    connection = connection_loader.get("ssh", PlayContext())
    definitions = C.config.get_configuration_definitions("connection", connection._load_name)
    deprecated = {"why": "it is old", "version": "9.9", "collection_name": "ansible.builtin"}
    with (
        patch.dict(definitions["port"], {"deprecated": deprecated}),
        patch("ansible.plugins._display._report_config_warnings") as told,
    ):
        for _ in range(2):
            connection.set_options(task_keys=TASK, var_options={"ansible_port": 23})
            assert [name for name, _ in C.config.DEPRECATED] == ["port"]
            C.config.DEPRECATED.clear()
    assert told.call_count == 2


# Keywords --------------------------------------------------------------------------------------------------------

VARIABLES = {"name": "value", "flag": True, "number": "12", "listed": ["a", "b"]}
TASKS: list[dict[str, Any]] = [
    {},
    {"name": "Do it for {{ name }}", "register": "said"},
    {"when": "flag", "become": "{{ flag }}", "become_user": "{{ name }}", "ignore_errors": "{{ not flag }}"},
    {"retries": "{{ number }}", "delay": 0, "timeout": "{{ number | int }}", "until": "said is success"},
    {"loop": "{{ listed }}", "loop_control": {"label": "{{ item }}"}, "tags": ["one", "two"]},
    {"environment": [{"A": "{{ name }}"}], "vars": {"own": "{{ name }}"}, "notify": "handler {{ name }}"},
    {"diff": False, "check_mode": "{{ flag }}", "no_log": True, "delegate_to": "{{ name }}", "throttle": 2},
    {"become_user": "{{ omit }}", "environment": "{{ omit }}", "timeout": "{{ omit }}"},
    {"retries": "{{ missing }}"},
    {"timeout": "{{ listed }}"},
]
BLOCKS: list[dict[str, Any]] = [
    {},
    {"name": "All for {{ name }}", "when": "{{ flag }}", "become": True, "vars": {"own": "{{ missing }}"}},
    {"name": "{{ missing }}"},
    {"environment": [{"B": "{{ name }}"}], "tags": "three", "ignore_errors": "{{ missing }}"},
]


def validated(task: dict[str, Any], block: dict[str, Any]) -> Any:
    """All keywords of a task and its block after their validation, or what is wrong with them."""
    loader = DataLoader()
    play = Play.load({"hosts": "all", "gather_facts": False}, loader=loader)
    given = trusted({**block, "block": [{"ansible.builtin.command": "true {{ name }}", **task}]})
    made = Block.load(given, play=play, loader=loader)
    [inner] = made.block
    inner.squash()
    templar = Templar(loader=loader, variables=VARIABLES)
    try:
        inner.post_validate(templar=templar._engine)
    except AnsibleError as error:
        return str(error)
    return [
        {name: getattr(entry, name) for name in entry.fattributes if name != "block"}
        | {"loop_control": loops.dump_attrs() if loops else None}
        for entry, loops in ((inner, inner.loop_control), (made, None))
    ]


def trusted(value: Any) -> Any:
    """What a YAML file of the user's would give."""
    if isinstance(value, dict):
        return {key: trusted(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [trusted(inner) for inner in value]
    return trust_as_template(value) if isinstance(value, str) else value


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("task", TASKS)
def test_keywords_are_validated_as_ansible_does(task: dict[str, Any], block: dict[str, Any]) -> None:
    wanted = validated(task, block)
    with Memos().used():
        assert validated(task, block) == wanted


def test_what_a_play_says_of_connections_is_validated_the_same() -> None:
    def context() -> dict[str, Any]:
        made = PlayContext()
        made.remote_user = trust_as_template("{{ name }}")
        made.timeout = trust_as_template("{{ number }}")
        made.post_validate(templar=Templar(variables=VARIABLES)._engine)
        return made.dump_attrs()

    wanted = context()
    with Memos().used():
        assert context() == wanted
    assert wanted["remote_user"] == "value"
