# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters about the flows that network.yml allows."""

from __future__ import annotations


def subnets_with_flow(network, service, site, vlan, asset=""):
    """Subnets of ``site`` from which ``network`` allows ``service`` to ``asset``, which is in ``vlan``."""
    sources = {
        source
        for flow in network.get("flows", ())
        if service in flow["services"]
        and vlan in _listed(flow["to"])
        and asset in flow.get("assets", (asset,))
        for source in _listed(flow["from"])
    }
    return [
        subnet["cidr"]
        for subnet in network["subnets"]
        if subnet["site"] == site and subnet["vlan"] in sources
    ]


def _listed(names):
    return [names] if isinstance(names, str) else names


class FilterModule:
    """The filter ``cartable.fleet.subnets_with_flow``."""

    def filters(self):
        """Name → function."""
        return {"subnets_with_flow": subnets_with_flow}
