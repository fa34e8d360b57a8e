"""Variables that a task reads: with a missed one, the task would run too early."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.dependencies import (
    EVERYTHING,
    Reader,
    is_pure,
)

VARIABLES: dict[str, Any] = {
    "alias": "{{ seen.stdout }}",
    "alias_of_alias": ["x", {"y": "<{{ alias }}>"}],
    "circle": "{{ square }}",
    "square": "{{ circle }} {{ seen }}",
    "plain": "no template",
    "key_of": {"{{ seen }}": 1},
}


def names(value: Any, *conditions: str) -> frozenset[str]:
    return Reader(VARIABLES).names([value], conditions)


@pytest.mark.parametrize(
    "value",
    [
        "{{ seen }}",
        "{{ seen.stdout | default('x') }}",
        "{{ (seen | default({})).rc }}",
        "{% if seen is defined %}x{% endif %}",
        "{{ other[seen.stdout] }}",
        {"path": ["{{ seen.path }}"]},
        {"{{ seen }}": "x"},
        "{{ alias }}",
        "{{ alias_of_alias }}",
        "{{ key_of }}",
        "{{ [1, 2] | map('extract', seen) | community.general.no_such_filter }}",
        "{{ seen is no.such.test }}",
        "{{ '%s' % seen }}",
    ],
)
def test_reads_it(value: Any) -> None:
    assert "seen" in names(value)


def test_a_circle_ends() -> None:
    assert {"circle", "square", "seen"} <= names("{{ circle }}")


@pytest.mark.parametrize(
    "condition", ["seen is changed", "not seen.stat.exists", "alias == 'x'", "plain and seen"]
)
def test_conditions(condition: str) -> None:
    assert "seen" in names("", condition)


@pytest.mark.parametrize("condition", [True, False, None])
def test_constant_conditions(condition: Any) -> None:
    assert not names("", condition)


@pytest.mark.parametrize(
    "value",
    [
        "{{ vars['se' ~ 'en'] }}",
        "{{ hostvars[inventory_hostname].seen }}",
        "{{ lookup('vars', 'se' ~ 'en') }}",
        "{{ query('ansible.builtin.vars', 'x') }}",
        "{{ q('varnames', 'x') }}",
        "{{ lookup('template', 'file.j2') }}",
        "{{ lookup('ansible.builtin.template', 'file.j2') }}",
        "{{ lookup(which, 'x') }}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{{ broken",
    ],
)
def test_cannot_be_told(value: str) -> None:
    assert EVERYTHING in names(value)


@pytest.mark.parametrize(
    "value", ["seen", "{{ plain }}", "{{ lookup('ansible.builtin.env', plain) }}", 7, None, b"{{ seen }}"]
)
def test_reads_nothing_of_it(value: Any) -> None:
    found = names(value)
    assert "seen" not in found
    assert EVERYTHING not in found


@pytest.mark.parametrize(
    "text",
    [
        "{{ lookup('file', 'x') }}",
        "{{ query ('fileglob', 'x') }}",
        "{{ x is exists }}",
        "{{ x is not ansible.builtin.file }}",
        "{{ lookup('url', 'x') }}",
        "{{ q('pipe', 'x') }}",
        "{{ lookup('community.general.dig', 'x') }}",
    ],
)
def test_reads_files_or_anything(text: str) -> None:
    assert EVERYTHING in names(text)


def test_a_lookup_behind_a_variable_is_seen() -> None:
    assert EVERYTHING in Reader({"role_variable": "{{ lookup('file', 'x') }}"}).names(["{{ role_variable }}"])


@pytest.mark.parametrize(
    "text",
    [
        "{{ eq(1) }}",
        "a lookup('file', 'x')",
        "{{ lookup('env', 'X') }}",
        "{{ lookup('cartable.fleet.vault', 'x') }}",
    ],
)
def test_reads_only_its_arguments(text: str) -> None:
    assert EVERYTHING not in names(text)


@pytest.mark.parametrize(
    ("name", "pure"), [("pipe", False), ("ansible.builtin.lines", False), ("items", True)]
)
def test_the_lookup_of_a_loop(name: str, pure: bool) -> None:
    assert is_pure(name) is pure


def test_what_variables_that_name_each_other_read_is_all_of_it_in_any_order() -> None:
    variables = {"a": "{{ b }} {{ c }}", "b": "{{ a }} {{ d }}", "c": "{{ x }}", "d": "{{ y }}"}
    every = frozenset("abcdxy")
    for names in ("ab", "ba", "aab"):
        reader = Reader(variables)
        assert [reader.names(["{{ " + name + " }}"]) for name in names] == [every] * len(names)


class OfAllHosts(Mapping[str, Any]):
    """As Ansible's ``hostvars``: whoever looks at a host's variables renders them."""

    def __getitem__(self, host: str) -> Any:
        pytest.fail(f"the variables of {host} were rendered to plan a task")

    def __iter__(self) -> Iterator[str]:
        return iter(["UC990001", "UC990002"])

    def __len__(self) -> int:
        return 2


@pytest.mark.parametrize("name", ["hostvars", "vars"])
@pytest.mark.parametrize(
    "text", ["{{ NAME['UC990001'].address }}", "{{ all | map('extract', NAME) }}", "{{ behind }}"]
)
def test_the_variables_of_all_hosts_are_not_rendered_to_plan_a_task(name: str, text: str) -> None:
    variables = {name: OfAllHosts(), "behind": f"{{{{ {name}.UC990002 }}}}"}
    assert EVERYTHING in Reader(variables).names([text.replace("NAME", name)])
