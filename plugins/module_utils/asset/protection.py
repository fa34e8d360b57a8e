# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Antivirus and printers."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any, Dict, List, Optional, Tuple

from .machine import Machine, without_empty

# "ClamAV 1.4.3/27800/Sat Oct 25 09:34:12 2026": engine, signature database, its date (clamscan(1), --version)
CLAMAV = re.compile(r"^ClamAV (?P<version>[^/\s]+)(?:/(?P<base>\d+)/(?P<date>.+))?$", re.MULTILINE)
SCAN_TIMER = "cartable-antivirus.timer"  # of the role antivirus, as the file of the last scan's result
SCAN_RESULT = "/var/lib/cartable/antivirus.json"
DUE = 7  # days after which Windows, too, says that signatures are old
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
    day = _day(match["date"] or "")
    age = _age(machine, day) if day else None
    scans = SCAN_TIMER in machine.names("/etc/systemd/system/timers.target.wants")
    found = {
        "name": "ClamAV",
        "company": "Cisco Talos",
        "version": match["version"],
        "enabled": scans or not running.isdisjoint({"clamav-daemon", "clamav-clamonacc"}),
        **({} if age is None else {"uptodate": age <= DUE}),
    }
    base = without_empty(
        {
            "base_version": match["base"],
            "base_creation": day,
            "age_days": age,
            "last_scan": _last_scan(machine),
        }
    )
    return [found], base


def _age(machine: Machine, day: str) -> Optional[int]:
    try:
        return (date.fromisoformat((machine.run("date", "+%F") or "").strip()) - date.fromisoformat(day)).days
    except ValueError:
        return None


def _last_scan(machine: Machine) -> Any:
    """What the role's last scan found: when, whether it was complete, and how many files it moved away."""
    try:
        return json.loads(machine.read(SCAN_RESULT) or "null")
    except ValueError:
        return None


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
