# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parsed files of roles and compiled templates, made once in the process of the play for the processes of all hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any

import jinja2
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.role_include import IncludeRole
from ansible.playbook.task import Task
from ansible.utils.collection_loader._collection_finder import _get_collection_role_path

from .monkeypatch import monkeypatch

READ = ("defaults", "vars", "meta", "tasks")  # a role that a batch includes has no handlers
Stamp = tuple[int, int, int]


class ParseCache:
    """The cache of one process and its forks."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[Stamp, Any]] = {}
        self._codes: dict[Any, CodeType] = {}
        self._environment: jinja2.Environment | None = None

    @contextmanager
    def used(self) -> Iterator[None]:
        """Make Ansible use the cache within the block."""
        with (
            monkeypatch(DataLoader, "load_from_file", self._load_from_file(DataLoader.load_from_file)),
            monkeypatch(jinja2.Environment, "compile", self._compile(jinja2.Environment.compile)),
        ):
            yield

    def fill(self, entries: Iterable[Task], loader: DataLoader) -> None:
        """Parse the roles that ``entries`` include by their full names, and compile their templates; runs no task."""
        for task in entries:
            name = task.args.get("name") if isinstance(task, IncludeRole) else None
            found = _get_collection_role_path(name) if isinstance(name, str) and "{" not in name else None
            if found is not None:
                self._read_role(Path(found[1]), loader)

    def _read_role(self, role: Path, loader: DataLoader) -> None:
        for path in [str(path) for folder in READ for path in sorted((role / folder).rglob("*.yml"))]:
            if path not in self._files:
                data = loader.load_from_file(path, cache="none", unsafe=True, trusted_as_template=True)
                self._files[path] = _stamp(path), data
                self._compile_each(data)

    def _compile_each(self, data: Any) -> None:
        if isinstance(data, dict):
            data = list(data.values())
        if isinstance(data, list):
            for value in data:
                self._compile_each(value)
        elif isinstance(data, str) and ("{{" in data or "{%" in data) and self._environment is not None:
            try:
                self._environment.compile(data)
            except jinja2.TemplateError:
                return  # reported when the task runs

    def _load_from_file(self, load: Callable[..., Any]) -> Callable[..., Any]:
        def load_from_file(
            loader: DataLoader,
            file_name: str,
            cache: str = "all",
            unsafe: bool = False,
            json_only: bool = False,
            trusted_as_template: bool = False,
        ) -> Any:
            path = str(loader.path_dwim(file_name))
            if (
                not trusted_as_template
                or cache == "vaulted"
                or (cache == "all" and path in loader._FILE_CACHE)
            ):
                return load(loader, file_name, cache, unsafe, json_only, trusted_as_template)
            # Returned once in a process, since the caller may change it.
            stamp, data = self._files.pop(path, (None, None))
            if stamp is not None and stamp == _stamp(path):
                return data
            # Ansible parses once, and copies for each use, which takes longer than to parse again.
            return load(loader, file_name, "none", True, json_only, trusted_as_template)

        return load_from_file

    def _compile(self, compile_source: Callable[..., Any]) -> Callable[..., Any]:
        def compile_cached(
            environment: jinja2.Environment, source: Any, *arguments: Any, **named: Any
        ) -> Any:
            # Ansible decides for each template how backslashes are read.
            if not isinstance(source, str) or "\\" in source or any(arguments) or any(named.values()):
                return compile_source(environment, source, *arguments, **named)
            self._environment = environment
            # A lexer is shared by the environments that have the same delimiters.
            key = type(environment), environment.lexer, str(source)
            if key not in self._codes:
                self._codes[key] = compile_source(environment, source)
            return self._codes[key]

        return compile_cached


def _stamp(path: str) -> Stamp:
    found = Path(path).stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


PARSED = ParseCache()
