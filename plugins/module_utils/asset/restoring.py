# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts the files of a machine that is gone on a blank one that takes its place.

Accounts first: files name their owner, and packages take the numbers that are there. A group or an account that the blank
machine has keeps its number; what is missing comes with the number that it had, so that data keep their owners.
"""

from __future__ import annotations

import base64
import grp
import os
import pwd
import tempfile
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Tuple

PASSWD, GROUP, SHADOW, GSHADOW = "/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow"
ACCOUNTS = (GROUP, GSHADOW, PASSWD, SHADOW)


class Conflict(Exception):
    """The blank machine gives a number that is needed to somebody else; the message says whose it is."""


def merged(here: Mapping[str, str], kept: Mapping[str, str]) -> Dict[str, str]:
    """The four files of accounts as they should be: ``here`` with what only ``kept`` has. Raises Conflict."""
    groups, kept_groups = _rows(here[GROUP]), _rows(kept[GROUP])
    users, kept_users = _rows(here[PASSWD]), _rows(kept[PASSWD])
    _add(groups, kept_groups, "group")
    for name, row in kept_groups.items():
        members = [one for one in groups[name][3].split(",") if one]
        groups[name][3] = ",".join(members + [one for one in row[3].split(",") if one and one not in members])
    numbers = {row[2]: groups[name][2] for name, row in kept_groups.items()}  # of groups: kept -> here
    missing = [name for name in kept_users if name not in users]
    _add(users, kept_users, "account")
    for name in missing:
        users[name][3] = numbers.get(users[name][3], users[name][3])
    shadow, kept_shadow = _rows(here[SHADOW]), _rows(kept[SHADOW])
    shadow.update({name: row for name, row in kept_shadow.items() if name in users})
    secret, kept_secret = _rows(here.get(GSHADOW, "")), _rows(kept.get(GSHADOW, ""))
    for name, row in kept_secret.items():
        if name in groups and name not in secret:
            secret[name] = row
    for name in secret:
        if len(secret[name]) == 4 and name in groups:
            secret[name][3] = groups[name][3]
    return {PASSWD: _text(users), GROUP: _text(groups), SHADOW: _text(shadow), GSHADOW: _text(secret)}


def _rows(text: str) -> Dict[str, List[str]]:
    return {line.split(":", 1)[0]: line.split(":") for line in text.splitlines() if line.strip()}


def _text(rows: Mapping[str, List[str]]) -> str:
    return "".join(":".join(row) + "\n" for row in rows.values())


def _add(rows: Dict[str, List[str]], kept: Mapping[str, List[str]], what: str) -> None:
    taken = {row[2]: name for name, row in rows.items()}
    for name, row in kept.items():
        if name in rows:
            continue
        if row[2] in taken:
            raise Conflict(
                f"the {what} {name} had the number {row[2]}, which {taken[row[2]]} has on this machine. Install it again "
                f"from the release that it had, or give {taken[row[2]]} another number first"
            )
        rows[name] = list(row)


def put_accounts(root: str, items: Iterable[Mapping[str, Any]], write: bool) -> List[str]:
    """Merge the kept accounts into those of the machine; the paths that change. Raises Conflict."""
    kept = {item["path"]: base64.b64decode(item.get("content_b64", "")).decode() for item in items}
    here = {path: _read(root, path).decode() for path in ACCOUNTS if _at(root, path).exists()}
    wanted = merged(here, kept)
    changed = [path for path in ACCOUNTS if path in here and wanted[path] != here[path]]
    for path in changed if write else ():
        found = _at(root, path).stat()
        _replace(_at(root, path), wanted[path].encode(), found.st_mode & 0o7777, found.st_uid, found.st_gid)
    return changed


def put_files(root: str, items: Iterable[Mapping[str, Any]], write: bool) -> List[str]:
    """Write what differs in content, rights or owner; the paths that change."""
    changed = []
    for item in items:
        path = _at(root, item["path"])
        if item.get("link"):
            different = not path.is_symlink() or str(path.readlink()) != item["link"]
        else:
            different = _state(path) != _wanted(item)
        if not different:
            continue
        changed.append(item["path"])
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
            if item.get("link"):
                _link(path, item["link"])
            else:
                _replace(path, *_wanted(item))
    return changed


def _at(root: str, path: str) -> Path:
    return Path(root) / path.lstrip("/")


def _read(root: str, path: str) -> bytes:
    return _at(root, path).read_bytes()


def _wanted(item: Mapping[str, Any]) -> Tuple[bytes, int, int, int]:
    owner, group = _number(item, "owner"), _number(item, "group")
    return base64.b64decode(item.get("content_b64", "")), int(item.get("mode", "0644"), 8), owner, group


def _number(item: Mapping[str, Any], what: str) -> int:
    """The number of an owner, who has one since the accounts came first; else root's, with which nobody else reads it."""
    name = item.get(what, "root")
    try:
        return pwd.getpwnam(name).pw_uid if what == "owner" else grp.getgrnam(name).gr_gid
    except KeyError:
        return int(name) if name.isdigit() else 0


def _state(path: Path) -> Any:
    if path.is_symlink() or not path.is_file():
        return None
    found = path.stat()
    return path.read_bytes(), found.st_mode & 0o7777, found.st_uid, found.st_gid


def _link(path: Path, target: str) -> None:
    aside = path.with_name(f".{path.name}.cartable")
    if aside.is_symlink():
        aside.unlink()
    aside.symlink_to(target)
    aside.replace(path)


def _replace(path: Path, content: bytes, mode: int, owner: int, group: int) -> None:
    """One rename: nobody meets half a file, or one with other rights."""
    descriptor, name = tempfile.mkstemp(dir=str(path.parent), prefix=".cartable-")
    aside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchown(file.fileno(), owner, group)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink()
        raise
