# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that is sent to a target: the jobs, and, when the target asks for them, the module files."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.cartable.fleet.plugins.module_utils import batch_apt, batch_runner

RUNNER = "cartable_batch_runner"
APT = "cartable_batch_apt"  # imported by the runner
KEPT = 4  # trees of module files on a target; older ones go when a new one comes

# Runs on the target, Python 3.9 and later. What is in the folder is looked at before anything of it is run: it has to be
# ours and closed to others' writing. A tree takes in the files of any program as long as no path would get another
# content; a link by the program's key leads to the tree that has all its files, and is made last.
BOOTSTRAP = """
import base64, fcntl, hashlib, io, json, os, pwd, shutil, stat, sys, tempfile, zipfile

def ours(path):
    found = os.stat(path)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022

def contents(tree):
    try:
        with open(os.path.join(tree, "index.json")) as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}

def replace(path, write):
    write(path + ".new")
    os.replace(path + ".new", path)

def write_json(path, value):
    def write(name):
        with open(name, "w") as file:
            json.dump(value, file)
    replace(path, write)

def trees(root):
    found = [os.path.join(root, name) for name in os.listdir(root) if name.startswith("tree-")]
    return sorted(filter(ours, found), key=os.path.getmtime, reverse=True)

def fitting(root, wanted):
    for tree in trees(root):
        known = contents(tree)
        if all(known.get(path, digest) == digest for path, digest in wanted.items()):
            return tree, known
    return tempfile.mkdtemp(prefix="tree-", dir=root), {}

def install(root, data):
    import compileall
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(data))) as archive:
        wanted = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
        tree, known = fitting(root, wanted)
        for name in wanted.keys() - known.keys():
            compileall.compile_file(archive.extract(name, tree), quiet=2)
    write_json(os.path.join(tree, "index.json"), {**known, **wanted})
    os.utime(tree)
    return tree

def keep(root, data):
    with open(os.path.join(root, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        tree = install(root, data)
        replace(os.path.join(root, KEY), lambda name: os.symlink(os.path.basename(tree), name))
        for old in trees(root)[KEPT:]:
            shutil.rmtree(old, ignore_errors=True)
        for name in os.listdir(root):
            path = os.path.join(root, name)
            if os.path.islink(path) and not os.path.exists(path):
                os.unlink(path)
    return tree

def start():
    os.umask(os.umask(0o022))
    home = pwd.getpwuid(os.geteuid()).pw_dir
    root = os.path.join(home, ".ansible", "cartable-batch")
    if KEEP:
        mask = os.umask(0o077)
        try:
            os.makedirs(root, exist_ok=True)
        except OSError:
            pass
        finally:
            os.umask(mask)
    safe = not os.path.islink(root) and os.path.isdir(root) and ours(root)
    tree = os.path.join(root, KEY)
    if safe and os.path.isdir(tree):
        if not ours(tree) or os.path.dirname(os.path.realpath(tree)) != os.path.realpath(root):
            raise SystemExit("%s is there and is not safe to run; remove it." % tree)
        return os.path.realpath(tree), None
    if FILES is None:
        return None, None
    if safe and KEEP:
        try:
            return keep(root, FILES), None
        except OSError:  # a full or read-only disk: this time without keeping it
            pass
    temporary = tempfile.mkdtemp(prefix="cartable-batch-")
    return install(temporary, FILES), temporary

tree, temporary = start()
if tree is None:
    print(MARK + json.dumps({"missing": KEY}))
else:
    sys.path[:] = [path for path in sys.path if path not in ("", ".")]
    sys.path.insert(0, tree)
    try:
        import RUNNER
        RUNNER.main(json.loads(SPEC), tree)
    finally:
        if temporary:
            shutil.rmtree(temporary, ignore_errors=True)
"""


def module_files(zip_data: bytes) -> dict[str, bytes]:
    """The files of one module's AnsiballZ archive, by path."""
    with zipfile.ZipFile(io.BytesIO(zip_data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


class Payload:
    """The union of the files that the modules of a batch need."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {
            f"{RUNNER}.py": Path(batch_runner.__file__).read_bytes(),
            f"{APT}.py": Path(batch_apt.__file__).read_bytes(),
        }

    def add(self, files: Mapping[str, bytes]) -> None:
        """Add a module's files; the same path holds the same content in all modules of one run."""
        self.files.update(files)

    @property
    def key(self) -> str:
        """SHA-256 over the paths and contents."""
        digest = hashlib.sha256()
        for path, content in sorted(self.files.items()):
            digest.update(f"{path}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()

    def script(self, jobs: Sequence[Mapping[str, Any]], *, with_files: bool, keep: bool = True) -> bytes:
        """The Python program for the target.

        ``with_files`` when its answer was that it misses them; ``keep`` them there for the next time.
        """
        spec = json.dumps({"jobs": jobs})
        names = {
            "KEY": self.key,
            "MARK": batch_runner.MARK,
            "KEEP": keep,
            "KEPT": KEPT,
            "SPEC": spec,
            "FILES": self._archive() if with_files else None,
        }
        head = "".join(f"{name} = {value!r}\n" for name, value in names.items())
        return (head + BOOTSTRAP.replace("RUNNER", RUNNER)).encode("utf-8", "surrogateescape")

    def _archive(self) -> str:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, content in sorted(self.files.items()):
                archive.writestr(path, content)
        return base64.b64encode(out.getvalue()).decode()


def answers(stdout: str) -> Iterator[dict[str, Any]]:
    """The lines that the target wrote, as dictionaries; whatever else it printed is skipped."""
    for line in stdout.splitlines():
        _, mark, text = line.partition(batch_runner.MARK)
        if mark:
            try:
                yield json.loads(text)
            except ValueError:  # cut in the middle
                return
