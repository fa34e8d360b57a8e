# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dependencies of a task: the variables that its templates read before it runs, directly and indirectly.

A template that cannot be parsed counts as reading everything, so that its task waits for the earlier ones.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, meta, nodes


class _AnyPlugin(dict[str, Any]):
    """Mapping in which every filter or test exists: nothing is rendered here."""

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key, str)


_ENVIRONMENT = Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"], autoescape=False)
_ENVIRONMENT.filters = _AnyPlugin()
_ENVIRONMENT.tests = _AnyPlugin()
EVERYTHING = "*"  # also files that a lookup or a test reads, since a task may write them
_DYNAMIC_NAMES = frozenset({"vars", "hostvars"})
_LOOKUPS = frozenset({"lookup", "query", "q"})
# They read only their arguments.
_PURE_LOOKUPS = frozenset(
    {
        "config", "dict", "env", "flattened", "indexed_items", "inventory_hostnames", "items", "list", "nested",
        "random_choice", "sequence", "subelements", "together",
    }
)  # fmt: skip
_FILE_TESTS = frozenset(
    {
        "abs", "dir", "directory", "exists", "file", "is_abs", "is_dir", "is_file", "is_link", "is_link_exists",
        "is_mount", "is_same_file", "link", "link_exists", "mount", "same_file", "samefile",
    }
)  # fmt: skip


class Reader:
    """Reader of names through the variables of one host; ``variables`` are as they were written, not rendered."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._variables = variables
        self._known: dict[str, tuple[frozenset[str], frozenset[str]]] = {}

    def names(self, values: Iterable[Any], conditions: Iterable[Any] = ()) -> frozenset[str]:
        """All names that templates in ``values`` (any nesting) and the bare expressions ``conditions`` may read.

        With ``EVERYTHING`` where that is unknown.
        """
        found: set[str] = set()
        for text in templates(values):
            found |= self.template_names(text)
        for condition in texts(conditions):
            found |= self.template_names(condition if "{{" in condition else "{{ (" + condition + ") }}")
        return frozenset(found)

    def template_names(self, text: str) -> frozenset[str]:
        """All names that the template ``text`` may read, directly and through its variables."""
        waiting, read = map(set, _read_directly(str(text)))
        # Such a name already counts as reading everything. Following it would render all variables of all hosts.
        known: set[str] = set(_DYNAMIC_NAMES)
        while waiting:
            name = waiting.pop()
            if name not in known:  # it may read itself
                known.add(name)
                direct, found = self._behind(name)
                waiting |= direct
                read |= found
        return frozenset(read)

    def _behind(self, name: str) -> tuple[frozenset[str], frozenset[str]]:
        """``_read_directly`` for all templates in a variable."""
        if name not in self._known:
            direct, read = set[str](), set[str]()
            for text in templates([self._variables.get(name)]):
                for kind, found in zip((direct, read), _read_directly(str(text)), strict=True):
                    kind |= found
            self._known[name] = frozenset(direct), frozenset(read)
        return self._known[name]


@functools.lru_cache(maxsize=4096)
def _read_directly(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The variables that a template names, and EVERYTHING if it may read more."""
    try:
        tree = _ENVIRONMENT.parse(text)
    except TemplateSyntaxError:
        return frozenset(), frozenset({EVERYTHING})
    direct = frozenset(meta.find_undeclared_variables(tree))
    other_files = any(tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)))
    tests_files = any(test.name.rpartition(".")[2] in _FILE_TESTS for test in tree.find_all(nodes.Test))
    if direct & _DYNAMIC_NAMES or other_files or tests_files or not all(_are_pure(tree)):
        return direct, direct | {EVERYTHING}
    return direct, direct


def _are_pure(tree: nodes.Template) -> Iterator[bool]:
    """For each lookup in a template, whether it reads only its arguments."""
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in _LOOKUPS:
            first = call.args[0] if call.args else None
            yield isinstance(first, nodes.Const) and is_pure(str(first.value))


def is_pure(lookup: str) -> bool:
    """Whether a lookup (short or full name) reads only its arguments, or data that no task can change."""
    collection, _, name = lookup.rpartition(".")
    if collection == "cartable.fleet":
        return True  # vault and catalogue: no task changes them
    return collection in ("", "ansible.builtin", "ansible.legacy") and name in _PURE_LOOKUPS


def templates(value: Any) -> Iterator[str]:
    """All templates in ``value``, whatever its nesting."""
    return (text for text in texts(value) if "{{" in text or "{%" in text)


def texts(value: Any) -> Iterator[str]:
    """All texts in ``value``, whatever its nesting."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from texts(key)
            yield from texts(inner)
    elif isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray)):
        for inner in value:
            yield from texts(inner)
