# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Local accounts: who can log in, and who may administer. Hashes are never kept."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterator, List, Set, Tuple

from .machine import Machine, number

NO_LOGIN = frozenset({"nologin", "false", "sync", "halt", "shutdown", ""})
# A user specification of sudoers(5): "%group ALL=(ALL:ALL) ALL" or "user HOST=(RUNAS) TAGS: COMMANDS".
GRANT = re.compile(r"^(?P<who>[^\s=,]+(?:\s*,\s*[^\s=,]+)*)\s+[^\s=]+\s*=")
ALIAS = re.compile(r"^(?:User_Alias)\s+(?P<name>[A-Z][A-Z0-9_]*)\s*=\s*(?P<members>.*)$")
# sudoers(5), "Including other files from within sudoers"; "#include" is not a comment, "# include" is.
INCLUDE = re.compile(
    r"""^[@#]include(?P<folder>dir)?[ \t]+(?:"(?P<quoted>[^"]+)"|(?P<plain>(?:\\.|[^\s\\])+))"""
)
NOT_GRANTS = ("Defaults", "User_Alias", "Runas_Alias", "Host_Alias", "Cmnd_Alias", "Cmd_Alias", "@", "#")


def accounts(machine: Machine, declared: Set[str]) -> List[Dict[str, Any]]:
    """List the accounts that can be used to log in, by user id.

    These are root, those of people (UID_MIN to UID_MAX of login.defs(5)) and every other one that has a
    login shell. ``administrator``: root, or somebody to whom sudo grants anything. ``locked``: no password
    opens it (a key may). ``declared`` tells whether it is among the declared names; None when none were
    given.
    """
    lowest, highest = _human_range(machine)
    groups, members = _groups(machine)
    locked = _locked(machine)
    granted_users, granted_groups = sudoers(machine)
    found: List[Dict[str, Any]] = []
    for line in machine.lines("/etc/passwd"):
        fields = line.split(":")
        if len(fields) != 7 or number(fields[2]) is None or number(fields[3]) is None:
            continue
        login, uid, gid, shell = fields[0], int(fields[2]), int(fields[3]), fields[6]
        human = lowest <= uid <= highest
        if uid != 0 and not human and shell.rpartition("/")[2] in NO_LOGIN:
            continue
        own = {name for name, users in members.items() if login in users} | (
            {groups[gid]} if gid in groups else set()
        )
        found.append(
            {
                "login": login,
                "uid": uid,
                "gid": gid,
                "name": fields[4].partition(",")[0],
                "groups": sorted(own),
                "home": fields[5],
                "shell": shell,
                "system": not human and uid != 0,
                "administrator": uid == 0 or login in granted_users or bool(own & granted_groups),
                "locked": login in locked,
                "declared": (login in declared) if declared else None,
            }
        )
    return sorted(found, key=lambda account: (account["uid"], account["login"]))


def unknown(found: List[Dict[str, Any]]) -> List[str]:
    """Name the accounts that nobody declared; one more account with root's user id is among them."""
    return [account["login"] for account in found if account["declared"] is False]


def sudoers(machine: Machine) -> Tuple[Set[str], Set[str]]:
    """Read the users and the groups to whom sudo grants anything; ``ALL`` stands for every user, as ``*``."""
    entries: List[str] = []
    aliases: Dict[str, List[str]] = {}
    for line in _sudoers_lines(machine, "/etc/sudoers", set()):
        alias = ALIAS.match(line)
        if alias:
            aliases[alias["name"]] = [name.strip() for name in alias["members"].split(",")]
        grant = GRANT.match(line)
        if grant and not line.startswith(NOT_GRANTS):
            entries.extend(name.strip() for name in grant["who"].split(","))
    users: Set[str] = set()
    groups: Set[str] = set()
    for entry in [name for written in entries for name in aliases.get(written, [written])]:
        if entry.startswith("%"):
            groups.add(entry[1:])
        else:
            users.add(entry)
    return users, groups


def local_users(found: List[Dict[str, Any]]) -> List[Dict[str, str]]:
    """Give GLPI's section ``local_users``."""
    return [
        {
            "id": str(account["uid"]),
            "login": account["login"],
            "name": account["name"] or account["login"],
            "home": account["home"],
            "shell": account["shell"],
        }
        for account in found
    ]


def local_groups(machine: Machine, found: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Give GLPI's section ``local_groups``: the groups to which the accounts belong."""
    names = {name for account in found for name in account["groups"]}
    groups, _ = _groups(machine)
    return [
        {
            "id": str(gid),
            "name": name,
            "members": sorted(account["login"] for account in found if name in account["groups"]),
        }
        for gid, name in sorted(groups.items())
        if name in names
    ]


def _sudoers_lines(machine: Machine, path: str, seen: Set[str]) -> Iterator[str]:
    """Give the lines of ``path`` and of what it includes, as sudo reads them: only what is included counts."""
    if path in seen:
        return
    seen.add(path)
    for line in (machine.read(path) or "").replace("\\\n", " ").splitlines():
        stripped = line.strip()
        include = INCLUDE.match(stripped)
        if include is None:
            yield stripped
            continue
        target = include["quoted"] or re.sub(r"\\(.)", r"\1", include["plain"])
        target = target.replace("%h", machine.word("/etc/hostname").partition(".")[0])
        if not target.startswith("/"):
            target = f"{path.rpartition('/')[0]}/{target}"
        if include["folder"] is None:
            yield from _sudoers_lines(machine, target, seen)
            continue
        for name in machine.names(target):
            if "." not in name and not name.endswith("~"):
                yield from _sudoers_lines(machine, f"{target.rstrip('/')}/{name}", seen)


def _groups(machine: Machine) -> Tuple[Dict[int, str], Dict[str, Set[str]]]:
    names: Dict[int, str] = {}
    members: Dict[str, Set[str]] = {}
    for line in machine.lines("/etc/group"):
        fields = line.split(":")
        if len(fields) == 4 and number(fields[2]) is not None:
            names.setdefault(int(fields[2]), fields[0])
            members[fields[0]] = {name for name in fields[3].split(",") if name}
    return names, members


def _locked(machine: Machine) -> Set[str]:
    """Name the accounts whose password field opens nothing; the field itself goes no further than this
    function.
    """
    found = set()
    for line in machine.lines("/etc/shadow"):
        fields = line.split(":")
        if len(fields) > 1 and fields[1][:1] in ("!", "*"):
            found.add(fields[0])
    return found


def _human_range(machine: Machine) -> Tuple[int, int]:
    values = {}
    for line in machine.lines("/etc/login.defs"):
        words = line.split()
        if len(words) >= 2 and words[0] in ("UID_MIN", "UID_MAX"):
            values[words[0]] = number(words[1])
    return values.get("UID_MIN") or 1000, values.get("UID_MAX") or 60000
