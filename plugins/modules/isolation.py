#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: isolation
short_description: Tests the isolation between the networks of a site
version_added: "0.1.0"
description:
  - Between probes in every VLAN of the current host's site, tries each service of C(network.yml) and an undeclared one
    (TCP, UDP, ICMP), the assets that flows name, packets with a spoofed source address of another VLAN, double-tagged
    frames, and a DHCP request.
  - Compares the packets that arrive with the flows of C(network.yml). Two probes in one VLAN test the isolation within
    it.
  - A probe is any Linux machine with Python; its program needs root there, and leaves nothing.
  - This is an action plugin. It needs no connection to the current host.
author:
  - Cartable contributors (@cartable)
options:
  probes:
    description: The probes, at least one in each VLAN that has a subnet at the site.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Its name in the table.
        type: str
        required: true
      vlan:
        description: Its VLAN, by the name of C(network.yml).
        type: str
        required: true
      address:
        description: Its address.
        type: str
        required: true
      interface:
        description: Its interface in the VLAN.
        type: str
        default: eth0
      command:
        description: Command on the controller that runs a program as root on the probe; the program is appended.
        type: list
        elements: str
        required: true
attributes:
  check_mode:
    description: Sends nothing and says how many attempts there would be.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
seealso:
  - module: cartable.fleet.record
"""

EXAMPLES = r"""
- name: Try what passes
  cartable.fleet.isolation:
    probes:
      - {name: pupils, vlan: pupils, address: 198.51.100.125, command: [ssh, root@198.51.100.125, --]}
      - {name: guests, vlan: guests, address: 198.51.100.157, command: [ip, netns, exec, guests]}
  register: tried
"""

RETURN = r"""
table:
  description: Each attempt with the expected and the actual result (V(passes) or V(blocked)).
  returned: always
  type: list
  elements: dict
leaks:
  description: A sentence for each unexpected result, including declared flows that are blocked.
  returned: always
  type: list
  elements: str
  sample: ["guests → pupils: tcp/22 passes, expected: blocked"]
attempts:
  description: How many attempts there were, or would be.
  returned: always
  type: int
"""
