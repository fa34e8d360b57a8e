# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules as Ansible has packed them, kept on the controller from one run to the next.

Ansible packs a module with all that it imports once a run and forgets it; for a few hosts that is most of the time of a
batch. What it has packed is kept here with the state of everything that it was made from, and given back to a later run
only while all of that is as it was. Where that cannot be told of a module, it is not kept.

Beside the files in the archive, what is *not* there matters: a file of the same name that appears in a folder which is
searched earlier, or a module that is tried and was missing. So the state of all folders that are searched counts too.

The folder is the XDG one for what may be lost at any time, also where ``ANSIBLE_HOME`` is set: that one holds what users
put there, is saved with it, and has never been a place that may be emptied. Ansible unpickles what it is given from here,
and targets run it: nobody but the user may write to the folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import stat
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

import yaml

FORMAT = 1
MOST = 64 * 1024 * 1024  # bytes of all kept modules; the ones unused for longest go
# Nanoseconds: a file that was changed less than this before the packing may change again within its time stamp.
SETTLED = 2 * 10**9
MOST_FOLDERS = 5000  # that are searched for one module
# Ansible writes these two itself; its version decides what is in them.
WRITTEN_BY_ANSIBLE = frozenset({"ansible/__init__.py", "ansible/module_utils/__init__.py"})
# Also where Python allows spaces and line continuations; what is found in comments does no harm.
NAMES_COLLECTION = re.compile(rb"ansible_collections[\s\\]*\.[\s\\]*(\w+)[\s\\]*\.[\s\\]*(\w+)")
IS_RELATIVE = re.compile(rb"\bfrom[\s\\]*((?:\.[\s\\]*)+)")

State = list[int] | None  # None: there is nothing


class NotKept(Exception):
    """It cannot be told from what a module was packed, or the folder is not safe: Ansible packs it again."""


@dataclass(frozen=True)
class Packing:
    """What decides which files Ansible packs for one module; all paths are absolute.

    ``name`` is the module's dotted name inside the archive. In ``module_utils``, the folders searched for
    ``ansible.module_utils``, and in ``collections``, the folders that hold an ``ansible_collections``, the first wins.
    ``program`` are the files that decide how Ansible packs, ``settings`` anything else that does.
    """

    module: str
    name: str
    ansible: str
    module_utils: tuple[str, ...]
    collections: tuple[str, ...]
    program: tuple[str, ...]
    settings: tuple[str, ...]

    @property
    def key(self) -> str:
        """The name of its file in the folder."""
        return hashlib.sha256(json.dumps([FORMAT, asdict(self)]).encode()).hexdigest()


def bring(packing: Packing, place: Path) -> bool:
    """Put a kept module at ``place``, where Ansible looks for it; whether there is one that still holds.

    Raises OSError, NotKept, and ValueError or TypeError for a damaged file.
    """
    kept = _folder() / packing.key
    try:
        data = _read(kept)
    except FileNotFoundError:
        return False
    digest, _, rest = data.partition(b"\n")
    record, _, packed = rest.partition(b"\n")
    if hashlib.sha256(rest).hexdigest() != digest.decode("ascii"):
        raise NotKept("damaged")
    if any(_state(path) != state for path, state in json.loads(record).items()):
        return False
    os.utime(kept)
    place.parent.mkdir(parents=True, exist_ok=True)
    _write(place, packed)
    return True


def keep(packing: Packing, place: Path, files: Mapping[str, bytes], started: int) -> None:
    """Keep what Ansible has packed at ``place``; ``files`` is what is in its archive, by path.

    ``started`` is the time in nanoseconds before Ansible began to pack it. Raises NotKept and OSError.
    """
    folder = _folder()
    with place.open("rb") as made:
        # Workers that waited while another one packed come here together: one is enough.
        fcntl.flock(made, fcntl.LOCK_EX | fcntl.LOCK_NB)
        kept = _state(str(folder / packing.key))
        if kept and kept[0] >= started:
            return
        lock = _state(f"{place}.lock")
        since = min(started, lock[0]) if lock else started
        states = _sources(packing, files)
        if any(state and state[1] > since - SETTLED for state in states.values()):
            raise NotKept("too new")
        rest = json.dumps(states).encode() + b"\n" + made.read()
        _write(folder / packing.key, hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest)
    _drop_oldest(folder)


