# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cache of packed modules, kept on the controller from one run to the next.

Ansible packs each module once a run into a temporary folder. With few hosts, this takes most of the run. Before the
first
batch, cached modules are hard-linked into that folder; at the end, new ones are added to the cache. It holds only
modules
of Ansible and of this collection, and nothing if a user's folder overrides ``module_utils``. The cache's folder is
named by
the state of all source files. Ansible unpickles its content and targets run it, so the user must own it and nobody
else may write there.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ansible import constants as C
from ansible.executor import module_common
from ansible.plugins.loader import module_utils_loader
from ansible.release import __version__

from . import modules

MOST_KEPT = 3  # folders: one for each version of Ansible and of the collection
SETTLED = 2.0  # seconds: a younger file may change again without a new time stamp
ANSIBLE = Path(inspect.getfile(module_common)).parents[1]
COLLECTION = Path(__file__).parents[4]
SOURCES = (
    *(ANSIBLE / name for name in ("modules", "module_utils", "executor")),
    *(COLLECTION / name for name in ("plugins/modules", "plugins/module_utils", "meta")),
)
OWN = ("ansible.modules.", "ansible_collections.cartable.fleet.")


def fetch() -> None:
    """Link the cached modules into Ansible's folder of packed modules, and unpack them. Raises OSError."""
    state = _state()
    kept = _root() / state if state else None
    if kept is None or not kept.is_dir():
        return
    _check(kept)
    os.utime(kept)
    _packed().mkdir(exist_ok=True)
    for path in kept.iterdir():
        with suppress(FileExistsError):
            (_packed() / path.name).symlink_to(path)
        modules.files_of(module_common._CachedModule.load(str(path)).zip_data)


def store() -> None:
    """Keep the modules that Ansible has packed in this run. Raises OSError."""
    new = [path for path in _packed().iterdir() if _is_own(path.name) and not path.is_symlink()]
    state = _state()  # a source changed during the run: store nothing
    if not new or not state:
        return
    kept = _root() / state
    kept.mkdir(mode=0o700, exist_ok=True)
    for path in new:
        part = kept.with_name(f".{os.getpid()}-{path.name}")
        shutil.copyfile(path, part)
        part.replace(kept / path.name)
    folders = sorted(_root().iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for old in folders[MOST_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def _packed() -> Path:
    return Path(C.DEFAULT_LOCAL_TMP, "ansiballz_cache")


def _is_own(name: str) -> bool:
    """Whether the module may be cached: Ansible's or this collection's, packed without debugger and coverage."""
    return name.startswith(OWN) and name.endswith("-none")


def _state() -> str:
    """SHA-256 over the state of all sources; "" if one was changed just now or may be overridden."""
    searched = (Path(folder).resolve() for folder in module_utils_loader._get_paths(subdirs=False))
    if any(folder != ANSIBLE / "module_utils" and any(_files(folder)) for folder in searched):
        return ""
    settings = [
        __version__,
        sys.version,
        C.DEFAULT_MODULE_COMPRESSION,
        str(C.config.get_config_value("_MODULE_METADATA")),
    ]
    digest, newest = hashlib.sha256(json.dumps(settings).encode()), 0.0
    for path in _files(*SOURCES):
        found = os.stat(path)  # noqa: PTH116 - hundreds of times a run
        digest.update(
            json.dumps([path, found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino]).encode()
        )
        newest = max(newest, found.st_mtime, found.st_ctime)
    return digest.hexdigest() if time.time() - newest > SETTLED else ""


def _files(*tops: Path) -> Iterator[str]:
    for top in tops:
        for folder, folders, files in os.walk(top):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            yield from (f"{folder}/{name}" for name in sorted(files))


def _root() -> Path:
    """The folder of the cache, created if missing. Raises PermissionError if others can write there."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    cache = Path(given) if given.startswith("/") else Path.home() / ".cache"
    _check(cache.resolve() if cache.exists() else cache.parent)
    for folder in (cache, cache / "cartable", cache / "cartable" / "modules"):
        folder.mkdir(mode=0o700, exist_ok=True)
    _check(cache / "cartable")
    _check(cache / "cartable" / "modules")
    return cache / "cartable" / "modules"


def _check(folder: Path) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise PermissionError(f"{folder} is not the user's own, or others may write to it")
