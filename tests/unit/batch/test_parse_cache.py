"""Parsed files and compiled templates that the processes of all hosts share."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.role_include import IncludeRole
from ansible.template import Templar, trust_as_template
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter import parse_cache


@pytest.fixture
def role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "role"
    (folder / "defaults").mkdir(parents=True)
    (folder / "defaults" / "main.yml").write_text('colour: "{{ red }}"\n', encoding="utf-8")
    monkeypatch.setattr(parse_cache, "_get_collection_role_path", lambda name: (name, str(folder), "a.b"))
    return folder


def read(path: Path) -> dict[str, object]:
    found: dict[str, object] = DataLoader().load_from_file(str(path), trusted_as_template=True)
    return found


def filled(role: Path) -> parse_cache.ParseCache:
    cache, include = parse_cache.ParseCache(), IncludeRole()
    include.args = {"name": "a.b.role"}
    with cache.used():
        Templar(loader=DataLoader()).template(trust_as_template("{{ 1 }}"))  # shows it how Ansible compiles
        cache.fill([include], DataLoader())
    return cache


def test_what_was_read_ahead_is_given_away_once(role: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, defaults = filled(role), role / "defaults" / "main.yml"
    parsed: list[str] = []
    real = DataLoader.load
    monkeypatch.setattr(
        DataLoader, "load", lambda *arguments, **named: parsed.append("") or real(*arguments, **named)
    )
    with cache.used():
        first = read(defaults)
        assert (first, parsed) == ({"colour": "{{ red }}"}, [])
        first["colour"] = "changed by who had it"
        assert read(defaults) == {"colour": "{{ red }}"}
        assert parsed == [""]


def test_a_file_that_was_changed_since_is_read_again(role: Path) -> None:
    cache, defaults = filled(role), role / "defaults" / "main.yml"
    defaults.write_text("colour: changed on the way\n", encoding="utf-8")
    with cache.used():
        assert read(defaults) == {"colour": "changed on the way"}


def test_a_template_is_compiled_once_for_each_way_to_write_one(role: Path) -> None:
    cache = filled(role)
    compiled: list[str] = []

    class Counting(jinja2.Environment):
        def _parse(self, source: str, *arguments: object) -> jinja2.nodes.Template:
            compiled.append(source)
            return super()._parse(source, *arguments)  # type: ignore[arg-type]

    with cache.used():
        for environment in (
            Counting(),
            Counting(),
            Counting(variable_start_string="[[", variable_end_string="]]"),
        ):
            assert environment.from_string("{{ 1 + 1 }}").render() in ("2", "{{ 1 + 1 }}")
        assert len(compiled) == 2
        with pytest.raises(jinja2.TemplateSyntaxError):
            Counting().from_string("{{ 1 + }}")
    assert jinja2.Environment().from_string("{{ 1 + 1 }}").render() == "2"


def test_a_role_without_a_plain_full_name_is_left_to_its_turn(role: Path) -> None:
    cache, include = parse_cache.ParseCache(), IncludeRole()
    include.args = {"name": "{{ role }}"}
    cache.fill([include], DataLoader())
    assert not cache._files
