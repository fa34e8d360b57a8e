# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Upgrades of Debian and Ubuntu with apt-get: repaired, planned, run without questions, searched again afterwards."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

from .apt_plan import Plan, cause, first_errors, newest_kernel, preferences, read_plan

FRONTEND_LOCK = "/var/lib/dpkg/lock-frontend"
LISTS_LOCK = "/var/lib/apt/lists/lock"
JOURNAL = "/var/lib/dpkg/updates"  # dpkg's own journal: files in it are of a run that was cut
LIBRARY = re.compile(r"\.so[.0-9]*$")
QUIET = (
    "--quiet=2", "--assume-yes", "--option=Dpkg::Use-Pty=0", "--option=APT::Color=0",
    "--option=Dpkg::Options::=--force-confdef", "--option=Dpkg::Options::=--force-confold",
)  # fmt: skip
ENVIRONMENT = {
    "LC_ALL": "C",
    "DEBIAN_FRONTEND": "noninteractive",
    "APT_LISTCHANGES_FRONTEND": "none",
    "UCF_FORCE_CONFFOLD": "1",
    # Restarts sshd once a package that it needs is new, again and again, until systemd stops it for good (needrestart#340).
    "NEEDRESTART_SUSPEND": "1",
}


class UpgradeFailed(Exception):
    """``code`` names the cause for programs, the message says it for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Apt:
    """apt-get and dpkg of this machine. ``lock_timeout`` is in seconds."""

    def __init__(self, lock_timeout: int, check: bool = False) -> None:
        self.lock_timeout = lock_timeout
        self.check = check
        self.lists_lock = LISTS_LOCK

    def run(self, *command: str, **environment: str) -> Tuple[int, str]:
        """Run a command without input; its exit status and all that it printed."""
        done = subprocess.run(
            command,
            env={**os.environ, **ENVIRONMENT, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        return done.returncode, done.stdout

    def get(self, *arguments: str) -> str:
        """Run apt-get; its output. Raises UpgradeFailed with the cause."""
        lock = "--option=DPkg::Lock::Timeout={}".format(self.lock_timeout)
        status, output = self.run("apt-get", *QUIET, lock, *arguments)
        if status:
            raise UpgradeFailed(cause(output), first_errors(output))
        return output

    # -- before ----

    def interrupted(self) -> bool:
        """Tell whether dpkg was cut in the middle."""
        _, audit = self.run("dpkg", "--audit")
        folder = Path(JOURNAL)
        journal = folder.is_dir() and any(entry.name.isdigit() for entry in folder.iterdir())
        return bool(audit.strip()) or journal

    def repair(self) -> Tuple[bool, str]:
        """Finish what a run that was cut left. Waits for whoever works on it.

        Gives whether there was something, and what still stands in the way: a package whose script fails, which only a
        newer version of it can mend.
        """
        with self.locked(FRONTEND_LOCK):
            if not self.interrupted():
                return False, ""
            if self.check:
                return True, ""
            status, output = self.run(
                "dpkg",
                "--force-confdef",
                "--force-confold",
                "--configure",
                "--pending",
                DPKG_FRONTEND_LOCKED="1",
            )
        try:
            self.get("--fix-broken", "install")
        except UpgradeFailed as error:
            return True, first_errors(output) if status else str(error)
        return True, ""

    def refresh(self) -> None:
        """Fetch the package lists. Whatever of it fails fails all: apt-get alone ends well with an expired key."""
        with self.locked(self.lists_lock):
            pass  # apt-get does not wait for this lock by itself
        self.get("--option=APT::Update::Error-Mode=any", "update")

    @contextlib.contextmanager
    def locked(self, path: str) -> Iterator[None]:
        """Hold one of apt's locks, which are POSIX record locks; wait for it as long as allowed."""
        deadline = time.monotonic() + self.lock_timeout
        with Path(path).open("a") as file:
            while True:
                try:
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError:
                    if time.monotonic() > deadline:
                        message = "{} is held by another program for more than {} s".format(
                            path, self.lock_timeout
                        )
                        raise UpgradeFailed("locked", message) from None
                    time.sleep(0.5)
            yield

    # -- the plan ----

    def plan(self, *options: str) -> Plan:
        """Simulate the upgrade: new packages may come, none is ever removed. Writes nothing."""
        simulate = [
            "--simulate", "--option=Debug::NoLocking=true", "--option=Dir::Cache::pkgcache=",
            "--option=Dir::Cache::srcpkgcache=", "--option=APT::Get::Show-User-Simulation-Note=0",
        ]  # fmt: skip
        status, output = self.run("apt-get", *simulate, *options, "--with-new-pkgs", "upgrade")
        if status:
            raise UpgradeFailed(cause(output), first_errors(output))
        return read_plan(output)

    def held(self) -> List[str]:
        """List the packages that somebody has put on hold."""
        return sorted(self.run("apt-mark", "showhold")[1].split())

    @contextlib.contextmanager
    def keeping(self, kept: Dict[str, str]) -> Iterator[List[str]]:
        """Give the option that keeps packages at their version for as long as the block runs; nothing stays behind."""
        if not kept:
            yield []
            return
        own = Path("/etc/apt/preferences")
        text = (own.read_text() + "\n\n" if own.is_file() else "") + preferences(kept)
        with tempfile.NamedTemporaryFile("w", prefix="cartable-apt-", suffix=".pref") as file:
            file.write(text)
            file.flush()
            Path(file.name).chmod(0o644)  # apt reads it as root, and as _apt in a simulation
            yield ["--option=Dir::Etc::Preferences=" + file.name]

    # -- the upgrade ----

    def keep_previous(self, plan: Plan, folder: Path) -> List[str]:
        """Fetch the packages as they are now, for a way back; the names of those that no archive has any more."""
        folder.mkdir(parents=True, exist_ok=True)
        of_before = set(folder.glob("*.deb"))
        lost = []
        for upgrade in plan.upgrades:
            if upgrade["installed"] is None:
                continue
            name = "{name}_{version}_".format(
                name=upgrade["name"], version=upgrade["installed"].replace(":", "%3a")
            )
            kept = {path for path in of_before if path.name.startswith(name)}
            if kept:
                of_before -= kept
                continue
            cached = [p for p in Path("/var/cache/apt/archives").glob("*.deb") if p.name.startswith(name)]
            if cached:
                shutil.copy2(cached[0], folder)
                continue
            # In a folder that _apt may write to, or apt-get warns at length and downloads as root.
            with tempfile.TemporaryDirectory() as scratch:
                Path(scratch).chmod(0o777)
                wanted = "{}:{}={}".format(upgrade["name"], upgrade["arch"], upgrade["installed"])
                wanted = wanted.replace(":all=", "=")
                subprocess.run(
                    ["apt-get", "--quiet=2", "download", wanted], cwd=scratch, env={**os.environ, **ENVIRONMENT},
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
                )  # fmt: skip
                found = list(Path(scratch).glob("*.deb"))
                for path in found:
                    shutil.copy2(path, folder)
            if not found:
                lost.append(upgrade["name"])
        for path in of_before:
            path.unlink()
        return sorted(lost)

    def restore_point(self, plan: Plan, folder: Path) -> Tuple[bool, List[str]]:
        """Keep what ``plan`` would replace, and a list of all packages with their versions.

        Gives whether anything was not there yet, and the names of the packages without a way back.
        """
        before = {path.name for path in folder.glob("*.deb")}
        lost = self.keep_previous(plan, folder)
        layout = "${binary:Package}\t${Version}\n"
        _, versions = self.run("dpkg-query", "--show", "--showformat=" + layout)
        listed = folder / "packages.txt"
        changed = not listed.exists() or listed.read_text() != versions
        if changed:
            listed.write_text(versions)
        return changed or before != {path.name for path in folder.glob("*.deb")}, lost

    def upgrade(self, options: List[str]) -> None:
        """Upgrade; both versions of an edited configuration file stay, and nobody is asked."""
        self.get(*options, "--with-new-pkgs", "upgrade")

    def go_back(self, folder: Path) -> List[str]:
        """Install the packages that ``keep_previous`` has kept; their files."""
        files = sorted(str(path) for path in folder.glob("*.deb"))
        if not files:
            raise UpgradeFailed("nothing_kept", "there is nothing in {} to go back to".format(folder))
        self.get("--allow-downgrades", "install", *files)
        return files


