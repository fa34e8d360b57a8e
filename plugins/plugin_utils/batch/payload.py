# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that is sent to a target, and what it is asked: the jobs, and, when it misses them, the module files."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.cartable.fleet.plugins.module_utils import batch_runner

RUNNER = "cartable_batch_runner"
INDEX = "index.json"  # of a tree: its files' SHA-256
KEPT = 64  # trees of module files on a target; older ones go when a new one comes

# Starts a program that stays: it comes on standard input, as what it is asked later does, each behind its length.
START = "import sys; exec(sys.stdin.buffer.read(int(sys.stdin.buffer.readline())))"

# Runs on the target, Python 3.9 and later. What is in the folder is looked at before anything of it is run: it has to be
# ours and closed to others' writing. Each set of modules has a tree with just its files, since a module may look whether
# others are there; what another tree has already is linked, not written and compiled again. A tree is filled under another
# name and renamed, so that nobody meets half of it.
BOOTSTRAP = """
import sys
sys.path[:] = [path for path in sys.path if path not in ("", ".")]  # nothing is imported from where others may write
import base64, hashlib, importlib.util, io, json, os, pwd, shutil, stat, tempfile, time, zipfile

def ours(path):
    found = os.lstat(path)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022

def whole(name):
    return not name.startswith(".")

def half(name):
    return name.startswith(".new-")

def newest(root, which):
    found = []
    for path in (os.path.join(root, name) for name in os.listdir(root) if which(name)):
        try:
            if ours(path):
                found.append((os.lstat(path).st_mtime, path))
        except FileNotFoundError:  # another run renamed or removed it meanwhile
            pass
    return sorted(found, reverse=True)

def known(root):
    places = {}
    for _, tree in newest(root, whole):
        try:
            with open(os.path.join(tree, INDEX)) as file:
                for path, digest in json.load(file).items():
                    places.setdefault((path, digest), tree)
        except (OSError, ValueError):
            pass
    return places

def link(tree, path, new):
    for name in (path, importlib.util.cache_from_source(path)):
        os.makedirs(os.path.dirname(os.path.join(new, name)), exist_ok=True)
        os.link(os.path.join(tree, name), os.path.join(new, name))

def fill(tree, data, places):
    import compileall
    index = {}
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(data))) as archive:
        for name in archive.namelist():
            index[name] = hashlib.sha256(archive.read(name)).hexdigest()
            try:
                link(places[name, index[name]], name, tree)
            except (KeyError, OSError):
                if os.path.lexists(os.path.join(tree, name)):  # linked: writing it would write the other tree's
                    os.unlink(os.path.join(tree, name))
                compileall.compile_file(archive.extract(name, tree), quiet=2)
    with open(os.path.join(tree, INDEX), "w") as file:
        json.dump(index, file)

def keep(root, tree, data):
    aside = tempfile.mkdtemp(prefix=".new-", dir=root)
    try:
        fill(aside, data, known(root))
        os.sync()  # a power cut must not leave the name without the content
        os.rename(aside, tree)
    except OSError:
        shutil.rmtree(aside, ignore_errors=True)
        if not os.path.isdir(tree):  # unless another run was faster
            raise
    dead = [found for found in newest(root, half) if found[0] < time.time() - 3600]
    for _, old in newest(root, whole)[KEPT:] + dead:
        shutil.rmtree(old, ignore_errors=True)

def tree_of(key, kept, files):
    if key in temporary:
        return temporary[key]
    try:
        home = pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        home = os.path.expanduser("~")
    above = os.path.join(home, ".ansible")
    root = os.path.join(above, "cartable-batch")
    tree = os.path.join(root, key)
    if kept:
        mask = os.umask(0o077)
        try:
            os.makedirs(root, exist_ok=True)
        except OSError:
            pass
        finally:
            os.umask(mask)
    safe = os.path.lexists(root) and ours(root) and ours(above)
    if safe and os.path.lexists(tree):
        if not ours(tree):
            raise SystemExit("%s is there and is not safe to run; remove it." % tree)
        if kept:
            os.utime(tree)  # the trees that are used are the last to go
        return tree
    if files is None:
        return None
    if safe and kept:
        try:
            keep(root, tree, files)
            return tree
        except OSError:  # a full or read-only disk: this time without keeping it
            pass
    temporary[key] = tempfile.mkdtemp(prefix="cartable-batch-")
    fill(temporary[key], files, {})
    return temporary[key]

def serve(message):
    tree = tree_of(message["key"], message["keep"], message["files"])
    if tree is None:
        print(MARK + json.dumps({"missing": message["key"]}), flush=True)
        return
    if "RUNNER" not in sys.modules:
        sys.path.insert(0, tree)
    import RUNNER
    RUNNER.main(message, tree)

def python():
    found = os.stat(os.path.realpath(sys.executable))
    return found.st_dev, found.st_ino, found.st_mtime_ns

def asked(begun):
    while True:
        size = sys.stdin.buffer.readline()
        message = sys.stdin.buffer.read(int(size)) if size.strip() else b""
        if not message or len(message) < int(size):  # nobody is there any more
            return
        if python() != begun:  # what another Python has brought need not fit this one
            print(MARK + json.dumps({"stale": True}), flush=True)
            return
        yield json.loads(message)

temporary = {}
begun = python()
try:
    serve(json.loads(FIRST))
    if STAYS:
        for message in asked(begun):
            serve(message)
finally:
    for tree in temporary.values():
        shutil.rmtree(tree, ignore_errors=True)
sys.stdout.flush()
os._exit(0)  # nothing is left that Python would have to look through
"""