def _state(path: str) -> State:
    """What changes when a file is written or replaced, even by one with an old date, or when a folder's entries change."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a thousand times a run, and pathlib takes twice as long
    except (FileNotFoundError, NotADirectoryError):
        return None
    return [found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino]


# What a module is made from --------------------------------------------------------------------------------------


def _sources(packing: Packing, files: Mapping[str, bytes]) -> dict[str, State]:
    """The state of all that decides what is in the archive."""
    states: dict[str, State] = {}
    for name, content in files.items():
        if name not in WRITTEN_BY_ANSIBLE:
            _note_source(states, list(_candidates(packing, name)), name, content)
    for path in packing.program:
        states[path] = _state(path)
    for folder in packing.module_utils:
        _note_folders(states, folder)
    for namespace, collection in _collections(files):
        for root in packing.collections:
            _note_collection(states, root, namespace, collection, files)
    return states


def _candidates(packing: Packing, name: str) -> Iterator[str]:
    """Where the file ``name`` of the archive may be from, in the order in which Ansible looks."""
    if name == packing.name.replace(".", "/") + ".py":
        yield packing.module
        return
    parts = PurePosixPath(name).parts
    if ".." in parts:
        raise NotKept(name)
    if parts[:2] == ("ansible", "module_utils"):
        for folder in packing.module_utils:
            yield str(Path(folder, *parts[2:]))
    elif parts[0] == "ansible":
        yield str(Path(packing.ansible, *parts[1:]))
    elif parts[0] == "ansible_collections":
        for root in packing.collections:
            yield str(Path(root, *parts))


def _note_source(states: dict[str, State], paths: list[str], name: str, content: bytes) -> None:
    """Note the file that is the source of ``name``: the content proves that it is.

    Only a package without a file of its own, which is empty, has no source. The small modules that Ansible writes for a
    redirect have none either, but are not kept: a redirect may come with a deprecation, to be shown in every run.
    """
    for path in paths:
        states[path] = _state(path)
        if states[path] is None:
            continue
        if content and Path(path).read_bytes() != content:
            raise NotKept(name)
        return
    if content:
        raise NotKept(name)


def _note_folders(states: dict[str, State], top: str) -> None:
    """Note a folder with all below it, so that nothing can appear or go there unnoticed."""
    states[top] = _state(top)
    for count, (folder, inner, _) in enumerate(os.walk(top, followlinks=True)):
        if count > MOST_FOLDERS:
            raise NotKept(top)
        inner[:] = [name for name in inner if name != "__pycache__"]  # Python writes them as it runs
        states[folder] = _state(folder)


def _note_collection(
    states: dict[str, State], root: str, namespace: str, collection: str, files: Mapping[str, bytes]
) -> None:
    """Note what decides whether ``root`` has the collection and which module_utils it has."""
    home = Path(root, "ansible_collections", namespace, collection)
    routing = str(home / "meta" / "runtime.yml")
    for path in (str(home.parent), routing):
        states[path] = _state(path)
    _note_folders(states, str(home / "plugins" / "module_utils"))
    if states[routing] is not None:
        routed = _routed(Path(routing))
        prefix = f"ansible_collections/{namespace}/{collection}/plugins/module_utils/"
        for name in files:
            dotted = name.removesuffix(".py").removesuffix("/__init__").removeprefix(prefix).replace("/", ".")
            if name.startswith(prefix) and dotted in routed:
                raise NotKept(f"{name}: deprecated, which is to be shown in every run")


def _routed(runtime: Path) -> set[str]:
    """The module_utils that a collection's meta/runtime.yml redirects or deprecates."""
    text = runtime.read_bytes()
    if b"module_utils" not in text:
        return set()
    read = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}
    return set((read.get("plugin_routing") or {}).get("module_utils") or {})


def _collections(files: Mapping[str, bytes]) -> set[tuple[str, str]]:
    """All collections that the files are from or may import from, also those that are not there."""
    found = set()
    for name, content in files.items():
        parts = PurePosixPath(name).parts
        if parts[0] == "ansible_collections":
            if len(parts) > 3:
                found.add((parts[1], parts[2]))
            for dots in IS_RELATIVE.findall(content):
                if len(parts) - dots.count(b".") < 3:
                    raise NotKept(f"{name} imports from outside its collection")
        found |= {(first.decode(), second.decode()) for first, second in NAMES_COLLECTION.findall(content)}
    return found


# The folder ------------------------------------------------------------------------------------------------------


def _folder() -> Path:
    """The folder of the kept modules, which is made where it is missing. Raises NotKept where others may write."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    cache = Path(given) if given.startswith("/") else Path.home() / ".cache"
    if not cache.exists():
        _check(cache.parent.stat())  # root with the home of another user leaves nothing there
        cache.mkdir(mode=0o700, exist_ok=True)
    _check(cache.stat())
    ours = cache / "cartable"
    for folder in (ours, ours / "modules"):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
        _check(folder.lstat())
    return ours / "modules"


def _check(found: os.stat_result, kind: int = stat.S_IFDIR) -> None:
    if stat.S_IFMT(found.st_mode) != kind or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise NotKept("not the user's own, or others may write to it")


def _read(path: Path) -> bytes:
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
        _check(os.fstat(file.fileno()), stat.S_IFREG)
        return file.read()


def _write(path: Path, data: bytes) -> None:
    """Write a file that nobody ever sees half written; only the user can read it."""
    descriptor, temporary = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _drop_oldest(folder: Path) -> None:
    found = []
    for path in folder.iterdir():
        try:
            found.append((path.lstat(), path))
        except FileNotFoundError:  # another run drops files too
            continue
    total = 0
    for known, path in sorted(found, key=lambda entry: entry[0].st_mtime_ns, reverse=True):
        total += known.st_size
        if total > MOST and stat.S_ISREG(known.st_mode):
            path.unlink(missing_ok=True)
