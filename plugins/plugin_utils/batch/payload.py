# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script that is sent to a target: the jobs, and, when the target asks for them, the module files."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.cartable.fleet.plugins.module_utils import batch_runner

RUNNER = "cartable_batch_runner"
KEPT = 8  # module folders on a target; older ones go when a new one comes

# Runs on the target, Python 3.9 and later. The folder is looked at before anything of it is run: it has to be ours and
# closed to others' writing. It is filled under another name and renamed, so that nobody meets half of it.
BOOTSTRAP = """
import base64, io, json, os, pwd, shutil, stat, sys, tempfile, zipfile

def ours(path):
    found = os.lstat(path)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022

def install(root, tree, data):
    import compileall
    aside = tempfile.mkdtemp(prefix=".new-", dir=root)
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(data))) as archive:
        archive.extractall(aside)
    compileall.compile_dir(aside, quiet=2, ddir=tree)
    try:
        os.rename(aside, tree)
    except OSError:  # another run was faster
        shutil.rmtree(aside, ignore_errors=True)
    others = [os.path.join(root, name) for name in os.listdir(root) if os.path.join(root, name) != tree]
    for old in sorted(others, key=os.path.getmtime, reverse=True)[KEPT - 1:]:
        shutil.rmtree(old, ignore_errors=True)

def start():
    os.umask(os.umask(0o022))
    home = pwd.getpwuid(os.geteuid()).pw_dir
    root = os.path.join(home, ".ansible", "cartable-batch")
    temporary = None
    try:
        mask = os.umask(0o077)
        try:
            os.makedirs(root, exist_ok=True)
        finally:
            os.umask(mask)
        if not ours(root):
            raise OSError("not ours")
    except OSError:
        if FILES is None:
            return None, None
        root = temporary = tempfile.mkdtemp(prefix="cartable-batch-")
    tree = os.path.join(root, KEY)
    if not (os.path.isdir(tree) and ours(tree)):
        if FILES is None:
            return None, None
        if os.path.lexists(tree):
            raise SystemExit("%s is there and is not safe to run; remove it." % tree)
        install(root, tree, FILES)
    return tree, temporary

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
        self.files: dict[str, bytes] = {f"{RUNNER}.py": Path(batch_runner.__file__).read_bytes()}

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

    def script(self, jobs: Sequence[Mapping[str, Any]], *, with_files: bool) -> bytes:
        """The Python program for the target; ``with_files`` when its answer was that it misses them."""
        spec = json.dumps({"jobs": jobs})
        names = {
            "KEY": self.key,
            "MARK": batch_runner.MARK,
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