def module_files(zip_data: bytes, known: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of one module's AnsiballZ archive, by path.

    Most are those of every module: what is ``known`` already is not unpacked again.
    """
    files = {}
    with zipfile.ZipFile(io.BytesIO(zip_data)) as archive:
        for entry in archive.infolist():
            content = known.get(entry.filename)
            if content is None or (len(content), zlib.crc32(content)) != (entry.file_size, entry.CRC):
                content = archive.read(entry)
            files[entry.filename] = content
    return files


class Payload:
    """The union of the files that the modules of a batch need."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {
            f"{RUNNER}.py": Path(batch_runner.__file__).read_bytes(),
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

    def message(self, jobs: Sequence[Mapping[str, Any]], *, with_files: bool, keep: bool = True) -> bytes:
        """What the program on the target is asked.

        ``with_files`` when its answer was that it misses them; ``keep`` them there for the next time.
        """
        files = self._archive() if with_files else None
        return json.dumps({"key": self.key, "keep": keep, "files": files, "jobs": jobs}).encode("ascii")

    def _archive(self) -> str:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, content in sorted(self.files.items()):
                archive.writestr(path, content)
        return base64.b64encode(out.getvalue()).decode()


def program(message: bytes, *, stays: bool) -> bytes:
    """The Python program for the target, which does what ``message`` asks; one that ``stays`` is to be asked more."""
    names = {
        "MARK": batch_runner.MARK,
        "KEPT": KEPT,
        "INDEX": INDEX,
        "STAYS": stays,
        "FIRST": message.decode("ascii"),
    }
    head = "".join(f"{name} = {value!r}\n" for name, value in names.items())
    return (head + BOOTSTRAP.replace("RUNNER", RUNNER)).encode()


def behind_length(data: bytes) -> bytes:
    """What a program that stays is sent, itself included."""
    return b"%d\n" % len(data) + data


def answers(stdout: str) -> Iterator[dict[str, Any]]:
    """The lines that the target wrote, as dictionaries; whatever else it printed is skipped."""
    for line in stdout.splitlines():
        _, mark, text = line.partition(batch_runner.MARK)
        if mark:
            try:
                yield json.loads(text)
            except ValueError:  # cut in the middle
                return


class Answers:
    """The same, of what the target writes piece by piece; each as soon as its line is whole."""

    def __init__(self) -> None:
        self._begun: list[bytes] = []

    def in_piece(self, piece: bytes) -> Iterator[dict[str, Any]]:
        """Those that end in the next piece."""
        self._begun.append(piece)
        if b"\n" in piece:
            whole, _, begun = b"".join(self._begun).rpartition(b"\n")
            self._begun = [begun]
            yield from answers(whole.decode(errors="replace"))