# -- the state of the machine ----


def new_conffiles(since: float) -> List[str]:
    """List the new versions of edited configuration files that were put beside them since ``since``."""
    found = []
    for folder, _, names in os.walk("/etc"):
        for name in names:
            path = Path(folder, name)
            if name.endswith((".dpkg-dist", ".ucf-dist")) and path.lstat().st_ctime >= since:
                found.append(str(path))
    return sorted(found)


def free_mib(path: str) -> Optional[int]:
    """Free space of the file system at ``path`` in MiB; None where there is no such folder."""
    if not Path(path).is_dir():
        return None
    state = os.statvfs(path)
    return state.f_bavail * state.f_frsize // 2**20


def on_battery(least: int) -> bool:
    """Tell whether a laptop runs on its battery with less than ``least`` per cent."""
    supplies = Path("/sys/class/power_supply")
    batteries, mains = [], []
    for supply in supplies.iterdir() if supplies.is_dir() else ():
        kind = _word(supply / "type")
        if kind == "Mains":
            mains.append(_word(supply / "online"))
        elif kind == "Battery" and _word(supply / "scope") != "Device":  # the battery of a mouse is not ours
            batteries.append(_word(supply / "capacity"))
    if not batteries or "1" in mains:
        return False
    return all(charge.isdigit() and int(charge) < least for charge in batteries)


