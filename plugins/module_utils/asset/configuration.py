# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Collects the files of an asset's restorable configuration."""

from __future__ import annotations

import base64
import glob
import grp
import os
import pwd
import stat
from typing import Any, Dict, Iterable, List, Tuple

from .guarded_read import Link, read_guarded
from .time_limit import TooSlow, time_limit

LARGEST = 1024 * 1024  # bytes; larger files are data, not configuration
LARGEST_WHOLE = 64 * 1024 * 1024  # bytes of all files together, for a home folder with thousands of them
PATIENCE = 5.0  # seconds for one file or pattern: a network file system may never answer


def collect(root: str, patterns: Iterable[str]) -> Tuple[List[Dict[str, Any]], List[str]]:
    """Read the files that match, sorted by path, and the paths of those that were left out as too large or too slow.

    Bytes of a name that are not UTF-8 are written out (``caf`` and ``xe9`` behind a backslash), since no record can hold
    them.

    Each is {path, mode, owner, group, content_b64}, or {path, link} for a symbolic link, which is not
    followed: what it points at may be meant for fewer eyes than the place where it lies. What lies in somebody's home
    folder is read with that person's rights.
    """
    found: Dict[str, Dict[str, Any]] = {}
    skipped: List[str] = []
    base = root.rstrip("/")
    left = LARGEST_WHOLE
    for pattern in patterns:
        try:
            with time_limit(PATIENCE):
                matching = glob.glob(base + pattern, recursive=True)  # noqa: PTH207 - Path.glob needs 3.13 for this
        except TooSlow:
            skipped.append(pattern)
            continue
        for name in matching:
            path = name[len(base) :]
            if path in found:
                continue
            try:
                with time_limit(PATIENCE):
                    content, status = read_guarded(base, path, min(LARGEST, left))
            except (TooSlow, BlockingIOError):  # the latter: its owner has a lease on it
                skipped.append(path)
            except Link as link:  # of the file, or of a folder above it
                found[link.path] = {"path": link.path, "link": _written_out(link.target)}
            except OSError:  # removed meanwhile, no plain file, or not its owner's to read
                continue
            else:
                if status.st_size > min(LARGEST, left):
                    skipped.append(path)
                elif not path.endswith(("~", ".dpkg-old", ".dpkg-new", ".lock")):
                    found[path] = _item(path, content, status)
                    left -= len(content)
    names = _written_names([*found, *skipped])
    files = [{**item, "path": names[path]} for path, item in found.items()]
    return sorted(files, key=lambda item: str(item["path"])), sorted({names[path] for path in skipped})


def _written_names(paths: Iterable[str]) -> Dict[str, str]:
    """Give each path the name under which it is recorded, no two alike: itself, where it is UTF-8."""
    found: Dict[str, str] = {}
    taken = set(paths)
    for path in sorted(taken):
        name = _written_out(path)
        while name != path and name in taken:
            name += "~"
        taken.add(name)
        found[path] = name
    return found


def _written_out(text: str) -> str:
    return os.fsencode(text).decode("utf-8", "backslashreplace")


def _item(path: str, content: bytes, status: os.stat_result) -> Dict[str, Any]:
    return {
        "path": path,
        "mode": f"{stat.S_IMODE(status.st_mode):04o}",
        "owner": _name(pwd.getpwuid, status.st_uid),
        "group": _name(grp.getgrgid, status.st_gid),
        "content_b64": base64.b64encode(content).decode("ascii"),
    }


def _name(lookup: Any, number: int) -> str:
    try:
        return _written_out(str(lookup(number)[0]))
    except KeyError:
        return str(number)
