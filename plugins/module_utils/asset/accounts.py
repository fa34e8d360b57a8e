# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Local accounts: who can log in, and who may administer. Hashes are never kept."""

from __future__ import annotations

from typing import Any, Dict, List, Set, Tuple

from . import sudoers
from .machine import Machine, number

NO_LOGIN = frozenset({"nologin", "false", "sync", "halt", "shutdown", ""})


def accounts(machine: Machine, declared: Set[str]) -> List[Dict[str, Any]]:
    """List the accounts as ``accounts_and_unresolved``."""
    return accounts_and_unresolved(machine, declared)[0]


def accounts_and_unresolved(machine: Machine, declared: Set[str]) -> Tuple[List[Dict[str, Any]], List[str]]:
    """List the accounts that can be used to log in, by user id; and what of sudo's policy could not be resolved.

    These are root, those of people (UID_MIN to UID_MAX of login.defs(5)) and every other one that has a
    login shell. ``administrator``: root, or somebody to whom sudo grants anything. ``locked``: no password
    opens it (a key may). ``declared`` tells whether it is among the declared names; None when none were
    given.
    """
    lowest, highest = _human_range(machine)
    groups, members = _groups(machine)
    locked = _locked(machine)
    found: List[Dict[str, Any]] = []
    users: List[sudoers.User] = []
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
                "administrator": uid == 0,
                "locked": login in locked,
                "declared": (login in declared) if declared else None,
            }
        )
        gids = {gid} | {number for number, name in groups.items() if name in own}
        users.append(sudoers.User(login, uid, frozenset(own), frozenset(gids)))
    granted, unresolved = sudoers.administrators(machine, users)
    for account in found:
        account["administrator"] = account["administrator"] or account["login"] in granted
    return sorted(found, key=lambda account: (account["uid"], account["login"])), unresolved


def warning(asset: str, unresolved: List[str]) -> str:
    """Say which members of sudo's policy could not be resolved."""
    return (
        f"{asset}: sudo also lets in {', '.join(unresolved)}, and who that is could not be found out; accounts among them "
        "are not marked as administrators. Run 'sudo -l -U ACCOUNT' on the machine."
    )


def unknown(found: List[Dict[str, Any]]) -> List[str]:
    """Name the accounts that nobody declared; one more account with root's user id is among them."""
    return [account["login"] for account in found if account["declared"] is False]


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
