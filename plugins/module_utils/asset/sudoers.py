# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sudo policy: the users to whom sudoers(5) grants anything.

sudo's own reader (``cvtsudoers``) is asked where it is there; otherwise the grammar is read here. Lists are judged as sudo
judges them: the last member that matches decides. What only the running system can tell (a netgroup, a group of another
directory) is left to ``sudo -l -U``; what that does not answer is named.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Dict, FrozenSet, Iterator, List, Optional, Set, Tuple

from .machine import Machine, NoAnswer

SUDOERS = "/etc/sudoers"
CONVERT = ("cvtsudoers", "-c", "/dev/null", "-f", "json", SUDOERS)
# "#include" is not a comment, "# include" is; see "Including other files from within sudoers".
INCLUDE = re.compile(
    r"""^[@#]include(?P<folder>dir)?[ \t]+(?:"(?P<quoted>[^"]+)"|(?P<plain>(?:\\.|[^\s\\])+))"""
)
KEYWORD = re.compile(r"^(?:Defaults(?:[@:!>\s]|$)|(?:Runas|Host|Cmnd|Cmd)_Alias\s|[@#]include|#(?!-?\d))")
ALIASES = re.compile(r"^User_Alias\s+")
ALIAS = re.compile(r"\s*(?P<name>[A-Z][A-Z0-9_]*)\s*(?P<more>\+?)=")
MEMBER = re.compile(
    r"""\s*(?P<not>(?:!\s*)*)(?P<sigil>%:\#|%:|%\#|%|\+|\#)?"""
    r"""(?:"(?P<quoted>(?:\\.|[^"\\])*)"|(?P<plain>(?:\\.|[^\s\\,=:!()"\#])+))"""
)
SIGIL = re.compile(r"^(%:#|%:|%#|%|\+|#)?(.*)$", re.DOTALL)
KINDS = {
    None: "user", "": "user", "#": "uid", "%": "group", "%#": "gid", "+": "netgroup", "%:": "directory group",
    "%:#": "directory group",
}  # fmt: skip
OF_CONVERTER = {
    "username": "user", "userid": "uid", "usergroup": "group", "usergid": "gid", "useralias": "alias", "netgroup": "netgroup",
}  # fmt: skip


@dataclass(frozen=True)
class Member:
    """One member of a list of users."""

    kind: str
    name: str
    negated: bool = False

    def __str__(self) -> str:
        return f"+{self.name}" if self.kind == "netgroup" else f"{self.kind} {self.name}"


@dataclass(frozen=True)
class User:
    """What a member is compared with."""

    login: str
    uid: int
    groups: FrozenSet[str] = frozenset()
    gids: FrozenSet[int] = frozenset()


@dataclass
class Policy:
    """The lists of users to which anything is granted, and the aliases that they name."""

    grants: List[List[Member]] = field(default_factory=list)
    aliases: Dict[str, List[Member]] = field(default_factory=dict)

    def lets_in(self, user: User) -> bool:
        """Tell whether sudo grants ``user`` anything, as far as the policy alone says."""
        return any(self._judge(members, user, frozenset()) for members in self.grants)

    def unresolved(self) -> List[str]:
        """Name the members that the policy alone does not resolve, sorted."""
        members = [*self.grants, *self.aliases.values()]
        known = ("user", "uid", "group", "gid", "alias")
        return sorted({str(member) for found in members for member in found if member.kind not in known})

    def _judge(self, members: List[Member], user: User, seen: FrozenSet[str]) -> Optional[bool]:
        """The answer of the last member that matches; None when none does."""
        for member in reversed(members):
            found = self._match(member, user, seen)
            if found is not None:
                return found is not member.negated
        return None

    def _match(self, member: Member, user: User, seen: FrozenSet[str]) -> Optional[bool]:
        if member.kind == "alias" or (member.kind == "user" and member.name in self.aliases):
            if member.name in seen or member.name not in self.aliases:
                return None
            return self._judge(self.aliases[member.name], user, seen | {member.name})
        same = (
            (member.kind == "user" and member.name in ("ALL", user.login))
            or (member.kind == "uid" and member.name == str(user.uid))
            or (member.kind == "group" and member.name in user.groups)
            or (member.kind == "gid" and member.name in {str(gid) for gid in user.gids})
        )
        return True if same else None


