"""The names of all variables of the project, from its files, so that nobody has to list a new one."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, TemplateSyntaxError, nodes

from tests.project import PROJECT

NAME = re.compile(r"[a-z_][a-z0-9_]*")
OF_ANSIBLE = re.compile(
    r"(?:cartable|ansible|inventory|groups?|hostvars|play|role|become|omit)(?:_\w*[a-z0-9])?"
)


class Loader(yaml.SafeLoader):
    """Reads tags such as ``!vault`` as what stands behind them."""


Loader.add_multi_constructor("!", lambda loader, _suffix, node: getattr(node, "value", None))


@functools.cache
def used_names() -> tuple[str, ...]:
    """Names of variables in roles, playbooks, inventories and plugins, sorted."""
    found: set[str] = set()
    for folder in ("roles", "playbooks", "inventories"):
        for file in sorted((PROJECT / folder).rglob("*.y*ml")):
            for document in yaml.load_all(file.read_text(encoding="utf-8"), Loader):
                found |= set(_of_yaml(document))
        for file in (PROJECT / folder).rglob("*.j2"):
            found |= _of_template(file.read_text(encoding="utf-8"))
    for file in (PROJECT / "plugins").rglob("*.py"):
        found |= set(_of_python(file))
    return tuple(sorted(found))


def _of_yaml(value: Any) -> Iterator[str]:
    """Keys, what is registered, and the names in expressions."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(key, str) and NAME.fullmatch(key):
                yield key
            if key == "register" and isinstance(inner, str):
                yield inner
            if key in ("when", "that", "until", "changed_when", "failed_when", "var"):
                for expression in inner if isinstance(inner, list) else [inner]:
                    yield from _of_template(f"{{{{ {expression} }}}}")
            yield from _of_yaml(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _of_yaml(inner)
    elif isinstance(value, str) and "{" in value:
        yield from _of_template(value)


def _of_template(text: str) -> set[str]:
    try:
        tree = Environment(extensions=["jinja2.ext.do"]).parse(text)
    except TemplateSyntaxError:  # a filter of Ansible's own; its arguments are found by their form
        return set(re.findall(r"\b[a-z]+(?:_[a-z0-9]+)+\b", text))
    return {node.name for node in tree.find_all(nodes.Name)}


def _of_python(file: Path) -> Iterator[str]:
    """Texts that look like a variable of Ansible or of ours."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and OF_ANSIBLE.fullmatch(node.value)
        ):
            yield node.value
