"""What Ansible is told from memory is what it would have found: plugins, settings, options of connections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from ansible import constants as C
from ansible._internal._templating._jinja_bits import AnsibleEnvironment
from ansible.errors import AnsibleError
from ansible.playbook.base import FieldAttributeBase
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import PluginLoader, action_loader, connection_loader, module_loader
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.memos import Memos


@pytest.fixture
def memos() -> Iterator[Memos]:
    memos = Memos()
    with memos.used():
        yield memos


def test_ansible_is_left_as_it_was() -> None:
    changed = (PluginLoader, FieldAttributeBase, PlayContext, AnsibleEnvironment, C.config)
    before = [dict(vars(one)) for one in changed]
    with pytest.raises(ZeroDivisionError), Memos().used():
        with Memos().used():  # a batch in the file of a batch
            assert all(vars(one) != was for one, was in zip(changed, before, strict=True))
        raise ZeroDivisionError
    assert [dict(vars(one)) for one in changed] == before


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
    memos.forget_files()
    assert searches("ansible.builtin.stat")[0] == 1


def test_a_deprecation_is_told_each_time(memos: Memos) -> None:
    del memos
    routing = {"deprecation": {"warning_text": "gone soon", "removal_version": "9.9"}}
    with patch.object(PluginLoader, "_query_collection_routing_meta", return_value=routing):
        assert searches("ansible.builtin.stat", times=3)[0] == 3


# Settings --------------------------------------------------------------------------------------------------------

SETTINGS = ("DISPLAY_TRACEBACK", "DEFAULT_NO_TARGET_SYSLOG", "TARGET_LOG_INFO", "DEFAULT_DEBUG")
VARIABLES: tuple[dict[str, Any] | None, ...] = (
    None,
    {},
    {"of_no_matter": 1},
    {"ansible_no_target_syslog": True, "ansible_target_log_info": "hello"},
)


def test_settings_are_those_that_ansible_finds() -> None:
    wanted = {
        (name, number): C.config.get_config_value(name, variables=variables)
        for name in SETTINGS
        for number, variables in enumerate(VARIABLES)
    }
    assert wanted["TARGET_LOG_INFO", 3] == "hello"
    with Memos().used():
        for _ in range(2):
            for (name, number), value in wanted.items():
                assert C.config.get_config_value(name, variables=VARIABLES[number]) == value


def test_settings_are_found_once(memos: Memos) -> None:
    del memos
    real = type(C.config).get_config_value_and_origin
    with patch.object(type(C.config), "get_config_value_and_origin", autospec=True, side_effect=real) as get:
        for variables in VARIABLES:
            C.config.get_config_value("TARGET_LOG_INFO", variables=variables)
    assert get.call_count == 2


def test_nobody_changes_a_setting(memos: Memos) -> None:
    del memos
    for _ in range(2):
        found = C.config.get_config_value("DISPLAY_TRACEBACK")
        assert "changed" not in found
        found.append("changed")


def test_a_setting_that_is_not_there_is_told_each_time(memos: Memos) -> None:
    del memos
    for _ in range(2):
        with pytest.raises(AnsibleError):
            C.config.get_config_value("NO_SUCH_SETTING")


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
