# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The machine to read: its files and the output of its commands."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, List, Optional

TIMEOUT = 120  # seconds; the slowest, a simulated upgrade on an old PC, takes about twenty
PROGRAMS = "/usr/sbin:/usr/bin:/sbin:/bin"
# In a text where a byte that is no UTF-8 was escaped, and as some versions of lsblk print it themselves: \\xHH, which JSON
# has not. Read from the left, an escape of JSON's own (two backslashes before x) is passed over.
JSON_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)


class NoAnswer(Exception):
    """A section exists but cannot be read. Raised so that no empty record is written."""


class Machine:
    """Files below ``root`` and commands of the running system.

    Whatever is missing or refuses to answer gives None or an empty list: an asset without a tool is an asset
    whose record lacks a section, not an error. Tests replace it by recorded answers.
    """

    def __init__(self, root: str = "/") -> None:
        self.root = Path(root)

    def read(self, path: str) -> Optional[str]:
        """Read a text file, given its absolute path on the machine; bytes that are not UTF-8 are escaped."""
        try:
            return self._at(path).read_bytes().decode("utf-8", "backslashreplace")
        except OSError:
            return None

    def part(self, path: str, first: int, length: int) -> bytes:
        """Read ``length`` bytes of a file from byte ``first``; fewer at its end, none when it is missing."""
        try:
            with self._at(path).open("rb") as stream:
                stream.seek(first)
                return stream.read(length)
        except OSError:
            return b""

    def lines(self, path: str) -> List[str]:
        """Read the lines of a text file; none when it is missing."""
        return (self.read(path) or "").splitlines()

    def word(self, path: str) -> str:
        """Read a one-line file such as those of /sys; empty when it is missing."""
        return (self.read(path) or "").strip()

    def names(self, path: str) -> List[str]:
        """List a folder, sorted; empty when it is missing."""
        try:
            return sorted(entry.name for entry in self._at(path).iterdir())
        except OSError:
            return []

    def run(self, *command: str, accept: Optional[range] = None) -> Optional[str]:
        """Run a command in the C locale and return what it prints; None when it is missing or fails.

        ``accept`` widens the exit statuses that are an answer (smartctl's is a bit mask of findings).
        """
        program = shutil.which(command[0], path=PROGRAMS)
        if program is None:
            return None
        environment = {"LC_ALL": "C.UTF-8", "PATH": PROGRAMS, "HOME": "/"}
        try:
            result = subprocess.run(
                [program, *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                timeout=TIMEOUT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        if result.returncode != 0 and (accept is None or result.returncode not in accept):
            return None
        return result.stdout.decode("utf-8", "backslashreplace")

    def json(self, *command: str, accept: Optional[range] = None) -> Any:
        """Run a command that prints JSON and read it; None when it is missing or fails.

        Bytes that are not UTF-8 (a label in another code page) are escaped in the texts where they stand.

        Raises NoAnswer when what it prints cannot be read: that is not the same as nothing.
        """
        output = self.run(*command, accept=accept)
        if output is None or not output.strip():
            return None
        try:
            return _clean(json.loads(JSON_ESCAPE.sub(_escaped, output), strict=False))
        except (ValueError, RecursionError) as error:
            raise NoAnswer(
                f"What {command[0]} prints cannot be read ({error}), so the last record stays; run '{' '.join(command)}' on "
                "the asset to see it."
            ) from error

    def _at(self, path: str) -> Path:
        return self.root / path.lstrip("/")


def _escaped(match: re.Match[str]) -> str:
    return "\\" + match[0] if len(match[1]) == 3 else match[0]


def _clean(value: Any) -> Any:
    """Escape half surrogates, which JSON can name and UTF-8 cannot hold."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value


def without_empty(values: dict) -> dict:  # type: ignore[type-arg]
    """Leave out what was not found: GLPI's format has no null."""
    return {key: value for key, value in values.items() if value not in (None, "", [], {})}


def number(text: object) -> Optional[int]:
    """Read an integer; None when it is none."""
    try:
        return int(str(text).strip())
    except ValueError:
        return None