def read(machine: Machine) -> Policy:
    """Read the policy, by sudo's own reader where it answers."""
    try:
        converted = machine.json(*CONVERT)
    except NoAnswer:
        converted = None
    return _of_converter(converted) if isinstance(converted, dict) else _of_files(machine)


def administrators(machine: Machine, users: List[User]) -> Tuple[Set[str], List[str]]:
    """Name those of ``users`` to whom sudo grants anything, and the members of the policy that nobody could resolve."""
    policy = read(machine)
    found = {user.login for user in users if policy.lets_in(user)}
    unresolved = policy.unresolved()
    if not unresolved:
        return found, []
    answered = True
    for user in users:
        if user.login not in found and user.uid != 0:
            allowed = _ask(machine, user.login)
            answered = answered and allowed is not None
            found |= {user.login} if allowed else set()
    return found, [] if answered else unresolved


def _ask(machine: Machine, login: str) -> Optional[bool]:
    said = machine.run("sudo", "-n", "-l", "-U", login, accept=range(0, 2)) or ""
    if re.search(r"may run the following", said):
        return True
    return False if re.search(r"is not allowed to run sudo", said) else None


def _of_converter(said: Dict[str, Any]) -> Policy:
    policy = Policy()
    aliases = said.get("User_Aliases")
    for name, members in aliases.items() if isinstance(aliases, dict) else ():
        policy.aliases[str(name)] = list(_converted(members))
    specifications = said.get("User_Specs")
    for specification in specifications if isinstance(specifications, list) else ():
        if isinstance(specification, dict):
            policy.grants.append(list(_converted(specification.get("User_List"))))
    return policy


def _converted(members: Any) -> Iterator[Member]:
    for member in members if isinstance(members, list) else ():
        if isinstance(member, dict):
            for key, value in member.items():
                if key != "negated":
                    kind = OF_CONVERTER.get(key, "directory group")
                    yield Member(kind, str(value), member.get("negated") is True)


def _of_files(machine: Machine) -> Policy:
    policy = Policy()
    for line in _lines(machine, SUDOERS, set()):
        aliases = ALIASES.match(line)
        if aliases:
            _add_aliases(policy, line[aliases.end() :])
        elif not KEYWORD.match(line):
            members, rest = _members(line)
            if members and "=" in rest:
                policy.grants.append(members)
    return policy


def _add_aliases(policy: Policy, text: str) -> None:
    """Read ``A = x, y : B += z``."""
    head = ALIAS.match(text)
    while head:
        members, text = _members(text[head.end() :])
        former = policy.aliases.get(head["name"], []) if head["more"] else []
        policy.aliases[head["name"]] = former + members
        text = text.lstrip()
        head = ALIAS.match(text[1:]) if text.startswith(":") else None
        text = text[1:]


def _members(text: str) -> Tuple[List[Member], str]:
    """Read a list of users from the left; the rest begins with what is no comma."""
    found: List[Member] = []
    while True:
        match = MEMBER.match(text)
        if match is None:
            return found, text
        sigil, name = match["sigil"], match["plain"]
        if name is None:
            name = match["quoted"]
            if not sigil:  # "%domain users": the sigil is inside the quotes
                inner = SIGIL.match(name)
                sigil, name = (inner[1], inner[2]) if inner else ("", name)
        found.append(Member(KINDS[sigil], _unescaped(name), match["not"].count("!") % 2 == 1))
        text = text[match.end() :].lstrip()
        if not text.startswith(","):
            return found, text
        text = text[1:]


def _unescaped(text: str) -> str:
    return re.sub(
        r"\\(?:x([0-9a-fA-F]{2})|(.))", lambda match: chr(int(match[1], 16)) if match[1] else match[2], text
    )


def _lines(machine: Machine, path: str, seen: Set[str]) -> Iterator[str]:
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
            yield from _lines(machine, target, seen)
            continue
        for name in machine.names(target):
            if "." not in name and not name.endswith("~"):
                yield from _lines(machine, f"{target.rstrip('/')}/{name}", seen)
