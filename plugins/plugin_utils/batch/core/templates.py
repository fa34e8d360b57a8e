# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates compiled once for all tasks and hosts of a batch: Jinja makes the same code of the same text.

Ansible has Jinja's optimizer switched off, so that nothing is evaluated while it compiles (a filter that draws a random
number, say).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import CodeType
from typing import Any

from ansible._internal._templating._jinja_bits import AnsibleEnvironment, _TemplateCompileContext
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.stand_in import stand_in

COMPILED: dict[tuple[str, Any], CodeType] = {}  # by text, and whether backslashes are escaped


@contextmanager
def compiled_once() -> Iterator[None]:
    """Let what is compiled meanwhile be compiled once."""
    compile_text = AnsibleEnvironment.compile

    def compile_or_remember(environment: AnsibleEnvironment, source: Any, *how: Any, **named: Any) -> Any:
        # An overlay has other markers; with an origin to debug, each text has code of its own; a node is no text.
        if how or named or environment.overlayed or environment._debuggable_template_source:
            return compile_text(environment, source, *how, **named)
        if not isinstance(source, str) or environment.optimized:
            return compile_text(environment, source)
        compiling = _TemplateCompileContext.current(optional=True)
        key = str(source), compiling and compiling.escape_backslashes
        if key not in COMPILED:
            COMPILED[key] = compile_text(environment, source)
        return COMPILED[key]

    with stand_in(AnsibleEnvironment, "compile", compile_or_remember):
        yield


def compile_ahead(texts: list[str], loader: DataLoader) -> None:
    """Compile templates, which also imports the filters and tests that they name."""
    environment = Templar(loader=loader)._engine.environment
    with compiled_once(), _TemplateCompileContext(escape_backslashes=True):
        for text in texts:
            with suppress(Exception):  # whoever renders it says what is wrong
                environment.from_string(text)
