"""Debian: the files that the roles configure, and what the kind of asset adds (a switch, a router, shared spaces)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reversibility.market.kinds import kind_groups
from reversibility.market.model import Asset, Market
from reversibility.platforms import (
    debian_checks,
    debian_network,
    debian_redaction,
    hostapd,
    nftables_router,
    openvswitch,
)
from reversibility.platforms.driver import Driver, Files, UnknownGrammar
from reversibility.platforms.model import Account, Configuration

NBSP = "\u00a0"
HOSTNAME = "/etc/hostname"
FSTAB = "/etc/fstab"
_PLACES = ("/etc/", "/home/", "/root/", "/var/")
REQUIRED = ("/etc/group", HOSTNAME, "/etc/passwd", "/etc/shadow")
COLLECTED = (
    "/etc/apt/apt.conf",
    "/etc/apt/apt.conf.d/**",
    "/etc/apt/auth.conf",
    "/etc/apt/auth.conf.d/**",
    "/etc/apt/keyrings/**",
    "/etc/apt/preferences",
    "/etc/apt/preferences.d/**",
    "/etc/apt/sources.list",
    "/etc/apt/sources.list.d/**",
    "/etc/default/**",
    "/etc/freeradius/3.0/cartable/**",
    "/etc/freeradius/3.0/radiusd.conf",
    "/etc/fstab",
    "/etc/group",
    "/etc/gshadow",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/locale.conf",
    "/etc/machine-id",  # identifies the machine in logs and DHCP; systemd recommends not to show it
    "/etc/nftables.conf",
    "/etc/nftables.d/**",
    "/etc/passwd",
    "/etc/rsyslog.conf",
    "/etc/rsyslog.d/**",
    "/etc/samba/**",
    "/etc/shadow",
    "/etc/ssh/ssh_host_*_key*",
    "/etc/ssh/sshd_config",
    "/etc/ssh/sshd_config.d/**",
    "/etc/ssl/cartable/**",
    "/etc/sudoers",
    "/etc/sudoers.d/**",
    "/etc/sysctl.d/**",
    "/etc/systemd/network/**",
    "/etc/systemd/timesyncd.conf",
    "/etc/systemd/timesyncd.conf.d/**",
    # Public keys: who else than with a password may log in.
    "/home/*/.ssh/authorized_keys",
    "/home/*/.ssh/authorized_keys2",
    "/root/.ssh/authorized_keys",
    "/root/.ssh/authorized_keys2",
    *debian_network.COLLECTED,
)
# Additions of a group of kinds on Debian: files, or a driver.
FILES_BY_GROUP = {"file_servers": ("/etc/samba/smb.conf",)}
DRIVERS_BY_GROUP: dict[str, Driver] = {
    "switches": openvswitch.DRIVER,
    "gateways": nftables_router.DRIVER,
    "access_points": hostapd.DRIVER,
}


@dataclass(frozen=True)
class Debian:
    """Driver of Debian, and of what is built on it."""

    platform: str = "debian"

    def required_files(self, kind: str) -> tuple[str, ...]:
        """Accounts and name of any machine, and what its kind adds."""
        groups = kind_groups(kind)
        own = (path for group in groups for path in FILES_BY_GROUP.get(group, ()))
        return (*REQUIRED, *own, *(path for part in _parts(kind) for path in part.required_files(kind)))

    def collected(self, kind: str) -> tuple[str, ...]:
        """Patterns of files, and the tools that a kind is read with."""
        added = (path for part in _parts(kind) for path in part.collected(kind))
        return (*COLLECTED, *(path for path in added if path not in COLLECTED))

    def redact(self, path: str, text: str) -> str | None:
        """The readable copy, by the grammar of the file; None for hashes, private keys and what is not known."""
        for part in DRIVERS_BY_GROUP.values():
            if (shown := part.redact(path, text)) is not None:
                return shown
        return debian_redaction.redact(path, text)

    def parse(self, files: Files) -> Configuration:
        """Name, accounts that can log in, and what the parts say of ports, VLANs and services."""
        found = Configuration()
        if openvswitch.SWITCH in files:
            found = openvswitch.DRIVER.parse(files)
        name = files.get(HOSTNAME, b"").decode("utf-8", "replace").strip()
        return replace(found, hostname=name, accounts=_accounts(files))

    def render(self, wanted: Configuration) -> str:
        """Nothing: roles write the files of a machine."""
        return ""

    def problems(self, files: Files) -> list[str]:
        """Each file that is not what its name says."""
        return debian_checks.problems(files)

    def compare(self, market: Market, asset: Asset, files: Files) -> str | None:
        """The files that restoring takes are there, the name is the asset's, and its kind's part is as declared."""
        absent = [path for path in self.required_files(asset.kind) if not files.get(path, b"").strip()]
        if absent:
            return (
                f"la configuration ne contient pas de quoi restaurer l’équipement{NBSP}: "
                f"manque {', '.join(absent)}"
            )
        wanted = str(
            asset.variables.get("baseline_hostname", asset.tag)
        ).lower()  # as roles/baseline names it
        name = files[HOSTNAME].decode("utf-8", "replace").strip()
        if name.lower() != wanted:
            return f"c’est la configuration de «{NBSP}{name}{NBSP}», et non de «{NBSP}{wanted}{NBSP}»"
        found = (part.compare(market, asset, files) for part in _parts(asset.kind))
        return next((difference for difference in found if difference), None)

    def restore(self, files: Files) -> tuple[str, ...]:
        """The paths in the order in which a blank machine takes them: names and accounts before what refers to them.

        Its disks are its own (fstab), and what a tool answered (a switch's ports) is no file.
        """
        first = (HOSTNAME, "/etc/hosts", "/etc/group", "/etc/gshadow", "/etc/passwd", "/etc/shadow")
        known = [path for path in first if path in files]
        others = (path for path in files if path.startswith(_PLACES) and path not in (*known, FSTAB))
        return (*known, *sorted(others))


def _parts(kind: str) -> tuple[Driver, ...]:
    return tuple(DRIVERS_BY_GROUP[group] for group in kind_groups(kind) if group in DRIVERS_BY_GROUP)


def _accounts(files: Files) -> tuple[Account, ...]:
    """The accounts with a shell. Raises UnknownGrammar for a line that is none of passwd or shadow."""
    locked = {name for name, secret, *_ in _fields(files, "/etc/shadow", 9) if secret[:1] in ("!", "*")}
    administrators = {
        name
        for group, _, _, members in _fields(files, "/etc/group", 4)
        if group in ("sudo", "admin")
        for name in members.split(",")
    }
    return tuple(
        Account(
            name=name,
            role="administrator" if number == "0" or name in administrators else "",
            enabled=name not in locked,
        )
        for name, _, number, _, _, _, shell in _fields(files, "/etc/passwd", 7)
        if not shell.endswith(("/nologin", "/false", "/sync"))
    )


def _fields(files: Files, path: str, count: int) -> list[list[str]]:
    found = []
    for number, line in enumerate(files.get(path, b"").decode("utf-8", "replace").splitlines(), 1):
        if not line:
            continue
        fields = line.split(":")
        if len(fields) != count:
            raise UnknownGrammar(f"{path}, line {number}: {len(fields)} fields, and not {count}")
        found.append(fields)
    return found


DRIVER = Debian()
