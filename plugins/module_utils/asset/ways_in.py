# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Undeclared access to a machine: the SSH server's effective settings for root, SSH keys, other accounts with UID 0."""

from __future__ import annotations

import re
import shlex
from typing import Any, Dict, Iterable, List

from .guarded_read import Link, read_guarded
from .machine import Machine
from .time_limit import TooSlow, time_limit

LARGEST = 1024 * 1024  # bytes
PATIENCE = 5.0  # seconds
SETTINGS = "/etc/ssh/sshd_config"
MORE_SETTINGS = "/etc/ssh/sshd_config.d"
KEY = re.compile(
    r"(?:^|[\s,])(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-\S+|sk-\S+@openssh\.com|\S+-cert-v01@openssh\.com) AAAA"
)
CLOSED_TO_ROOT = ("no", "forced-commands-only")


def ways_in(
    machine: Machine, accounts: List[Dict[str, Any]], keys_of: Iterable[str], root_may_log_in: bool
) -> List[str]:
    """A sentence for each undeclared access; ``keys_of`` names the accounts with declared keys."""
    server = _effective(machine)
    found = _of_root(machine, server, root_may_log_in)
    found += _twins_of_root(accounts)
    for account in accounts:
        found += _keys(machine, server, account, account["login"] in keys_of)
    return found


def _effective(machine: Machine) -> Dict[str, str]:
    """The SSH server's effective settings for root (``sshd -T``); empty if it does not answer."""
    answer = machine.run("sshd", "-T", "-C", "user=root,host=localhost,addr=127.0.0.1") or ""
    pairs = (line.partition(" ") for line in answer.splitlines())
    return {key: value for key, _, value in pairs if value}


def _of_root(machine: Machine, server: Dict[str, str], root_may_log_in: bool) -> List[str]:
    if not server:
        if "sshd_config" in machine.names("/etc/ssh"):
            return ["sshd -T does not say what the SSH server's settings come to; run it on the machine"]
        return []
    found = []
    if not root_may_log_in and server.get("permitrootlogin", "no") not in CLOSED_TO_ROOT:
        found.append(
            f"root may log in over SSH (PermitRootLogin {server['permitrootlogin']}, {_place(machine, 'PermitRootLogin')}); take "
            "that line out and reload ssh"
        )
    if server.get("permitemptypasswords") == "yes":
        found.append(
            f"an empty password opens accounts over SSH ({_place(machine, 'PermitEmptyPasswords')}); take that line out"
        )
    command = server.get("authorizedkeyscommand", "none")
    if command != "none":
        found.append(
            f"SSH keys are also asked of a command ({command}, {_place(machine, 'AuthorizedKeysCommand')})"
        )
    return found


def _place(machine: Machine, keyword: str) -> str:
    """The first file with the keyword, in sshd's reading order: sshd uses the first value."""
    more = [f"{MORE_SETTINGS}/{name}" for name in machine.names(MORE_SETTINGS) if name.endswith(".conf")]
    for path in [*more, SETTINGS]:
        for number, line in enumerate(machine.lines(path), 1):
            if line.split() and line.split()[0].lower() == keyword.lower():
                return f"{path} line {number}"
    return "by default"


def _twins_of_root(accounts: List[Dict[str, Any]]) -> List[str]:
    return [
        f"{account['login']} is another name of root (user number 0): whoever logs in with it may do everything"
        for account in accounts
        if account["uid"] == 0 and account["login"] != "root"
    ]


def _keys(machine: Machine, server: Dict[str, str], account: Dict[str, Any], declared: bool) -> List[str]:
    """Keys of an account: of one whose keys are declared, those in other files than the one that the role writes."""
    found = []
    patterns = shlex.split(server.get("authorizedkeysfile", ".ssh/authorized_keys .ssh/authorized_keys2"))
    for index, pattern in enumerate(patterns):
        if pattern == "none" or (declared and index == 0):
            continue
        path = pattern.replace("%u", account["login"]).replace("%h", account["home"]).replace("%%", "%")
        if not path.startswith("/"):
            path = f"{account['home'].rstrip('/')}/{path}"
        count = _count(machine, path)
        if count is None:
            found.append(
                f"{path} of {account['login']} cannot be read in time, so nobody knows which keys open it"
            )
        elif count:
            keys = "an SSH key opens" if count == 1 else f"{count} SSH keys open"
            found.append(f"{keys} {account['login']} ({path}); take out what nobody declared")
    return found


def _count(machine: Machine, path: str) -> Any:
    """How many keys a file has; None where it does not answer."""
    try:
        with time_limit(PATIENCE):
            content, _ = read_guarded(str(machine.root).rstrip("/"), path, LARGEST)
    except (TooSlow, BlockingIOError):
        return None
    except Link as link:
        # sshd follows the link with the account's rights; reading it here would use root's.
        return None if link.target else 0
    except OSError:
        return 0
    lines = content.decode("utf-8", "replace").splitlines()
    return sum(1 for line in lines if not line.lstrip().startswith("#") and KEY.search(line))
