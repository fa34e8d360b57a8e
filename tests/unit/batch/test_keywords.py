"""Keywords are validated and copied as Ansible does it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.module_utils._internal._datatag._tags import Deprecated
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.block import Block
from ansible.playbook.play import Play
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.template import Templar, trust_as_template
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import keywords
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.memos import Memos

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
    {"port": 22, "connection": "local", "become_user": "root", "environment": {}, "notify": "one"},
    {"port": "22", "become": "yes", "ignore_errors": 0, "diff": "no", "poll": 5.0, "async": "7"},
    {
        "changed_when": "said.rc == 2",
        "failed_when": [],
        "module_defaults": [{"file": {"mode": "{{ name }}"}}],
    },
    {"changed_when": ["{{ flag }}", "said.rc == 2"], "failed_when": False, "until": [], "delay": 2.5},
    {"loop": [], "loop_control": {"pause": "{{ number }}", "break_when": ["said is success"]}, "tags": []},
    {"become_user": "{% if flag %}one{% endif %}", "run_once": "{# nothing #}"},
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


def test_what_needs_no_validation_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = Task.post_validate_attribute

    def ask(task: Task, name: str, **named: Any) -> Any:
        asked.append(name)
        return real(task, name, **named)

    monkeypatch.setattr(Task, "post_validate_attribute", ask)
    play = Play.load({"hosts": "all", "gather_facts": False}, loader=DataLoader())
    [task] = Block.load({"block": [{"ansible.builtin.command": "true", "name": "One"}]}, play=play).block
    task.squash()
    keywords.post_validate(task, Templar()._engine)
    assert set(asked) - {"connection"} == {"args", "environment", "loop_control"}
    assert task._finalized
    asked.clear()
    task.connection = Deprecated(msg="it is old").tag("local")
    keywords.post_validate(task, Templar()._engine)
    assert "connection" in asked, "who uses it is warned"


def test_a_copy_is_the_same_and_its_own() -> None:
    context = PlayContext()
    context.remote_user, context.port, context.become, context.environment = "me", 23, None, [{"A": "b"}]
    context._become_plugin = "not copied"
    wanted = context.copy()
    with Memos().used():
        made = context.copy()
    assert vars(made) == vars(wanted)
    made.environment.append("changed")
    made.port = 24
    assert (context.environment, context.port) == ([{"A": "b"}], 23)


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
