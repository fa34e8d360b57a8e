# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Joins what was read to the records of an asset."""

from __future__ import annotations

from typing import Any, Dict, Iterable

from . import accounts as local
from . import identity, last_logins, network, ports, protection, software, storage, system
from .machine import Machine, number, without_empty


def observe(
    machine: Machine, asset: str, declared: Iterable[str], client: str, itemtype: str = "Computer"
) -> Dict[str, Any]:
    """Read everything once.

    Returns ``inventory`` (a document in GLPI's inventory format), ``accounts``, ``services``, ``ports``, ``updates``
    (the records of the same names) and ``volatile`` (what changes from run to run and is not compared).

    Raises NoAnswer when a section that the asset has cannot be read.
    """
    found_accounts, unresolved = local.accounts_and_unresolved(machine, set(declared))
    services = system.services(machine)
    storages, disk_counters = storage.storages(machine)
    drives, free = storage.drives(machine)
    networks, links = network.interfaces(machine)
    antivirus, signatures = protection.antivirus(machine, services)
    contained = identity.container(machine)
    content: Dict[str, Any] = {
        "versionclient": client,
        "hardware": identity.hardware(machine),
        "bios": {} if contained else identity.bios(machine),
        "cpus": identity.cpus(machine),
        "memories": identity.memories(machine),
        "storages": storages,
        "drives": drives,
        "networks": networks,
        "operatingsystem": system.operating_system(machine),
        "softwares": software.packages(machine),
        "local_users": local.local_users(found_accounts),
        "local_groups": local.local_groups(machine, found_accounts),
        "antivirus": antivirus,
        "printers": protection.printers(machine),
    }
    open_ports = ports.ports(machine)
    updates = software.pending_updates(machine)
    uptime = number(machine.word("/proc/uptime").partition(".")[0])
    return {
        "inventory": {
            "deviceid": f"{asset}-cartable",
            "itemtype": itemtype,
            "action": "inventory",
            "tag": asset,
            "content": without_empty(content),
        },
        "accounts": {"accounts": found_accounts, **({"sudo_unresolved": unresolved} if unresolved else {})},
        "services": {"services": services},
        "ports": {"known": open_ports is not None, "ports": open_ports or []},
        "updates": {"known": updates is not None, "pending": updates or []},
        "volatile": without_empty(
            {
                "uptime_seconds": uptime,
                "free_mebibytes": free,
                "disks": disk_counters,
                "links": links,
                "antivirus_base": signatures,
                "last_logins": last_logins.last_logins(machine, found_accounts),
            }
        ),
    }
