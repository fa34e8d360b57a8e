# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes of a Linux machine: readers of effective security settings.

Each takes a rule (``path``, ``key``) and answers a text, or None where there is nothing. Only the standard library; Python 3.9.
"""

from __future__ import annotations

import grp
import json
import os
import pwd
import re
import stat
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Optional

# dconf makes a file for whoever asks it: here, and not in root's home.
_ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "XDG_RUNTIME_DIR": "/run/cartable",
}
_TABLE_COMMENT = re.compile(r'^table \S+ (\S+) \{\n\s*comment "([^"]*)"', re.M)
_REFUSED = re.compile(r"^\s*install\s+(\S+)\s+(?:/usr)?/bin/(?:false|true)\s*$", re.M)


class Probes:
    """Probes of one machine. Each program runs once."""

    def __init__(self, root: str = "/", run: Any = None) -> None:
        """``root`` and ``run`` are others in tests only."""
        self.root = Path(root)
        self._run = run or _answer
        self._answers: dict[tuple[str, ...], Optional[str]] = {}

    def at(self, path: str) -> Path:
        """The file ``path`` of the machine."""
        return self.root / path.lstrip("/")

    def asked(self, *command: str) -> Optional[str]:
        """What ``command`` prints; None when it is not there or fails."""
        if command not in self._answers:
            self._answers[command] = self._run(command)
        return self._answers[command]

    def text(self, path: str) -> Optional[str]:
        """The content of a file, None where it is not there."""
        try:
            return self.at(path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None

    def has(self, need: str) -> bool:
        """Whether the machine has what a rule needs: ``own_kernel``, ``grub``, ``desktop`` (GNOME), ``plasma``."""
        if need == "own_kernel":
            return not self.at("/run/systemd/container").exists()
        shown_by = {
            "grub": "/boot/grub/grub.cfg",
            "desktop": "/usr/bin/dconf",
            "plasma": "/usr/bin/plasmashell",
        }
        return self.at(shown_by[need]).exists()

    # --- one method a probe -------------------------------------------------------------------------------------------
    def sshd(self, rule: dict[str, Any]) -> Optional[str]:
        """The value that sshd uses; several lines of one name are put together."""
        shown = self.asked("sshd", "-T")
        if shown is None:
            return None
        name = rule["key"].lower()
        values = [
            line.split(" ", 1)[1] for line in shown.splitlines() if line.split(" ", 1)[0].lower() == name
        ]
        return " ".join(values) or None

    def reloaded(self, rule: dict[str, Any]) -> Optional[str]:
        """Whether the unit ``key`` was started or reloaded since the files ``path`` (a pattern) changed."""
        shown = self.asked(
            *("systemctl", "show", "--timestamp=us+utc", "--property=ActiveState,StateChangeTimestamp"),
            rule["key"],
        )
        pairs = dict(line.split("=", 1) for line in (shown or "").splitlines() if "=" in line)
        if pairs.get("ActiveState") != "active":
            return "reloaded"  # whatever starts it reads the files
        match = re.search(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+)", pairs.get("StateChangeTimestamp", ""))
        if match is None:
            return None
        began = datetime.strptime(match[1], "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=timezone.utc).timestamp()
        files = [path for pattern in rule["path"].split() for path in self.root.glob(pattern.lstrip("/"))]
        return "reloaded" if all(path.stat().st_mtime <= began for path in files) else "outdated"

    def sysctl(self, rule: dict[str, Any]) -> Optional[str]:
        """A parameter of the running kernel."""
        seen = self.text("/proc/sys/" + rule["key"].replace(".", "/"))
        return None if seen is None else " ".join(seen.split())

    def mode(self, rule: dict[str, Any]) -> Optional[str]:
        """Owner, group and mode: ``root:root 0644``."""
        try:
            status = self.at(rule["path"]).stat()
        except OSError:
            return None
        return f"{_name(pwd.getpwuid, status.st_uid)}:{_name(grp.getgrgid, status.st_gid)} {stat.S_IMODE(status.st_mode):04o}"

    def mount(self, rule: dict[str, Any]) -> Optional[str]:
        """Options of a mount point, in alphabetical order."""
        seen = None
        for line in (self.text("/proc/self/mountinfo") or "").splitlines():
            fields = line.split()
            if fields[4] == rule["path"]:
                seen = ",".join(sorted(fields[5].split(",")))
        return seen

    def unit(self, rule: dict[str, Any]) -> Optional[str]:
        """``on`` where systemd starts the unit, ``running only`` where somebody else did, ``off``, None where there is none."""
        enabled = (self.asked("systemctl", "is-enabled", rule["key"]) or "").strip()
        if enabled in ("", "not-found"):
            return None
        if enabled in ("enabled", "alias", "enabled-runtime"):
            return "on"
        active = (self.asked("systemctl", "is-active", rule["key"]) or "").strip() == "active"
        if active and enabled in ("disabled", "masked"):
            return "running only"
        return "on" if active else "off"

    def package(self, rule: dict[str, Any]) -> Optional[str]:
        """``installed`` or None."""
        shown = self.asked("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n") or ""
        return "installed" if f"{rule['key']} installed" in shown.splitlines() else None

    def setting(self, rule: dict[str, Any]) -> Optional[str]:
        """The last value of ``key`` in the file ``path``, with any separator; ``set`` if it has no value."""
        pattern = re.compile(rf"^\s*{re.escape(rule['key'])}(?:\s*=\s*|[ \t]+|[ \t]*$)(.*?)\s*$", re.M)
        found = pattern.findall(self.text(rule["path"]) or "")
        return None if not found else found[-1].strip("\"'") or "set"

    def sudo(self, rule: dict[str, Any]) -> Optional[str]:
        """A default of sudo for everybody, as sudo itself reads its files."""
        shown = self.asked("cvtsudoers", "-f", "json", str(self.at("/etc/sudoers")))
        options = {}
        for default in json.loads(shown).get("Defaults", []) if shown else []:
            if "Binding" not in default:
                for option in default["Options"]:
                    options.update(option)
        seen = options.get(rule["key"])
        return None if seen is None else {True: "on", False: "off"}.get(seen, str(seen))

    def pam(self, rule: dict[str, Any]) -> Optional[str]:
        """The control word of the first line of ``path`` that has all words of ``key``."""
        for line in (self.text(rule["path"]) or "").splitlines():
            words = line.split("#")[0].split()
            if len(words) > 2 and set(rule["key"].split()) <= {*words[1:]}:
                return re.sub(r"^\s*-?\w+\s+(\[.*?\]|\S+)\s.*$", r"\1", line)
        return None

    def password_age(self, rule: dict[str, Any]) -> Optional[str]:
        """The longest life in days of a password in /etc/shadow, of all accounts but root and ``key``; 0 where there is none."""
        lines = [line.split(":") for line in (self.text("/etc/shadow") or "").splitlines()]
        ages = [
            int(fields[4] or 99999)
            for fields in lines
            if fields[1].startswith("$") and fields[0] not in ("root", rule["key"])
        ]
        return str(max(ages, default=0))

    def kernel_module(self, rule: dict[str, Any]) -> Optional[str]:
        """``refused`` if modprobe is configured not to load it."""
        refused = set()
        for path in sorted(self.at("/etc/modprobe.d").glob("*.conf")):
            refused |= {name.replace("-", "_") for name in _REFUSED.findall(path.read_text(encoding="utf-8"))}
        return "refused" if rule["key"].replace("-", "_") in refused else None

    def nft(self, rule: dict[str, Any]) -> Optional[str]:
        """The policy of the input chain, with the comment of its table: which file it was loaded from."""
        shown = self.asked("nft", "-j", "list", "ruleset")
        items = json.loads(shown)["nftables"] if shown else []
        # nftables of Debian 12 leaves the comment of a table out of its JSON.
        comments = dict(_TABLE_COMMENT.findall(self.asked("nft", "list", "ruleset") or ""))
        for chain in (item["chain"] for item in items if "chain" in item):
            if chain.get("hook") == "input" and chain.get("policy") == "drop":
                return f"drop {comments.get(chain['table'], '')}".strip()
        return None

    def dconf(self, rule: dict[str, Any]) -> Optional[str]:
        """The value of a desktop's key, followed by ``locked`` where nobody can change it; None where nothing sets it."""
        seen = (self.asked("dconf", "read", rule["key"]) or "").strip()
        locks = (self.asked("dconf", "list-locks", rule["key"].rsplit("/", 1)[0] + "/") or "").split()
        return f"{seen} locked" if seen and rule["key"] in locks else seen or None

    def grub(self, rule: dict[str, Any]) -> Optional[str]:
        """``password`` if the boot menu's entries can only be changed with a password."""
        menu = self.text(rule["path"]) or ""
        asks = re.search(r"^set superusers=\S", menu, re.M) and re.search(
            r"^password_pbkdf2 \S+ grub\.", menu, re.M
        )
        return "password" if asks else None

    def apparmor(self, rule: dict[str, Any]) -> Optional[str]:
        """``Y`` where the running kernel enforces AppArmor."""
        seen = self.text("/sys/module/apparmor/parameters/enabled")
        return None if seen is None else seen.strip()

    def writable(self, key: str) -> bool:
        """Whether root may set the kernel parameter here."""
        return os.access(self.at("/proc/sys/" + key.replace(".", "/")), os.W_OK)


def _name(lookup: Any, number: int) -> str:
    try:
        return str(lookup(number)[0])
    except KeyError:
        return str(number)


def _answer(command: tuple[str, ...]) -> Optional[str]:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=_ENVIRONMENT,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 or command[0] == "systemctl" else None
