# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible packs is kept from one run to the next (``packed``), and found again."""

from __future__ import annotations

import dataclasses
import inspect
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.executor import module_common
from ansible.plugins import action as actions
from ansible.plugins.loader import module_utils_loader
from ansible.release import __version__ as ansible_version
from ansible.utils.collection_loader import AnsibleCollectionConfig, _collection_finder
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import packed
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import modules
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.stand_in import stand_in

LOAD = module_common._CachedModule.load
LOADED: dict[str, Any] = {}  # what Ansible has packed in this run, by its place, without the archives


def load(path: str) -> Any:
    """What Ansible has packed there, with what stands for the archive in its place.

    Of the archive, a megabyte for ten modules, Ansible makes a script that nobody sends, and half a dozen copies of it.
    """
    if path not in LOADED:
        found = LOAD(path)
        digest = modules.stands_for(found.zip_data.decode("ascii"))
        LOADED[path] = dataclasses.replace(found, zip_data=digest.encode("ascii"))
    return LOADED[path]


@contextmanager
def packed_before() -> Iterator[Callable[[Mapping[str, bytes]], None]]:
    """Give Ansible a module that an earlier run has packed; the function keeps what is packed now, given its files.

    Where anything goes wrong, Ansible packs the module as ever: what is kept only saves time.
    """
    modify = actions.modify_module
    made: list[tuple[packed.Packing, Path, int]] = []

    def modify_module(*arguments: Any, **named: Any) -> Any:
        with suppress(Exception):
            decides = named["module_name"], named["module_path"], named["module_compression"]
            place, started = place_of(*decides), time.time_ns()
            if not place.exists():
                packing = packing_of(*decides)
                made.append((packing, place, started))
                if packed.bring(packing, place):
                    made.clear()
        return modify(*arguments, **named)

    def keep_files(files: Mapping[str, bytes]) -> None:
        with suppress(Exception):
            for packing, place, started in made:
                packed.keep(packing, place, files, started)

    with (
        stand_in(actions, "modify_module", modify_module),
        stand_in(module_common._CachedModule, "load", load),
    ):
        yield keep_files


def place_of(name: str, path: str, compression: str) -> Path:
    """Where Ansible looks for a module that it has packed in this run.

    Only without extensions (debuggers, coverage), which get files of their own.
    """
    return Path(C.DEFAULT_LOCAL_TMP, "ansiballz_cache", f"{_dotted(name, path)}-{compression}-none")


def _dotted(name: str, path: str) -> str:
    try:
        return str(module_common._get_ansible_module_fqn(path))
    except ValueError:
        return f"ansible.legacy.{name}"


def packing_of(name: str, path: str, compression: str) -> packed.Packing:
    """What decides how Ansible packs a module."""
    root = Path(inspect.getfile(module_common)).parents[1]
    searched = [*module_utils_loader._get_paths(subdirs=False), module_common._MODULE_UTILS_PATH]
    return packed.Packing(
        module=str(Path(path).absolute()),
        name=_dotted(name, path),
        ansible=str(root),
        module_utils=tuple(dict.fromkeys(str(Path(folder).resolve()) for folder in searched)),
        collections=tuple(
            str(Path(folder).absolute()) for folder in AnsibleCollectionConfig.collection_paths
        ),
        program=(
            inspect.getfile(module_common),
            inspect.getfile(_collection_finder),
            str(root / "release.py"),
            str(root / "config" / "ansible_builtin_runtime.yml"),
        ),
        settings=(
            ansible_version,
            sys.version,
            compression,
            str(C.config.get_config_value("_MODULE_METADATA")),
        ),
    )
