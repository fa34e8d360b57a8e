# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Program that is sent to a target: it caches the module files there, and runs the jobs of each message until its input
ends.

``payload.py`` of the controller appends the call of ``main``. Standard library only, Python 3.9 and later. Each set of
modules has its own tree in ``~/.ansible/cartable-batch``, named by its hash: some modules test which other
files exist. A tree is used only if the user owns it and nobody else can write there.
"""

from __future__ import annotations

import sys

sys.path[:] = [
    path for path in sys.path if path not in ("", ".")
]  # import nothing from folders that others can write

import base64
import hashlib
import importlib.util
import io
import json
import os
import pwd
import shutil
import stat
import tempfile
import time
import zipfile
from typing import Any, Callable, Iterator, Mapping, Optional

MARK = "cartable-batch:"  # starts each line of the answer: a login banner may print other lines
INDEX = "index.json"  # file in a tree with the SHA-256 of its files
MOST_TREES = 64  # older ones are removed, least recently used first
ABANDONED = 3600  # seconds after which an unfinished tree is removed

temporary: dict[str, str] = {}  # uncached trees, by their key


def main(first: str, stays: bool) -> None:
    """Serve the message ``first`` and, if the program ``stays``, those on standard input."""
    begun = python()
    try:
        serve(json.loads(first))
        for message in messages(begun) if stays else ():
            serve(message)
    finally:
        for tree in temporary.values():
            shutil.rmtree(tree, ignore_errors=True)
    sys.stdout.flush()
    os._exit(0)  # without a search for garbage


def write(line: Mapping[str, Any]) -> None:
    """Write one line of the answer."""
    print(MARK + json.dumps(line), flush=True)


def python() -> tuple[int, int, int]:
    """The state of this Python's file."""
    found = os.stat(os.path.realpath(sys.executable))
    return found.st_dev, found.st_ino, found.st_mtime_ns


def messages(begun: tuple[int, int, int]) -> Iterator[Mapping[str, Any]]:
    """The messages on standard input, each after a line with its length in bytes."""
    while True:
        size = sys.stdin.buffer.readline()
        message = sys.stdin.buffer.read(int(size)) if size.strip() else b""
        if not message or len(message) < int(size):  # the controller has gone
            return
        if python() != begun:  # a job has replaced Python: the controller starts a new program
            write({"stale": True})
            return
        yield json.loads(message)


def serve(message: Mapping[str, Any]) -> None:
    """Run the jobs of a message, or answer that its module files are missing."""
    tree = tree_of(message["key"], message["keep"], message["files"])
    if tree is None:
        write({"missing": message["key"]})
        return
    if "cartable_batch_runner" not in sys.modules:
        sys.path.insert(0, tree)
    import cartable_batch_runner  # type: ignore[import-not-found]

    run: Callable[..., None] = cartable_batch_runner.main
    run(message["jobs"], tree, write)


def tree_of(key: str, keep: bool, files: Optional[str]) -> Optional[str]:
    """The tree with the module files, created from ``files`` if missing; None if ``files`` are needed and not given."""
    if key in temporary:
        return temporary[key]
    try:
        home = pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        home = os.path.expanduser("~")
    above = os.path.join(home, ".ansible")
    root = os.path.join(above, "cartable-batch")
    tree = os.path.join(root, key)
    if keep:
        mask = os.umask(0o077)
        try:
            os.makedirs(root, exist_ok=True)
        except OSError:
            pass
        finally:
            os.umask(mask)
    safe = os.path.lexists(root) and is_own(root) and is_own(above)
    if safe and os.path.lexists(tree):
        if not is_own(tree):
            raise SystemExit("%s is there and is not safe to run; remove it." % tree)
        if keep:
            os.utime(tree)
        return tree
    if files is None:
        return None
    if safe and keep:
        try:
            make(root, tree, files)
            return tree
        except OSError:  # a full or read-only disk
            pass
    temporary[key] = tempfile.mkdtemp(prefix="cartable-batch-")
    fill(temporary[key], files, {})
    return temporary[key]


def make(root: str, tree: str, files: str) -> None:
    """Make a tree under a temporary name, rename it, and remove old trees."""
    aside = tempfile.mkdtemp(prefix=".new-", dir=root)
    try:
        fill(aside, files, files_in(root))
        os.sync()  # after a power cut, a renamed tree must be complete
        os.rename(aside, tree)
    except OSError:
        shutil.rmtree(aside, ignore_errors=True)
        if not os.path.isdir(tree):  # unless another run has created it
            raise
    found = trees(root)
    whole = [path for _, path in found if not os.path.basename(path).startswith(".")]
    half = [path for made, path in found if path not in whole and made < time.time() - ABANDONED]
    for old in whole[MOST_TREES:] + half:
        shutil.rmtree(old, ignore_errors=True)


def fill(tree: str, files: str, known: Mapping[tuple[str, str], str]) -> None:
    """Extract and compile the files; hard-link those that another tree has."""
    import compileall

    index = {}
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(files))) as archive:
        for name in archive.namelist():
            index[name] = hashlib.sha256(archive.read(name)).hexdigest()
            try:
                link(known[name, index[name]], name, tree)
            except (KeyError, OSError):
                if os.path.lexists(
                    os.path.join(tree, name)
                ):  # hard link: writing to it would change the other tree
                    os.unlink(os.path.join(tree, name))
                compileall.compile_file(archive.extract(name, tree), quiet=2)
    with open(os.path.join(tree, INDEX), "w") as file:
        json.dump(index, file)


def link(other: str, name: str, tree: str) -> None:
    """Link a file and its compiled form from another tree."""
    for path in (name, importlib.util.cache_from_source(name)):
        os.makedirs(os.path.dirname(os.path.join(tree, path)), exist_ok=True)
        os.link(os.path.join(other, path), os.path.join(tree, path))


def files_in(root: str) -> dict[tuple[str, str], str]:
    """The newest tree that has a file with this SHA-256."""
    known: dict[tuple[str, str], str] = {}
    for _, tree in trees(root):
        try:
            with open(os.path.join(tree, INDEX)) as file:
                for name, digest in json.load(file).items():
                    known.setdefault((name, digest), tree)
        except (OSError, ValueError):
            pass
    return known


def trees(root: str) -> list[tuple[float, str]]:
    """Time of last use of each tree, newest first, including unfinished ones."""
    found = []
    for path in (os.path.join(root, name) for name in os.listdir(root)):
        try:
            if is_own(path):
                found.append((os.lstat(path).st_mtime, path))
        except FileNotFoundError:  # another run has renamed or removed it
            pass
    return sorted(found, reverse=True)


def is_own(path: str) -> bool:
    """Whether the user owns a folder and nobody else can write there."""
    found = os.lstat(path)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022
