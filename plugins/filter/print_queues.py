# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that list the print queues of a computer."""

from __future__ import annotations

PORTS = {"jetdirect": 9100}  # the services of raw printing, by which a queue sends


def print_queues(hosts, network, sites, site, vlan):
    """Queues for the printers of ``site`` in ``hosts`` (a host's variables each) that network.yml lets ``vlan`` print on."""
    queues = []
    for variables in hosts:
        asset, address = variables.get("asset", {}), variables.get("ansible_host")
        if "printing" not in variables.get("cartable_kind_groups", ()) or not address:
            continue
        if not any(
            _allows(flow, vlan, asset.get("vlan"), variables["inventory_hostname"])
            for flow in network.get("flows", ())
        ):
            continue
        rooms = sites[site].get("rooms", {})
        queues.append(
            {
                "name": variables["inventory_hostname"],
                "address": address,
                "port": PORTS["jetdirect"],
                "location": rooms.get(variables.get("cartable_room"), {}).get("name", ""),
                "comment": " ".join(filter(None, (asset.get("vendor"), asset.get("model")))),
            }
            | variables.get("printing_driver", {})
        )
    return sorted(queues, key=lambda queue: queue["name"])


def queue_options(queues, defaults, names):
    """Each queue with the defaults that it lacks, and no other options than ``names``."""
    return [{key: value for key, value in (defaults | queue).items() if key in names} for queue in queues]


def _allows(flow, source, target, name):
    return (
        any(service in PORTS for service in flow["services"])
        and source in _listed(flow["from"])
        and target in _listed(flow["to"])
        and name in flow.get("assets", (name,))
    )


def _listed(names):
    return [names] if isinstance(names, str) else names


class FilterModule:
    """The filters ``cartable.fleet.print_queues`` and ``cartable.fleet.queue_options``."""

    def filters(self):
        """Name → function."""
        return {"print_queues": print_queues, "queue_options": queue_options}