def reboot_needed() -> List[str]:
    """Say why the machine must be restarted; empty when it need not."""
    reasons = []
    if Path("/run/reboot-required").exists():
        reasons.append("a package asks for it")
    running = os.uname().release
    newest = newest_kernel(installed_kernels(), running)
    if newest != running:
        reasons.append("kernel {} runs, {} is installed".format(running, newest))
    return reasons


def installed_kernels() -> List[Tuple[str, str]]:
    """List the installed kernels as (release, version), in dpkg's order. A container has none."""
    layout = "${db:Status-Status}\t${Package}\t${Version}\n"
    command = ["dpkg-query", "--show", "--showformat=" + layout, "linux-image-[0-9]*"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    found: List[Tuple[str, str]] = []
    for line in done.stdout.splitlines():
        status, package, version = line.split("\t")
        release = package.replace("linux-image-", "", 1).replace("unsigned-", "", 1)
        if status != "installed":
            continue
        place = len(found)
        while place and _older(version, found[place - 1][1]):
            place -= 1
        found.insert(place, (release, version))
    return found


def _older(version: str, other: str) -> bool:
    return subprocess.run(["dpkg", "--compare-versions", version, "lt", other], check=False).returncode == 0


def outdated_programs() -> List[str]:
    """Name the running programs that use a library which has been replaced on the disk."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            for line in (process / "maps").read_text().splitlines():
                words = line.split(None, 5)
                if len(words) == 6 and words[5].endswith(" (deleted)") and LIBRARY.search(words[5][:-10]):
                    found.add((process / "comm").read_text().strip())
                    break
    return sorted(found)


def boot_id() -> str:
    """Give the kernel's identifier of this boot: a machine was restarted when it is another one."""
    return _word(Path("/proc/sys/kernel/random/boot_id"))


def _word(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def selection(plan: Plan, security_only: bool, refused: List[Dict[str, Any]], today: str) -> Dict[str, str]:
    """The packages that must stay as they are, with their version: refused ones whose end has not come, and, where
    only security updates are wanted, all others.
    """
    names = {entry["name"] for entry in refused if entry["until"] >= today}
    return {
        upgrade["name"]: upgrade["installed"]
        for upgrade in plan.upgrades
        if upgrade["installed"] is not None
        and (upgrade["name"] in names or (security_only and not upgrade["security"]))
    }
