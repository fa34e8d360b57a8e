# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Problems of a file server's shares: full file systems, permissions that do not work, undeclared shares and
accounts.
"""

from __future__ import annotations

import grp
import json
import os
import pwd
import shlex
import time
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple

from .machine import Machine
from .room import room

PATIENCE = 20.0  # seconds for one account in one space, which may hold millions of files
CREATED_BY_OTHERS = frozenset({"lost+found"})


def findings(machine: Machine, root: str, spaces: List[Dict[str, Any]], accounts: List[str]) -> List[str]:
    """A sentence for each problem below ``root``."""
    if not Path(root).is_dir():
        what = "is not there" if not os.path.lexists(root) else "is no folder"
        return [f"{root} {what}, so that there is no space; look at what lies there, then run provision"]
    found = room(root)
    for space in spaces:
        place = f"{root}/{space['name']}"
        if not Path(place).is_dir():
            found.append(f"{place} is no folder, so that nobody can use the space; run provision")
            continue
        found += _rights(place, space)
    return found + _left_spaces(root, spaces) + _left_accounts(machine, accounts)


def _rights(place: str, space: Dict[str, Any]) -> List[str]:
    """Test as each account whether it can use the files of the space, since declared permissions may not work."""
    found = []
    for account in [*space["read"], *space["write"]]:
        tried = _as_account(account, place, account in space["write"])
        if tried is None:
            continue  # there is no such account yet
        count, first, whole = tried
        if count:
            many = f"{count} of its files" if whole else f"at least {count} of its files"
            found.append(
                f"{account} cannot use {many} in {place} ({first}); put the rights back: {_remedy(place, space)}"
            )
    return found


def _remedy(place: str, space: Dict[str, Any]) -> str:
    entries = [f"g:{name}:r-X" for name in space["read"]] + [f"g:{name}:rwX" for name in space["write"]]
    given = ",".join([*entries, "m::rwX"])
    default = ",".join(f"d:{entry}" for entry in [*entries, "m::rwX"])
    return f"setfacl --recursive --modify {shlex.quote(f'{given},{default}')} {shlex.quote(place)}"


def _as_account(account: str, place: str, writes: bool) -> Optional[Tuple[int, str, bool]]:
    """How many entries the account cannot use, the first of them, and whether all were tried."""
    try:
        person = pwd.getpwnam(account)
    except KeyError:
        return None
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reader)
            groups = [group.gr_gid for group in grp.getgrall() if account in group.gr_mem]
            os.setgroups([person.pw_gid, *groups])
            os.setgid(person.pw_gid)
            os.setuid(person.pw_uid)
            os.write(writer, json.dumps(_unusable(place, writes)).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        said = answer.read()
    os.waitpid(child, 0)
    if not said:
        return None
    count, first, whole = json.loads(said)
    return int(count), str(first), bool(whole)


def _unusable(place: str, writes: bool) -> Tuple[int, str, bool]:
    end, count, first = time.monotonic() + PATIENCE, 0, ""
    for path, is_folder in _entries(place):
        wanted = os.R_OK | (os.W_OK if writes else 0) | (os.X_OK if is_folder else 0)
        if not os.access(path, wanted):
            count, first = count + 1, first or ascii(path[:200])[1:-1]
        if time.monotonic() > end:
            return count, first, False
    return count, first, True


def _entries(place: str) -> Iterator[Tuple[str, bool]]:
    """Plain files and folders; what cannot be listed is met as its folder."""
    waiting = [place]
    while waiting:
        folder = waiting.pop()
        yield folder, True
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        yield entry.path, False
        except OSError:
            continue


def _left_spaces(root: str, spaces: List[Dict[str, Any]]) -> List[str]:
    declared = {space["name"] for space in spaces}
    found = []
    with os.scandir(root) as entries:
        folders = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    for name in folders:
        path = f"{root}/{name}"
        if name in declared | CREATED_BY_OTHERS:
            continue
        files = sum(1 for _, is_folder in _entries(path) if not is_folder)
        content = "is empty" if files == 0 else f"has {files} file{'s' if files > 1 else ''}"
        found.append(
            f"nobody declares the space {ascii(name)[1:-1]}, which {content}; keep what is needed, then: "
            f"rm --recursive --one-file-system -- {_quoted(path)}"
        )
    return found


def _left_accounts(machine: Machine, accounts: Iterable[str]) -> List[str]:
    """Samba accounts that are not in the inventory."""
    lines = (machine.run("pdbedit", "--list") or "").splitlines()
    logins = sorted(line.partition(":")[0] for line in lines if ":" in line)
    return [
        f"nobody declares the share account {ascii(login)[1:-1]}, and its password still opens the file server; then: "
        f"smbpasswd -x {_quoted(login)} && userdel {_quoted(login)}"
        for login in logins
        if login not in set(accounts)
    ]


def _quoted(text: str) -> str:
    """Quoted for a shell, without control characters."""
    return shlex.quote(text) if text.isprintable() and text.isascii() else "$" + ascii(text)
