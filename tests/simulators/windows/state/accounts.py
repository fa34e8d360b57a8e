"""Local users and groups of one PC, by SID."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from .names import ACCOUNTS, GROUPS, PRINCIPALS, localized

ADMINISTRATORS, USERS, GUESTS = "S-1-5-32-544", "S-1-5-32-545", "S-1-5-32-546"


@dataclass
class User:
    """One local account. Dates are ISO 8601 in UTC; empty means never."""

    name: str
    sid: str
    password: str = ""
    full_name: str = ""
    description: str = ""
    enabled: bool = True
    locked: bool = False
    password_expired: bool = False
    password_never_expires: bool = False
    user_cannot_change_password: bool = False
    account_expires: str = ""
    home_directory: str = ""
    login_script: str = ""
    profile: str = ""
    password_set: str = ""
    last_logon: str = ""
    bad_logons: int = 0

    @property
    def rid(self) -> int:
        return int(self.sid.rsplit("-", 1)[1])


@dataclass
class Group:
    """One local group; members are SIDs, also of accounts that are gone."""

    name: str
    sid: str
    description: str = ""
    members: list[str] = field(default_factory=list)


@dataclass
class Accounts:
    """Accounts and groups of one PC, and the names of well-known SIDs in its language."""

    machine_sid: str
    language: str
    users: list[User] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    next_rid: int = 1001

    @classmethod
    def new(cls, language: str) -> Accounts:
        """Accounts of a PC after Setup: RID 500, 501, 503 and 504 disabled, every built-in group."""
        numbers = "-".join(str(secrets.randbelow(4_000_000_000) + 1_000_000) for _ in range(3))
        accounts = cls(f"S-1-5-21-{numbers}", language)
        for rid, row in ACCOUNTS.items():
            accounts.users.append(
                User(localized(row, language), f"{accounts.machine_sid}-{rid}", enabled=False)
            )
        for sid, row in GROUPS.items():
            accounts.groups.append(Group(localized(row, language), sid))
        accounts.group(ADMINISTRATORS).members.append(f"{accounts.machine_sid}-500")
        accounts.group(GUESTS).members.append(f"{accounts.machine_sid}-501")
        accounts.group(USERS).members += ["S-1-5-4", "S-1-5-11"]
        return accounts

    def find_user(self, name_or_sid: str) -> User | None:
        wanted = self._plain(name_or_sid)
        return next((user for user in self.users if wanted in (user.name.lower(), user.sid.lower())), None)

    def user(self, name_or_sid: str) -> User:
        found = self.find_user(name_or_sid)
        if found is None:
            raise KeyError(name_or_sid)
        return found

    def find_group(self, name_or_sid: str) -> Group | None:
        wanted = self._plain(name_or_sid)
        return next(
            (group for group in self.groups if wanted in (group.name.lower(), group.sid.lower())), None
        )

    def group(self, name_or_sid: str) -> Group:
        found = self.find_group(name_or_sid)
        if found is None:
            raise KeyError(name_or_sid)
        return found

    @staticmethod
    def _plain(name: str) -> str:
        domain, _, rest = name.rpartition("\\")
        return (rest if domain else name).lower()

    def add_user(self, name: str, password: str, *, groups: Iterable[str] = (), **fields: object) -> User:
        user = User(name, f"{self.machine_sid}-{self.next_rid}", password, password_set=_now(), **fields)  # type: ignore[arg-type]
        self.next_rid += 1
        self.users.append(user)
        for group in groups:
            self.group(group).members.append(user.sid)
        return user

    def remove_user(self, user: User) -> None:
        """Windows takes a deleted account out of its local groups."""
        self.users.remove(user)
        for group in self.groups:
            if user.sid in group.members:
                group.members.remove(user.sid)

    def add_group(self, name: str, description: str = "") -> Group:
        group = Group(name, f"{self.machine_sid}-{self.next_rid}", description)
        self.next_rid += 1
        self.groups.append(group)
        return group

    def groups_of(self, user: User) -> list[Group]:
        return [group for group in self.groups if user.sid in group.members]

    def is_administrator(self, user: User) -> bool:
        return user.sid in self.group(ADMINISTRATORS).members

    def resolve(self, name: str) -> str | None:
        """SID of an account, group or well-known principal, named in the PC's language, or as a SID."""
        if name.upper().startswith("S-1-"):
            return name.upper()
        account = self.find_user(name) or self.find_group(name)
        if account is not None:
            return account.sid
        wanted = name.lower()
        for sid, row in PRINCIPALS.items():
            full = localized(row, self.language).lower()
            # .NET's NTAccount knows these in the system's language only, except SYSTEM and the like, which LSA
            # takes in English too [K].
            names = {full, full.rpartition("\\")[2]}
            if sid in ("S-1-5-18", "S-1-5-19", "S-1-5-20"):
                names |= {row[0].lower(), row[0].lower().rpartition("\\")[2], row[0].lower().replace(" ", "")}
            if wanted in names:
                return sid
        return None

    def name_of(self, sid: str, computer: str) -> str:
        """`COMPUTER\\name`, `BUILTIN\\name` or the principal's name; the SID itself when nothing has it."""
        user = next((user for user in self.users if user.sid == sid), None)
        if user is not None:
            return f"{computer}\\{user.name}"
        group = next((group for group in self.groups if group.sid == sid), None)
        if group is not None:
            return f"BUILTIN\\{group.name}" if sid.startswith("S-1-5-32-") else f"{computer}\\{group.name}"
        return localized(PRINCIPALS[sid], self.language) if sid in PRINCIPALS else sid


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
