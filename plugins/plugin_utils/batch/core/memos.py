# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible finds out anew for each task, found once for the tasks of a batch: plugins, options, inventory's variables.

And what ``keywords`` and ``templates`` do, instead of Ansible's own.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ansible import constants as C
from ansible.playbook.base import FieldAttributeBase
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import PluginLoader
from ansible.vars import manager
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import keywords, templates
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.stand_in import stand_in


class Memos:
    """All of it, for one process; what files say is forgotten where a task may have written others to the controller."""

    def __init__(self) -> None:
        self._plugins: dict[Any, Any] = {}
        self._options: dict[Any, tuple[Any, Any]] = {}
        self._settings: dict[str, Any] = {}
        self._keywords: dict[Any, frozenset[str]] = {}
        self._variables: dict[Any, dict[str, Any]] = {}

    def forget_files(self) -> None:
        """Look again for each plugin, and ask again for the variables that vars plugins have."""
        self._plugins.clear()
        self._variables.clear()

    @contextmanager
    def used(self) -> Iterator[None]:
        """Let Ansible look here first."""
        config = C.config
        find, options = PluginLoader.find_plugin_with_context, config.get_plugin_options_and_origins
        with (
            stand_in(PluginLoader, "find_plugin_with_context", self._finding(find)),
            stand_in(FieldAttributeBase, "post_validate", keywords.post_validate),
            stand_in(PlayContext, "copy", keywords.copy_of),
            stand_in(config, "get_plugin_options_and_origins", self._getting(options)),
            stand_in(config, "get_config_value", self._getting_value(config.get_config_value)),
            stand_in(
                manager,
                "get_vars_from_inventory_sources",
                self._asking(manager.get_vars_from_inventory_sources),
            ),
            stand_in(manager, "get_vars_from_path", self._asking(manager.get_vars_from_path)),
            templates.compiled_once(),
        ):
            yield

    def _finding(self, find: Callable[..., Any]) -> Callable[..., Any]:
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
            if not found.raw_error_list and not found.deprecated:  # which are to be told each time
                self._plugins[key] = copy.copy(found)
            return found

        return find_plugin_with_context

    def _getting(self, get: Callable[..., Any]) -> Callable[..., Any]:
        def get_plugin_options_and_origins(
            plugin_type: str,
            name: str,
            keys: Mapping[str, Any] | None = None,
            variables: Mapping[str, Any] | None = None,
            direct: Mapping[str, Any] | None = None,
        ) -> Any:
            plugin = (plugin_type, name)
            looked_at = {key: keys[key] for key in self._keywords_of(*plugin) if key in keys} if keys else {}
            given = (looked_at, dict(variables or {}), dict(direct or {}))
            before, found = self._options.get(plugin, (None, None))
            if given != before:
                told = len(C.config.WARNINGS) + len(C.config.DEPRECATED)
                found = get(plugin_type, name, keys=keys, variables=variables, direct=direct)
                if told != len(C.config.WARNINGS) + len(C.config.DEPRECATED):
                    return found  # which is to be told each time
                self._options[plugin] = given, found
            options, origins = found
            return dict(options), dict(origins)

        return get_plugin_options_and_origins

    def _getting_value(self, get: Callable[..., Any]) -> Callable[..., Any]:
        settings = C.config.get_configuration_definitions()

        def get_config_value(
            config: str, *how: Any, variables: Mapping[str, Any] | None = None, **named: Any
        ) -> Any:
            decide = (entry["name"] for entry in settings.get(config, {}).get("vars", ()))
            if how or named or (variables and any(name in variables for name in decide)):
                return get(config, *how, variables=variables, **named)
            if config not in self._settings:
                told = len(C.config.WARNINGS) + len(C.config.DEPRECATED)
                found = get(config, variables=variables)
                if told != len(C.config.WARNINGS) + len(C.config.DEPRECATED):
                    return found  # which is to be told each time
                self._settings[config] = found
            return copy.copy(self._settings[config])

        return get_config_value

    def _asking(self, get: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        def get_vars(
            loader: Any, where: str | Sequence[str], entities: Sequence[Any], stage: str
        ) -> dict[str, Any]:
            places = where if isinstance(where, str) else tuple(where)
            key = places, tuple((type(entity), entity.name) for entity in entities), stage
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
