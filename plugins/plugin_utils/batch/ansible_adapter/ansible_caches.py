# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Caches of Ansible's look-ups for each task: plugins, connection options, variables of vars plugins."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ansible import constants as C
from ansible.plugins.loader import PluginLoader
from ansible.vars import manager

from .monkeypatch import monkeypatch


class AnsibleCaches:
    """The caches of one process and its forks."""

    def __init__(self) -> None:
        self._plugins: dict[Any, Any] = {}
        self._options: dict[Any, tuple[Any, Any]] = {}
        self._keywords: dict[Any, frozenset[str]] = {}
        self._variables: dict[Any, dict[str, Any]] = {}

    def forget_files(self) -> None:
        """Clear plugins and variables: a task may have changed their files on the controller."""
        self._plugins.clear()
        self._variables.clear()

    @contextmanager
    def used(self) -> Iterator[None]:
        """Make Ansible use the caches within the block."""
        find, options = PluginLoader.find_plugin_with_context, C.config.get_plugin_options_and_origins
        from_path, from_sources = manager.get_vars_from_path, manager.get_vars_from_inventory_sources
        with (
            monkeypatch(PluginLoader, "find_plugin_with_context", self._find_plugin(find)),
            monkeypatch(C.config, "get_plugin_options_and_origins", self._get_options(options)),
            monkeypatch(manager, "get_vars_from_path", self._get_vars(from_path)),
            monkeypatch(manager, "get_vars_from_inventory_sources", self._get_vars(from_sources)),
        ):
            yield

    def _find_plugin(self, find: Callable[..., Any]) -> Callable[..., Any]:
        def find_plugin_with_context(
            loader: Any,
            name: str,
            mod_type: str = "",
            ignore_deprecated: bool = False,
            check_aliases: bool = False,
            collection_list: list[str] | None = None,
        ) -> Any:
            key = (id(loader), name, mod_type, ignore_deprecated, check_aliases, tuple(collection_list or ()))
            if key in self._plugins:
                return copy.copy(self._plugins[key])
            found = find(loader, name, mod_type, ignore_deprecated, check_aliases, collection_list)
            if not found.raw_error_list and not found.deprecated:  # Ansible shows warnings each time
                self._plugins[key] = copy.copy(found)
            return found

        return find_plugin_with_context

    def _get_options(self, get: Callable[..., Any]) -> Callable[..., Any]:
        def get_plugin_options_and_origins(
            plugin_type: str,
            name: str,
            keys: Mapping[str, Any] | None = None,
            variables: Mapping[str, Any] | None = None,
            direct: Mapping[str, Any] | None = None,
        ) -> Any:
            plugin = (plugin_type, name)
            read = {key: keys[key] for key in self._keywords_of(*plugin) if key in keys} if keys else {}
            given = (read, dict(variables or {}), dict(direct or {}))
            before, found = self._options.get(plugin, (None, None))
            if given != before:
                warned = len(C.config.WARNINGS) + len(C.config.DEPRECATED)
                found = get(plugin_type, name, keys=keys, variables=variables, direct=direct)
                if warned != len(C.config.WARNINGS) + len(C.config.DEPRECATED):
                    return found  # Ansible shows the message each time
                self._options[plugin] = given, found
            options, origins = found
            return dict(options), dict(origins)

        return get_plugin_options_and_origins

    def _get_vars(self, get: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        def get_vars(
            loader: Any, where: str | Sequence[str], entities: Sequence[Any], stage: str
        ) -> dict[str, Any]:
            places = where if isinstance(where, str) else tuple(where)
            key = get, places, tuple((type(entity), entity.name) for entity in entities), stage
            if key not in self._variables:
                self._variables[key] = get(loader, where, entities, stage)
            return self._variables[key]

        return get_vars

    def _keywords_of(self, plugin_type: str, name: str) -> frozenset[str]:
        """The keywords of a task that decide options of a plugin."""
        plugin = (plugin_type, name)
        if plugin not in self._keywords:
            found = set()
            for option, definition in C.config.get_configuration_definitions(*plugin).items():
                found |= {option, *definition.get("aliases", ())}
                found |= {entry["name"] for entry in definition.get("keyword", ())}
            self._keywords[plugin] = frozenset(found)
        return self._keywords[plugin]


CACHES = AnsibleCaches()
