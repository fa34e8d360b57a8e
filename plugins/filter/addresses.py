# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that lists what is outside some networks."""

from __future__ import annotations

from ipaddress import IPv4Address, collapse_addresses, ip_network

from ansible.errors import AnsibleFilterError

EVERYBODY = "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"  # IPv6: no school has it


def addresses_outside(networks):
    """Ranges of all addresses but those of ``networks`` (IPv4, in CIDR notation), as a Windows firewall rule takes them."""
    try:
        wanted = sorted(collapse_addresses(ip_network(network) for network in networks))
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(f"the networks cannot be read: {error}") from error
    if any(network.version != 4 for network in wanted):
        raise AnsibleFilterError("networks of IPv6 are not known here; give those of IPv4")
    found, start = [], 0
    for network in wanted:
        first, last = int(network.network_address), int(network.broadcast_address)
        if first > start:
            found.append(f"{IPv4Address(start)}-{IPv4Address(first - 1)}")
        start = last + 1
    if start < 2**32:
        found.append(f"{IPv4Address(start)}-{IPv4Address(2**32 - 1)}")
    return [*found, EVERYBODY]


class FilterModule:
    """The filter ``cartable.fleet.addresses_outside``."""

    def filters(self):
        """Name → function."""
        return {"addresses_outside": addresses_outside}
