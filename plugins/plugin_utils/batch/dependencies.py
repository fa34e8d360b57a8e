# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which variables a task reads before it runs, whatever way its templates take to them.

A task may go into a batch with the tasks before it only when it reads nothing that they register. The answer errs on
one side only: a template that cannot be understood reads everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, meta, nodes


class _Any(dict[str, Any]):
    """Filters or tests of which each exists: nothing is rendered here, and Ansible's plugins need not be loaded."""

    def get(self, key: str, default: Any = None) -> Any:
        """A filter of this name."""
        return super().get(key, str)


_ENVIRONMENT = Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"], autoescape=False)
_ENVIRONMENT.filters = _Any()
_ENVIRONMENT.tests = _Any()
EVERYTHING = "*"
_DYNAMIC_NAMES = frozenset({"vars", "hostvars"})
_LOOKUPS = frozenset({"lookup", "query", "q"})
_DYNAMIC_LOOKUPS = frozenset({"vars", "varnames", "template", "first_found"})


class Reader:
    """Follows names through the variables of one host; ``variables`` are as they were written, not rendered."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._variables = variables
        self._known: dict[str, frozenset[str]] = {}

    def names(self, values: Iterable[Any], conditions: Iterable[Any] = ()) -> frozenset[str]:
        """All names that templates in ``values`` (any nesting) and the expressions ``conditions`` may read.

        With ``EVERYTHING`` among them where that cannot be told.
        """
        found: set[str] = set()
        for text in _texts(values):
            if "{{" in text or "{%" in text:
                found |= self.template_names(text)
        for condition in _texts(conditions):
            found |= self.template_names(condition if "{{" in condition else "{{ (" + condition + ") }}")
        return frozenset(found)

    def template_names(self, text: str) -> frozenset[str]:
        """All names that the template ``text`` may read, those behind its variables included."""
        try:
            tree = _ENVIRONMENT.parse(text)
        except TemplateSyntaxError:
            return frozenset({EVERYTHING})
        direct = meta.find_undeclared_variables(tree)
        if direct & _DYNAMIC_NAMES or _is_dynamic(tree):
            return frozenset({EVERYTHING})
        found: set[str] = set(direct)
        for name in direct:
            found |= self._behind(name)
        return frozenset(found)

    def _behind(self, name: str) -> frozenset[str]:
        if name not in self._known:
            self._known[name] = frozenset()  # a variable that reads itself ends here
            value = self._variables.get(name)
            if value is not None:
                self._known[name] = self.names([value])
        return self._known[name]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(key)
            yield from _texts(inner)
    elif isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray)):
        for inner in value:
            yield from _texts(inner)


def _is_dynamic(tree: nodes.Template) -> bool:
    """Whether names are only known once it is rendered, or stand in another file."""
    if any(tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends))):
        return True
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in _LOOKUPS:
            first = call.args[0] if call.args else None
            if not isinstance(first, nodes.Const) or str(first.value).rpartition(".")[2] in _DYNAMIC_LOOKUPS:
                return True
    return False


# Lookups, and the tests of paths, which look at the controller's own files.
_LOOKS_AROUND = re.compile(
    r"\b(lookup|query|q)\s*\(|\bis\s+(not\s+)?"
    r"(ansible\.builtin\.)?(is_)?(abs|directory|dir|exists|file|link|link_exists|mount|same_file|samefile)\b"
)


def uses_lookup(values: Iterable[Any]) -> bool:
    """Whether any template in ``values`` looks at the controller, where a task before it may have written."""
    return any(_LOOKS_AROUND.search(text) for text in _texts(values))
