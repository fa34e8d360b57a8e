"""Detection of this machine's features, to choose podman's settings."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
_INOTIFY_OF_A_HOST = 6  # what systemd and its services open in a container; without them it ends
PROGRAMS = {
    "podman": "podman",
    "runc": "runc",
    "mmdebstrap": "mmdebstrap",
    "apt-cacher-ng": "apt-cacher-ng",
    "ip": "iproute2",
    "ethtool": "ethtool",
    "ping": "iputils-ping",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "ssh-keygen": "openssh-client",
    "systemd-socket-activate": "systemd",
}
"""Programs that the lab runs on this machine, with their Debian packages."""

_FILES = {
    "/usr/lib/podman/netavark": "netavark",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
}
"""What is not on the PATH. Podman wants its network program even for containers without a network."""

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/sbin"
_CAP_SYS_RESOURCE = 24


@dataclass(frozen=True)
class Machine:
    """What was found. ``cgroups`` is ``unified``, ``hybrid`` or ``legacy``."""

    root: bool
    cgroups: str
    can_raise_limits: bool
    tun: bool
    missing: tuple[str, ...]
    """Debian packages that are not installed."""

    @property
    def plain(self) -> bool:
        """Podman works here as its packages leave it."""
        return self.cgroups == "unified" and self.can_raise_limits

    def sentence(self) -> str:
        """One sentence: which way is used and why, and what is missing."""
        if self.plain:
            way = "plain podman works here"
        else:
            reasons = []
            if self.cgroups != "unified":
                reasons.append(f"cgroups are {self.cgroups}")
            if not self.can_raise_limits:
                reasons.append("resource limits cannot be raised")
            way = f"podman runs in a private mount namespace with runc, because {' and '.join(reasons)}"
        return f"{way}; {self.problem() or 'nothing is missing'}."

    def problem(self) -> str | None:
        """What keeps the lab from running here, or None."""
        problems = []
        if not self.root:
            problems.append("root is needed (run it with sudo)")
        if not self.tun:
            problems.append("/dev/net/tun is needed by the switch (modprobe tun)")
        if self.missing:
            names = " ".join(self.missing)
            problems.append(f"these packages are missing: {names} (scripts/lab packages installs them)")
        return ", ".join(problems) or None


def detect(
    *,
    cgroup_root: Path = Path("/sys/fs/cgroup"),
    status: Path = Path("/proc/self/status"),
    tun: Path = Path("/dev/net/tun"),
) -> Machine:
    """Look at this machine. The paths are arguments for the tests."""
    return Machine(
        root=os.geteuid() == 0,
        cgroups=_cgroups(cgroup_root),
        can_raise_limits=_has_capability(status.read_text(), _CAP_SYS_RESOURCE),
        tun=tun.exists(),
        missing=missing_packages(),
    )


def missing_packages() -> tuple[str, ...]:
    """The Debian packages of PROGRAMS and _FILES that are not installed."""
    path = os.environ.get("PATH", os.defpath) + ":" + _SYSTEM_PATH
    missing = {package for program, package in PROGRAMS.items() if shutil.which(program, path=path) is None}
    missing |= {package for file, package in _FILES.items() if not Path(file).exists()}
    return tuple(sorted(missing))


def _cgroups(root: Path) -> str:
    """Only a cgroup2 mount has ``cgroup.controllers`` at its root."""
    if (root / "cgroup.controllers").exists():
        return "unified"
    return "hybrid" if (root / "unified" / "cgroup.controllers").exists() else "legacy"


def _has_capability(status: str, number: int) -> bool:
    effective = next((line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")), "0")
    return bool(int(effective, 16) >> number & 1)


def too_many(hosts: int) -> str | None:
    """Why so many hosts cannot run here, and what to do; None when they can."""
    allowed, wanted = int(INOTIFY.read_text()), _INOTIFY_OF_A_HOST * hosts
    if wanted <= allowed:
        return None
    return (
        f"{hosts} hosts want some {wanted} inotify instances, and this machine allows {allowed}; allow more with "
        f"`sysctl -w fs.inotify.max_user_instances={wanted + allowed}`."
    )
