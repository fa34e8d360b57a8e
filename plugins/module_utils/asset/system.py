# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Operating system and services."""

from __future__ import annotations

import re
import shlex
from typing import Any, Dict, List

from .machine import Machine, without_empty

ALWAYS_RUNNING = frozenset({"enabled", "enabled-runtime", "generated"})


def os_release(machine: Machine) -> Dict[str, str]:
    """Read os-release(5)."""
    found: Dict[str, str] = {}
    for line in machine.lines("/etc/os-release") or machine.lines("/usr/lib/os-release"):
        key, separator, value = line.strip().partition("=")
        if separator and not key.startswith("#"):
            try:
                found[key] = "".join(shlex.split(value))
            except ValueError:
                found[key] = value.strip("\"'")
    return found


def operating_system(machine: Machine) -> Dict[str, Any]:
    """Read GLPI's section ``operatingsystem``.

    Boot time is left out: it is another one after each restart.
    """
    release = os_release(machine)
    version = release.get("VERSION_ID", "")
    point = machine.word("/etc/debian_version") if release.get("ID") == "debian" else ""
    return without_empty(
        {
            "name": release.get("NAME", "").replace(" GNU/Linux", ""),
            "full_name": release.get("PRETTY_NAME", ""),
            "version": point if re.match(r"^\d+\.\d+$", point) else version,
            "arch": (machine.run("dpkg", "--print-architecture") or machine.run("uname", "-m") or "").strip(),
            "kernel_name": "linux",
            "kernel_version": (machine.run("uname", "-r") or "").strip(),
            "hostid": machine.word("/etc/machine-id"),
        }
    )


def services(machine: Machine) -> List[Dict[str, str]]:
    """List the system's services: name, ``startup`` (enabled, disabled, static, masked...), ``state``.

    The state (running, exited, failed, stopped) is that of services which are meant to run, and of failed
    ones. That of the others (started by a timer or a socket) is a matter of chance and would differ from run
    to run.
    """
    active: Dict[str, str] = {}
    columns = ("systemctl", "--no-legend", "--no-pager", "--plain", "--full", "--type=service")
    for line in (machine.run(*columns, "--all", "list-units") or "").splitlines():
        fields = line.split(None, 4)
        if len(fields) >= 4:
            active[fields[0]] = fields[3] if fields[2] in ("active", "failed") else "stopped"
    found: List[Dict[str, str]] = []
    for line in (machine.run(*columns, "list-unit-files") or "").splitlines():
        fields = line.split()
        if len(fields) < 2 or "@." in fields[0] or fields[1] in ("alias", "transient"):
            continue
        unit, startup = fields[0], fields[1]
        state = active.get(unit, "stopped")
        service = {"name": unit[: -len(".service")], "startup": startup}
        if startup in ALWAYS_RUNNING or state == "failed":
            service["state"] = state
        found.append(service)
    return sorted(found, key=lambda service: service["name"])
