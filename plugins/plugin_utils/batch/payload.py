# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages for the program on a target, and its answers."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...module_utils import batch_bootstrap, batch_runner

RUNNER = "cartable_batch_runner.py"
# Starts a program that stays: it reads itself and its messages from standard input, each after its length.
START = "import sys; exec(sys.stdin.buffer.read(int(sys.stdin.buffer.readline())))"


class Payload:
    """The union of the files that the modules of some jobs need."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {RUNNER: Path(batch_runner.__file__).read_bytes()}

    def add(self, files: Mapping[str, bytes]) -> None:
        """Add a module's files; the same path has the same content in all modules of one run."""
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
        """A message with ``jobs``; ``with_files`` if the target lacks them; ``keep``: cache them there."""
        files = self._archive() if with_files else None
        return json.dumps({"key": self.key, "keep": keep, "files": files, "jobs": jobs}).encode("ascii")

    def _archive(self) -> str:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, content in sorted(self.files.items()):
                archive.writestr(path, content)
        return base64.b64encode(out.getvalue()).decode()


def program(message: bytes, *, stays: bool) -> bytes:
    """The program for the target with its first message; ``stays``: it waits for more messages."""
    call = f"\n\nmain({message.decode('ascii')!r}, {stays})\n"
    return Path(batch_bootstrap.__file__).read_bytes() + call.encode("ascii")


def with_length(data: bytes) -> bytes:
    """``data`` after its length, as a program that stays reads it."""
    return b"%d\n" % len(data) + data


def answers(stdout: str) -> Iterator[dict[str, Any]]:
    """The answers in a target's output; other output is skipped."""
    for line in stdout.splitlines():
        _, mark, text = line.partition(batch_bootstrap.MARK)
        if mark:
            try:
                yield json.loads(text)
            except ValueError:  # truncated
                return


class AnswerReader:
    """Reader of answers in output that comes in pieces."""

    def __init__(self) -> None:
        self._begun: list[bytes] = []

    def read(self, piece: bytes) -> Iterator[dict[str, Any]]:
        """The answers that end in this piece."""
        self._begun.append(piece)
        if b"\n" in piece:
            whole, _, begun = b"".join(self._begun).rpartition(b"\n")
            self._begun = [begun]
            yield from answers(whole.decode(errors="replace"))
