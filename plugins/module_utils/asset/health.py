# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Health of a Linux machine: services, listening ports, shares, gateways, printers, firmware."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, List, Optional

from .machine import Machine

LISTENING = "0A"  # in /proc/net/tcp
FIRST_OF_THE_DAY = 32768  # ephemeral ports: different at each start
PRINTER = re.compile(r"^printer (\S+) (?:.*\b)?(disabled|enabled)\b")
SHARE = re.compile(r"^\[([^\]]+)\]$")
NOTHING_TO_DO = 2  # fwupdmgr's exit status


def health(machine: Machine) -> Dict[str, Any]:
    """The machine's health; parts that it does not have are empty."""
    return {
        "failed_units": failed_units(machine),
        "listening": listening(machine),
        "shares": shares(machine),
        "gateways": gateways(machine),
        "printers": printers(machine),
    }


def failed_units(machine: Machine) -> List[str]:
    """Names of failed systemd units."""
    said = machine.run("systemctl", "list-units", "--state=failed", "--plain", "--no-legend", "--full") or ""
    return sorted(line.split()[0] for line in said.splitlines() if line.strip())


def listening(machine: Machine) -> List[int]:
    """List the fixed TCP ports on which something answers."""
    ports = set()
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in machine.lines(path)[1:]:
            words = line.split()
            if len(words) > 3 and words[3] == LISTENING:
                ports.add(int(words[1].rpartition(":")[2], 16))
    return sorted(port for port in ports if port < FIRST_OF_THE_DAY)


def shares(machine: Machine) -> List[str]:
    """Names of Samba's shares and of the folders that NFS exports."""
    samba = machine.run("testparm", "--suppress-prompt") or ""
    names = [match[1] for match in map(SHARE.match, samba.splitlines()) if match and match[1] != "global"]
    exports = [line.split()[0] for line in machine.lines("/proc/fs/nfsd/exports") if line[:1] == "/"]
    return sorted({*names, *exports})


def gateways(machine: Machine) -> List[str]:
    """List the default gateways that answer."""
    routes = json.loads(machine.run("ip", "-json", "route", "show", "default") or "[]")
    known = sorted({str(route["gateway"]) for route in routes if "gateway" in route})
    return [
        one for one in known if machine.run("ping", "-c", "2", "-i", "0.3", "-W", "2", "-q", one) is not None
    ]


def printers(machine: Machine) -> List[str]:
    """Name the printers that take jobs."""
    said = machine.run("lpstat", "-p") or ""
    found = [PRINTER.match(line) for line in said.splitlines()]
    return sorted(match[1] for match in found if match and match[2] == "enabled")


def firmware(machine: Machine) -> Optional[List[Dict[str, str]]]:
    """Firmware that fwupd offers for this machine; None if it is not installed or fails."""
    said = machine.run("fwupdmgr", "get-updates", "--json", accept=range(NOTHING_TO_DO + 1))
    try:
        devices = json.loads(said or "")["Devices"]
    except (ValueError, KeyError):
        return [] if said is not None and "No updat" in said else None
    return [
        {
            "name": str(device.get("Name", "")),
            "installed": str(device.get("Version", "")),
            "available": str(device["Releases"][0].get("Version", "")),
        }
        for device in devices
        if device.get("Releases")
    ]
