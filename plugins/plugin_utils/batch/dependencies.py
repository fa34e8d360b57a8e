# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which variables a task reads before it runs, whatever way its templates take to them.

A task may go into a batch with the tasks before it only when it reads nothing that they register. The answer errs on
one side only: a template that cannot be understood reads everything.
"""

from __future__ import annotations

import functools
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
# What is no variable, but may be otherwise after a task:
FILES = "*files"  # the controller's files, which are the target's where the target is the controller
WORLD = "*world"  # what a lookup finds anywhere: a service that is started, a file that a command writes
CHANCE = "*chance"  # what is another value each time
NO_NAMES = frozenset({FILES, WORLD, CHANCE})
_DYNAMIC_NAMES = frozenset({"vars", "hostvars"})
_LOOKUPS = frozenset({"lookup", "query", "q"})
_DYNAMIC_LOOKUPS = frozenset({"vars", "varnames", "template", "first_found"})
_OF_FILES = frozenset(
    {"csvfile", "file", "fileglob", "filetree", "first_found", "ini", "password", "template", "unvault"}
)
_OF_VALUES = frozenset(
    {
        "config", "dict", "env", "flattened", "indexed_items", "inventory_hostnames", "items", "list", "nested",
        "random_choice", "sequence", "subelements", "together", "varnames", "vars",
    }
)  # fmt: skip


class Reader:
    """Follows names through the variables of one host; ``variables`` are as they were written, not rendered."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._variables = variables
        self._known: dict[str, tuple[frozenset[str], frozenset[str]]] = {}

    def names(self, values: Iterable[Any], conditions: Iterable[Any] = ()) -> frozenset[str]:
        """All names that templates in ``values`` (any nesting) and the expressions ``conditions`` may read.

        With ``EVERYTHING`` among them where that cannot be told; ``FILES``, ``WORLD`` and ``CHANCE`` where they look there.
        """
        found: set[str] = set()
        for text in templates(values):
            found |= self.template_names(text)
        for condition in texts(conditions):
            found |= self.template_names(condition if "{{" in condition else "{{ (" + condition + ") }}")
        return frozenset(found)

    def template_names(self, text: str) -> frozenset[str]:
        """All names that the template ``text`` may read, those behind its variables included."""
        waiting, read = map(set, _read_directly(str(text)))
        known: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name not in known:  # it may read itself
                known.add(name)
                direct, found = self._behind(name)
                waiting |= direct
                read |= found
        return frozenset(read)

    def _behind(self, name: str) -> tuple[frozenset[str], frozenset[str]]:
        """The same as ``_read_directly`` of all templates in a variable."""
        if name not in self._known:
            direct, read = set[str](), set[str]()
            for text in templates([self._variables.get(name)]):
                for kind, found in zip((direct, read), _read_directly(str(text)), strict=True):
                    kind |= found
            self._known[name] = frozenset(direct), frozenset(read)
        return self._known[name]

    def templates_behind(self, names: Iterable[str]) -> Iterator[str]:
        """All templates in the variables of these names, but for those that have all variables in them."""
        return templates([self._variables.get(name) for name in names if name not in _DYNAMIC_NAMES])


@functools.lru_cache(maxsize=4096)
def _read_directly(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The variables that a template names, and all that it reads itself; the same texts come again with each task."""
    try:
        tree = _ENVIRONMENT.parse(text)
    except TemplateSyntaxError:
        return frozenset(), frozenset({EVERYTHING})
    direct = frozenset(meta.find_undeclared_variables(tree))
    everything = {EVERYTHING} if direct & _DYNAMIC_NAMES or _is_dynamic(tree) else set()
    return direct, direct.union(_looked_at(tree), everything)


def may_differ(names: frozenset[str]) -> bool:
    """Whether what reads ``names`` may be something else when it is evaluated again, or act again."""
    return not names.isdisjoint({WORLD, CHANCE})


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


def lookups(texts: Iterable[str]) -> frozenset[str]:
    """The lookups that some templates name."""
    return frozenset(name for text in texts for name in _lookups_in(text))


def _lookups_in(text: str) -> frozenset[str]:
    try:
        tree = _ENVIRONMENT.parse(text)
    except TemplateSyntaxError:
        return frozenset()
    named = (call.args[0] for call in _lookup_calls(tree) if call.args)
    return frozenset(str(name.value) for name in named if isinstance(name, nodes.Const))


def _lookup_calls(tree: nodes.Template) -> Iterator[nodes.Call]:
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in _LOOKUPS:
            yield call


def _is_dynamic(tree: nodes.Template) -> bool:
    """Whether names stand in another file."""
    return any(tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)))


def read_by_lookup(name: str) -> frozenset[str]:
    """What a lookup looks at beside its arguments; ``name`` with or without its collection."""
    collection, _, short = name.rpartition(".")
    if collection == "cartable.fleet":
        return frozenset()  # the vault and the catalogue, which no target writes
    found = {EVERYTHING} if short in _DYNAMIC_LOOKUPS else set()
    if collection not in ("", "ansible.builtin", "ansible.legacy") or short not in _OF_FILES | _OF_VALUES:
        found |= {FILES, WORLD}
    elif short in _OF_FILES:
        found.add(FILES)
    if short == "random_choice":
        found.add(CHANCE)
    return frozenset(found)


def _looked_at(tree: nodes.Template) -> Iterator[str]:
    """What the lookups, the tests of paths and what is left to chance in a template look at."""
    if any(used.name.rpartition(".")[2] in _BY_CHANCE for used in tree.find_all(nodes.Filter)):
        yield CHANCE
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "now":
            yield CHANCE
    for call in _lookup_calls(tree):
        first = call.args[0] if call.args else None
        if isinstance(first, nodes.Const):
            yield from read_by_lookup(str(first.value))
        else:
            yield from (EVERYTHING, FILES, WORLD)
    if any(test.name.rpartition(".")[2] in _PATH_TESTS for test in tree.find_all(nodes.Test)):
        yield FILES


# Filters that give another value each time: by chance, or with a salt by chance.
_BY_CHANCE = frozenset({"password_hash", "random", "random_mac", "shuffle", "vault"})
# Tests that look at the controller's own files.
_PATH_TESTS = frozenset(
    [
        "abs",
        "directory",
        "dir",
        "exists",
        "file",
        "link",
        "link_exists",
        "mount",
        "same_file",
        "samefile",
        "is_abs",
        "is_dir",
        "is_file",
        "is_link",
        "is_link_exists",
        "is_mount",
        "is_same_file",
    ]
)
