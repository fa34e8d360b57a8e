"""Lines of IOS with a secret: passwords, accounts, keys and communities, as the device keeps them."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from tests.simulators.network.cisco_secret import hide7, pbkdf8, scrypt9
from tests.simulators.network.grammar import Match

if TYPE_CHECKING:
    from tests.simulators.network.ios import IosShell


def _typed(shell: IosShell, words: list[str]) -> tuple[str, str]:
    """The type and the value of a password as it is written."""
    value = words[-1]
    first, _, rest = value.partition(" ")
    if len(words) > 1 and words[-2].isdecimal():
        return words[-2], value
    if first.isdecimal() and len(first) == 1 and rest:
        return first, rest
    return "0", value


def _kept(shell: IosShell, kind: str, value: str) -> str:
    if kind == "0" and shell.device.running.get("service password-encryption"):
        return f"7 {hide7(value)}"
    return value if kind == "0" else f"{kind} {value}"


def password(shell: IosShell, match: Match) -> None:
    """A reversible password: a line's, a RADIUS server's."""
    for section in shell.sections:
        if match.negated:
            section.drop(" ".join(match.key))
        else:
            kept = _kept(shell, *_typed(shell, list(match.words[1:])))
            section.put(match.words[0], f"{match.words[0]} {kept}", match.command.rank)


def radius_host(shell: IosShell, match: Match) -> None:
    key = " ".join(match.key)
    if match.negated:
        shell.device.running.drop(key)
    else:
        kept = _kept(shell, *_typed(shell, list(match.words[match.words.index("key") + 1 :])))
        shell.device.running.put(key, f"{key} key {kept}", match.command.rank)


def ntp_key(shell: IosShell, match: Match) -> None:
    shell.store(shell.device.running, match)


def hashed(kind: str, value: str, algorithm: str = "scrypt") -> str | None:
    """``9 $9$…`` of a clear password; a hash as it is; None when it is no hash."""
    if kind == "0":
        return f"9 {scrypt9(value)}" if algorithm == "scrypt" else f"8 {pbkdf8(value)}"
    return f"{kind} {value}" if value.startswith(f"${'1' if kind == '5' else kind}$") else None


def secret(shell: IosShell, match: Match) -> str | None:
    key = " ".join(match.key)
    if match.negated:
        shell.device.running.drop(key)
        return None
    kind, value = _typed(shell, list(match.words[2:]))
    if match.words[1] == "password":
        shell.device.running.put(key, f"{key} {_kept(shell, kind, value)}", match.command.rank)
        return None
    kept = hashed(kind, value)
    if kept is None:
        return "ERROR: The secret you entered is not a valid encrypted secret."
    shell.device.running.put(key, f"{key} {kept}", match.command.rank)
    return None


def username(shell: IosShell, match: Match) -> str | None:
    running, key = shell.device.running, " ".join(match.key[:2])
    name = match.words[1]
    if match.negated:

        def confirmed(answer: str) -> None:
            if answer.strip().lower() in ("", "y", "yes"):
                running.drop(key)

        shell.ask(
            "This operation will remove all username related configurations with same name."
            "Do you want to continue? [confirm]",
            confirmed,
        )
        return None
    words = list(match.words)
    kind = "secret" if "secret" in words else "password"
    type_, value = _typed(shell, words[words.index(kind) + 1 :])
    before = running.get(key) or ""
    if kind == "password" and " secret " in before:
        return "ERROR: Can not have both a user password and a user secret.\nPlease choose one or the other."
    level = words[words.index("privilege") + 1] if "privilege" in words[: words.index(kind)] else ""
    if not level and (found := re.search(r" privilege (\d+)", before)):
        level = found[1]
    algorithm = words[words.index("algorithm-type") + 1] if "algorithm-type" in words else "scrypt"
    kept = hashed(type_, value, algorithm) if kind == "secret" else _kept(shell, type_, value)
    if kept is None:
        return "ERROR: The secret you entered is not a valid encrypted secret."
    part = f" privilege {level}" if level and level != "1" else ""
    running.put(key, f"username {name}{part} {kind} {kept}", match.command.rank)
    return None


def community(shell: IosShell, match: Match) -> None:
    running, key = shell.device.running, " ".join(match.key)
    if match.negated:
        running.drop(key)
    else:
        tail = " ".join(word.upper() if word.lower() in ("ro", "rw") else word for word in match.words[3:])
        running.put(key, f"{key} {tail or 'RO'}", match.command.rank)


def snmp_user(shell: IosShell, match: Match) -> str | None:
    """SNMPv3 users live beside the running configuration, which never shows them."""
    name, group = match.words[2], match.words[3]
    if match.negated:
        shell.device.snmp_users.pop(name, None)
        shell.device.tell_agent(name)
        return None
    words = list(match.words)
    user = {"group": group, "auth": "", "priv": ""}
    keys: list[str] = []
    for part in ("auth", "priv"):
        if part in words[5:]:
            at = words.index(part, 5)
            size = words[at + 2] if words[at + 1] == "aes" else ""
            value = words[at + 2 + bool(size)]
            if "encrypted" not in words and len(value) < 8:
                return "% Invalid password length, minimum is 8"
            user[part] = (words[at + 1] + size).upper()
            user[f"{part}_digest"] = hashlib.sha256(value.encode()).hexdigest()
            keys.append(value)
    shell.device.snmp_users[name] = user
    if "encrypted" not in words:
        shell.device.tell_agent(name, *keys)
    return None
