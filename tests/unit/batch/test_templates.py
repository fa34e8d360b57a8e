"""Templates are compiled once, and what they give is what Ansible gives."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from unittest.mock import patch

import pytest
from ansible._internal._templating._jinja_bits import AnsibleEnvironment
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import Jinja2Loader, filter_loader
from ansible.template import Templar, trust_as_template
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import templates
from jinja2 import nodes

VARIABLES = {"name": "one", "number": 2, "inner": trust_as_template("{{ name }}!")}
TEXTS = [
    "{{ name }}",
    "{{ number }}",
    '{{ inner | upper }}{{ "{{ name }}" }}',
    "{{ 'a\\nb' }}{% set c = 'a\\nb' %}{{ c }}",
    "{% for one in [1, 2] %}{{ one }}{% endfor %}",
    "{{ missing | default('none') }}",
    "{{ {'a': number} }}",
]


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "COMPILED", {})


@pytest.fixture
def compilations() -> Iterator[Any]:
    real = AnsibleEnvironment._generate
    with patch.object(AnsibleEnvironment, "_generate", autospec=True, side_effect=real) as generate:
        yield generate


def render(text: str, **how: Any) -> Any:
    """What another host's templar gives."""
    return Templar(loader=DataLoader(), variables=VARIABLES).template(trust_as_template(text), **how)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("escape", [True, False])
def test_they_give_the_same(text: str, escape: bool) -> None:
    wanted = [render(text, escape_backslashes=flag) for flag in (escape, not escape)]
    with templates.compiled_once():
        for _ in range(2):
            assert [render(text, escape_backslashes=flag) for flag in (escape, not escape)] == wanted


def test_each_is_compiled_once(compilations: Any) -> None:
    with templates.compiled_once():
        for _ in range(3):
            render("{{ name }}")
    assert compilations.call_count == 1


def test_what_is_compiled_ahead_need_not_be_compiled(compilations: Any) -> None:
    templates.compile_ahead(["{{ name }}", "{{ wrong"], [], DataLoader())
    compilations.reset_mock()
    with templates.compiled_once():
        assert render("{{ name }}") == "one"
    assert not compilations.called


CONDITIONS = [
    "name == 'one'",
    "number > 1 and missing is undefined",
    "'a\\\\n' in inner",
    "number",
    "inner == 'one!'",
]


def evaluate(text: str, escape: bool) -> Any:
    """What another host's templar gives for an expression."""
    templar = Templar(loader=DataLoader(), variables=VARIABLES)
    return templar._engine.evaluate_expression(trust_as_template(text), escape_backslashes=escape)


@pytest.mark.parametrize("text", CONDITIONS)
@pytest.mark.parametrize("escape", [True, False])
def test_an_expression_gives_the_same(text: str, escape: bool) -> None:
    wanted = [evaluate(text, flag) for flag in (escape, not escape)]
    with templates.compiled_once():
        for _ in range(2):
            assert [evaluate(text, flag) for flag in (escape, not escape)] == wanted


def test_an_expression_is_compiled_once_and_is_no_template(compilations: Any) -> None:
    with templates.compiled_once():
        for _ in range(3):
            assert evaluate("name", False) == "one"
        assert compilations.call_count == 1
        assert render("name") == "name"


def test_a_condition_that_is_compiled_ahead_need_not_be_compiled(compilations: Any) -> None:
    templates.compile_ahead([], ["name == 'one'", "wrong =="], DataLoader())
    compilations.reset_mock()
    with templates.compiled_once():
        templar = Templar(loader=DataLoader(), variables=VARIABLES)
        assert templar._engine.evaluate_conditional(trust_as_template("name == 'one'"))
    assert not compilations.called


def test_what_is_wrong_with_an_expression_is_said_each_time() -> None:
    with templates.compiled_once():
        for _ in range(2):
            with pytest.raises(Exception, match="Syntax error in expression"):
                evaluate("name ==", False)
        assert evaluate("name", False) == "one"


def test_threads_do_not_get_the_code_of_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have parsed their expression when the first goes on."""
    real, parsed = AnsibleEnvironment.from_string, Barrier(2, timeout=10)

    def from_string(environment: AnsibleEnvironment, source: Any) -> Any:
        if isinstance(source, nodes.Template):
            parsed.wait()
        return real(environment, source)

    monkeypatch.setattr(AnsibleEnvironment, "from_string", from_string)
    with templates.compiled_once(), ThreadPoolExecutor(2) as threads:
        for _ in range(2):  # the second time they are remembered
            assert list(threads.map(lambda text: evaluate(text, False), ["name", "number"])) == ["one", 2]


def test_what_is_drawn_is_drawn_each_time() -> None:
    with templates.compiled_once():
        drawn = {render("{{ 1000000000 | random }}") for _ in range(5)}
    assert len(drawn) == 5


def test_other_markers_are_compiled_for_themselves() -> None:
    templar = Templar(loader=DataLoader(), variables=VARIABLES)
    text = trust_as_template("[[ name ]]{{ name }}")
    with templates.compiled_once():
        assert render(text) == "[[ name ]]one"
        other = templar.copy_with_new_env(variable_start_string="[[", variable_end_string="]]")
        assert other.template(text) == "one{{ name }}"
        assert render(text) == "[[ name ]]one"


def test_what_is_wrong_is_said_each_time() -> None:
    with templates.compiled_once():
        for _ in range(2):
            with pytest.raises(Exception, match="Syntax error in template"):
                render("{{ wrong")


def test_jinjas_own_filters_are_looked_for_once_and_again_where_others_have_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(templates, "NOT_OF_ANSIBLE", {})
    real, looked = Jinja2Loader.get_with_context, list[str]()

    def look(loader: Any, name: str, *how: Any, **named: Any) -> Any:
        looked.append(name)
        return real(loader, name, *how, **named)

    monkeypatch.setattr(Jinja2Loader, "get_with_context", look)
    text = "{{ [name] | join(' ') | upper }}"
    with templates.compiled_once():
        assert [render(text), render(text)] == ["ONE", "ONE"]
        assert looked.count("join") == 1
        monkeypatch.setattr(filter_loader, "_cached_non_collection_wrappers", {})
        assert render(text) == "ONE"
    assert looked.count("join") == 2
