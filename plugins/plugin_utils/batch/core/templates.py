# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates compiled once for all tasks and hosts of a batch: Jinja makes the same code of the same text. And what they name
found once.

Ansible has Jinja's optimizer switched off, so that nothing is evaluated while it compiles (a filter that draws a random
number, say).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import CodeType
from typing import Any

from ansible._internal._templating._jinja_bits import AnsibleEnvironment, _TemplateCompileContext
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import Jinja2Loader, PluginLoadContext, get_with_context_result
from ansible.template import Templar
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import versions
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.stand_in import stand_in
from jinja2 import nodes
from jinja2.environment import TemplateExpression

# By text, whether it is an expression, and whether backslashes are escaped.
COMPILED: dict[tuple[str, bool, Any], CodeType] = {}
# Filters and tests without a collection in their name: of each kind those that are none of Ansible's, as long as that has the
# same ones: a role may bring others.
NOT_OF_ANSIBLE: dict[str, tuple[Any, set[str]]] = {}


@dataclass(frozen=True)
class _Compiled:
    """Stands for a template's text where Jinja would compile it."""

    code: CodeType


@contextmanager
def compiled_once() -> Iterator[None]:
    """Let what is compiled meanwhile be compiled once."""
    compile_text, compile_expression = AnsibleEnvironment.compile, AnsibleEnvironment.compile_expression
    parsing = threading.local()  # "key": of the expression whose tree this thread compiles next

    def compile_or_remember(environment: AnsibleEnvironment, source: Any, *how: Any, **named: Any) -> Any:
        if isinstance(source, _Compiled):
            return source.code
        if how or named or _is_other(environment):
            return compile_text(environment, source, *how, **named)
        if isinstance(source, nodes.Template) and getattr(parsing, "key", None):
            key = parsing.key
        elif isinstance(source, str):
            key = _key(source, is_expression=False)
        else:
            return compile_text(environment, source)
        if key not in COMPILED:
            COMPILED[key] = compile_text(environment, source)
        return COMPILED[key]

    def parse_or_remember(environment: AnsibleEnvironment, source: Any, *how: Any, **named: Any) -> Any:
        if _is_other(environment) or not isinstance(source, str):
            return compile_expression(environment, source, *how, **named)
        key = _key(source, is_expression=True)
        if key in COMPILED:
            return TemplateExpression(environment.from_string(_Compiled(COMPILED[key])), *how, **named)
        parsing.key = key
        try:
            return compile_expression(environment, source, *how, **named)
        finally:
            parsing.key = None

    with (
        stand_in(AnsibleEnvironment, "compile", compile_or_remember),
        stand_in(AnsibleEnvironment, "compile_expression", parse_or_remember),
        stand_in(Jinja2Loader, "get_with_context", _searching_once(Jinja2Loader.get_with_context)),
    ):
        yield


def _searching_once(get: Callable[..., Any]) -> Callable[..., Any]:
    """Look for Jinja's own filters and tests among Ansible's once, and not for each template that names them."""

    def get_with_context(loader: Any, name: str, *how: Any, **named: Any) -> Any:
        own, none = NOT_OF_ANSIBLE.get(loader.type, (None, set()))
        if name in none and own is loader._cached_non_collection_wrappers:
            return get_with_context_result(None, PluginLoadContext(loader.type, loader.package))
        found = get(loader, name, *how, **named)
        if found.object is None and "." not in name:  # those of collections may come
            if own is not loader._cached_non_collection_wrappers:
                none = set()
            NOT_OF_ANSIBLE[loader.type] = loader._cached_non_collection_wrappers, none | {name}
        return found

    return get_with_context


def _is_other(environment: AnsibleEnvironment) -> bool:
    """Whether it makes other code: an overlay has other markers; with an origin to debug, each text has code of its own."""
    return bool(environment.overlayed or environment._debuggable_template_source or environment.optimized)


def _key(text: str, *, is_expression: bool) -> tuple[str, bool, Any]:
    compiling = _TemplateCompileContext.current(optional=True)
    return str(text), is_expression, compiling and compiling.escape_backslashes


def compile_ahead(texts: Iterable[str], conditions: Iterable[str], loader: DataLoader) -> None:
    """Compile templates and bare conditions, which also imports the filters and tests that they name."""
    environment = Templar(loader=loader)._engine.environment
    registered = [] if versions.TaskContext is None else [versions.POLYMORPHIC_RESULT_EXPRESSION]
    with compiled_once():
        for escape, compile_one, given in (
            (True, environment.from_string, texts),
            (True, environment.compile_expression, registered),
            (False, environment.compile_expression, conditions),  # as Ansible evaluates them
        ):
            with _TemplateCompileContext(escape_backslashes=escape):
                for text in given:
                    with suppress(Exception):  # whoever renders it says what is wrong
                        compile_one(text)
