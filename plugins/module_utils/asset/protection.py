# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Antivirus and printers."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Tuple

from .machine import Machine, without_empty

# "ClamAV 1.4.3/27800/Sat Oct 25 09:34:12 2026": engine, signature database, its date (clamscan(1), --version)
CLAMAV = re.compile(r"^ClamAV (?P<version>[^/\s]+)(?:/(?P<base>\d+)/(?P<date>.+))?$", re.MULTILINE)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def antivirus(
    machine: Machine, services: List[Dict[str, str]]
) -> Tuple[List[Dict[str, Any]], Dict[str, Any]]:
    """Read GLPI's section ``antivirus``, and the daily signature base apart: it is meant to change."""
    output = machine.run("clamdscan", "--version") or machine.run("clamscan", "--version")
    match = CLAMAV.search(output or "")
    if not match:
        return [], {}
    running = {service["name"] for service in services if service.get("state") == "running"}
    found = {
        "name": "ClamAV",
        "company": "Cisco Talos",
        "version": match["version"],
        "enabled": "clamav-daemon" in running or "clamav-clamonacc" in running,
    }
    base = without_empty({"base_version": match["base"], "base_creation": _day(match["date"] or "")})
    return [found], base


def printers(machine: Machine) -> List[Dict[str, Any]]:
    """Read the print queues of CUPS by name: GLPI's section ``printers``."""
    ports = dict(re.findall(r"^device for (\S+): (\S+)", machine.run("lpstat", "-v") or "", re.MULTILINE))
    default = re.search(
        r"^system default destination: (\S+)", machine.run("lpstat", "-d") or "", re.MULTILINE
    )
    found = []
    for name, port in sorted(ports.items()):
        port = re.sub(r"//[^/@]+@", "//", port)  # an address may carry a user name and password
        found.append(
            {
                "name": name,
                "port": port,
                "network": not port.startswith(("usb:", "parallel:", "serial:", "file:", "cups-pdf:")),
                **({"comment": "default"} if default and default[1] == name else {}),
            }
        )
    return found


def _day(text: str) -> str:
    words = text.split()
    if len(words) != 5 or words[1] not in MONTHS:
        return ""
    return f"{words[4]}-{MONTHS.index(words[1]) + 1:02d}-{int(words[2]):02d}"
