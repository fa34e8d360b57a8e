# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Installed packages and pending updates of Debian and Ubuntu."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional

from .machine import Machine, NoAnswer, without_empty

FIELDS = (
    "db:Status-Status",
    "Package",
    "Version",
    "Architecture",
    "Section",
    "Maintainer",
    "Homepage",
    "source:Package",
    "source:Version",
)
# Two lines of "apt-get -s dist-upgrade": an upgrade has the installed version in square brackets, a new
# package none.
INSTALL = re.compile(
    r"^Inst (?P<name>\S+) (?:\[(?P<installed>[^]]+)\] )?\((?P<available>\S+) (?P<origin>.*?) \[(?P<arch>[^]]+)\]\)"
)


# A simulation changes no package, but would write apt's own caches, were they not turned off (apt.conf(5)).
SIMULATE = (
    "apt-get",
    "--simulate",
    "--quiet=2",
    "--option=Debug::NoLocking=true",
    "--option=Dir::Cache::pkgcache=",
    "--option=Dir::Cache::srcpkgcache=",
    "dist-upgrade",
)


def packages(machine: Machine) -> List[Dict[str, Any]]:
    """List the installed packages by name: GLPI's section ``softwares``, from one call of dpkg-query.

    Raises NoAnswer when dpkg-query fails on an asset that has dpkg's database.
    """
    layout = "\\t".join(f"${{{field}}}" for field in FIELDS) + "\\n"
    output = machine.run("dpkg-query", "--show", f"--showformat={layout}")
    if output is None and "status" in machine.names("/var/lib/dpkg"):
        raise NoAnswer(
            "dpkg-query fails, so the installed packages cannot be read and the last record stays; repair it on the "
            "asset ('dpkg --audit' says what is wrong), then observe again."
        )
    found: List[Dict[str, Any]] = []
    for line in (output or "").splitlines():
        values = line.split("\t")
        if len(values) != len(FIELDS) or values[0] != "installed":
            continue
        _, name, version, architecture, section, maintainer, homepage, source, source_version = values
        found.append(
            without_empty(
                {
                    "name": name,
                    "version": version,
                    "arch": architecture,
                    "system_category": section,
                    "publisher": maintainer,
                    "helplink": homepage,
                    "from": "deb",
                    "comments": _source(name, version, source, source_version),
                }
            )
        )
    return sorted(found, key=lambda package: (package["name"], package.get("arch", "")))


def _source(name: str, version: str, source: str, source_version: str) -> str:
    """Name the source package, by which advisories know it, where it differs: ``source glibc 2.41-12``."""
    return "" if (source, source_version) == (name, version) else f"source {source} {source_version}"


def pending_updates(machine: Machine) -> Optional[List[Dict[str, Any]]]:
    """List what an upgrade would install, by name, from the package lists that the asset has; no network is
    used.

    None when it cannot be known: no apt, no package lists, or a simulation that fails (an interrupted dpkg,
    broken dependencies). ``security`` tells whether the distribution's security archive offers it.
    """
    output = machine.run(*SIMULATE) if _has_lists(machine) else None
    if output is None:
        return None
    found: List[Dict[str, Any]] = []
    for line in output.splitlines():
        match = INSTALL.match(line)
        if match:
            found.append(
                without_empty(
                    {
                        "name": match["name"],
                        "installed": match["installed"],
                        "available": match["available"],
                        "origin": match["origin"],
                        "arch": match["arch"],
                    }
                )
            )
            found[-1]["security"] = "security" in match["origin"].lower()
    return sorted(found, key=lambda update: (update["name"], update["arch"]))


def _has_lists(machine: Machine) -> bool:
    lists = machine.names("/var/lib/apt/lists")
    return any(
        name.endswith(("_Packages", "_Packages.lz4", "_Packages.gz", "_Packages.xz")) for name in lists
    )
