"""Audit of a take-over (R47): compares accounts, keys, permissions, jobs, services and files with the bundle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

ADDED, REMOVED, CHANGED, FOREIGN, UNREAD = "added", "removed", "changed", "foreign", "unread"
ACCOUNT, KEY, SUDO, JOB, SERVICE, PORT, FILE = "account", "key", "sudo", "job", "service", "port", "file"
# What a file is about, by the beginning of its path; any other one is configuration like another.
SUBJECTS = {
    "/etc/sudoers": SUDO,
    "/etc/cron": JOB,
    "/var/spool/cron/": JOB,
    "/etc/systemd/system/": JOB,
}
ACCOUNT_FIELDS = ("uid", "groups", "shell", "administrator", "locked")
KEY_FILES = ("/.ssh/authorized_keys", "/.ssh/authorized_keys2")
# Changed by whoever looks, and said under another subject.
IGNORED = frozenset({"/etc/passwd", "/etc/group", "/etc/gshadow"})


@dataclass(frozen=True, slots=True)
class Seen:
    """One asset as it was recorded. ``files``: its whole configuration by path; ``read``: whether it answered."""

    accounts: tuple[Mapping[str, Any], ...] = ()
    services: tuple[Mapping[str, Any], ...] = ()
    ports: tuple[Mapping[str, Any], ...] | None = None
    files: Mapping[str, bytes] | None = field(default=None, repr=False)
    read: bool = True


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One difference of an asset: its subject, its name, and the change."""

    site: str
    asset: str
    subject: str
    name: str
    change: str
    detail: str = ""


NOBODY: Mapping[str, str] = {}


def audit(
    site: str,
    asset: str,
    before: Seen,
    after: Seen,
    operator_keys: frozenset[str],
    own_keys: Mapping[str, str] = NOBODY,
) -> list[Finding]:
    """Compare one asset with its records in the bundle.

    A public key (``type base64``) that opens an account and is none of ``operator_keys`` is a finding whether or not it
    was handed over: it lets somebody in whom no password change locks out. ``own_keys`` are those of named
    administrators, by their accounts: each opens that account only.
    """
    if not after.read:
        return [Finding(site, asset, "asset", "", UNREAD)]
    found = [
        *_accounts(before, after),
        *_services(before, after),
        *_ports(before, after),
        *_files(before, after),
        *_keys(after, operator_keys, own_keys),
    ]
    return sorted(Finding(site, asset, *difference) for difference in found)


def _accounts(before: Seen, after: Seen) -> Iterator[tuple[str, str, str, str]]:
    old = {str(one.get("login")): one for one in before.accounts}
    new = {str(one.get("login")): one for one in after.accounts}
    for name, one in new.items():
        rights = "administrator" if one.get("administrator") else ""
        if name not in old:
            yield ACCOUNT, name, ADDED, rights
        elif fields := [key for key in ACCOUNT_FIELDS if one.get(key) != old[name].get(key)]:
            yield ACCOUNT, name, CHANGED, ", ".join(fields)
        elif one.get("declared") is False:
            yield ACCOUNT, name, FOREIGN, rights
    for name in old.keys() - new.keys():
        yield ACCOUNT, name, REMOVED, ""


def _services(before: Seen, after: Seen) -> Iterator[tuple[str, str, str, str]]:
    old, new = (
        {str(one.get("name")): str(one.get("startup", "")) for one in seen.services}
        for seen in (before, after)
    )
    for name, startup in new.items():
        if startup == "enabled" and old.get(name) != "enabled":
            yield SERVICE, name, ADDED if name not in old else CHANGED, startup
    for name, startup in old.items():
        if startup == "enabled" and new.get(name) != "enabled":
            yield SERVICE, name, REMOVED if name not in new else CHANGED, new.get(name, "")


def _ports(before: Seen, after: Seen) -> Iterator[tuple[str, str, str, str]]:
    """Ports that now listen on more than the loopback interface."""
    if before.ports is None or after.ports is None:
        return
    old, new = (
        {(str(one.get("protocol")), str(one.get("port"))): str(one.get("process", "")) for one in ports}
        for ports in (before.ports, after.ports)
    )
    for protocol, port in new.keys() - old.keys():
        yield PORT, f"{protocol}/{port}", ADDED, new[protocol, port]
    for protocol, port in old.keys() - new.keys():
        yield PORT, f"{protocol}/{port}", REMOVED, old[protocol, port]


def _files(before: Seen, after: Seen) -> Iterator[tuple[str, str, str, str]]:
    if before.files is None or after.files is None:
        return
    for path in sorted(before.files.keys() | after.files.keys()):
        if path in IGNORED or path.endswith(KEY_FILES):
            continue
        old, new = before.files.get(path), after.files.get(path)
        if old != new:
            change = ADDED if old is None else REMOVED if new is None else CHANGED
            yield subject_of(path), path, change, ""


def _keys(
    after: Seen, operator_keys: frozenset[str], own_keys: Mapping[str, str]
) -> Iterator[tuple[str, str, str, str]]:
    own = {f"/home/{account}/": key for account, key in own_keys.items()}
    for path, content in (after.files or {}).items():
        if path.endswith(KEY_FILES):
            persons = next((key for home, key in own.items() if path.startswith(home)), None)
            for key, comment in public_keys(content.decode("utf-8", "replace")):
                if key not in operator_keys and key != persons:
                    yield KEY, path, FOREIGN, comment or key[-12:]


def subject_of(path: str) -> str:
    """The subject of a machine's file, by its path."""
    return next((subject for start, subject in SUBJECTS.items() if path.startswith(start)), FILE)


def public_keys(text: str) -> Iterator[tuple[str, str]]:
    """The keys of an authorized_keys file as (``type base64``, comment), whatever options stand before them."""
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        start = next(
            (n for n, word in enumerate(words[:-1]) if word.startswith(("ssh-", "ecdsa-", "sk-"))), None
        )
        if start is not None:
            yield " ".join(words[start : start + 2]), " ".join(words[start + 2 :])
