# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: preflight
short_description: Checks the market and the hosts' variables before anything runs
version_added: "0.1.0"
author:
  - Cartable contributors (@cartable)
description:
  - Checks the market (C(hosts.yml), C(sites.yml), C(network.yml), C(catalogue.yml), C(contract.yml), C(calendar.yml),
    C(host_vars/) and C(group_vars/)), each file against its schema and all of them against each other, then the variables of every host
    of the play as Ansible merged them.
  - Lists all errors at once, each with file, line, problem and expected value, and stops the play for all its hosts.
  - Lesser problems are warnings, such as an expired waiver, hosts for whose system no role has tasks, or a missing SSH
    key.
  - Runs on the controller, once a play whatever the number of hosts, and changes nothing.
options:
  market:
    description:
      - The market's folder, such as C(inventories/demo).
    type: path
    required: true
  hosts:
    description:
      - Check the variables of the play's hosts too.
      - V(false) checks the market only, for example for a play on the controller.
    type: bool
    default: true
  changes:
    description:
      - Whether the play changes machines, so that the work windows of its hosts' sites must be open (C(calendar.yml)).
      - Check mode, and a market without C(calendar.yml), get a warning outside the windows instead of a refusal.
    type: bool
    default: false
    version_added: "0.2.0"
  operation:
    description:
      - The name of the play's operation, such as V(patch). During a transition from one contractor to the next C(contract.yml) may freeze
        it (C(transition.freeze)), and only an emergency lets it run.
      - Counts with O(changes=true) only.
    type: str
    default: ""
    version_added: "0.3.0"
  minutes:
    description: Minutes for which the windows must at least stay open.
    type: int
    default: 0
    version_added: "0.2.0"
  emergency:
    description:
      - Why the work cannot wait for a window. Journalled if the window was closed.
    type: dict
    default: {}
    version_added: "0.2.0"
    suboptions:
      reason:
        description: In words, at least 10 characters.
        type: str
      reference:
        description: A CVE or a ticket.
        type: str
requirements:
  - The Python package C(cartable) for the Python that runs Ansible.
attributes:
  action:
    description: Runs on the controller.
    support: full
  bypass_host_loop:
    description: Runs once a play, and not once a host.
    support: full
  check_mode:
    description: Changes nothing, ever.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
"""

EXAMPLES = r"""
- name: Refuse early
  hosts: managed
  gather_facts: false
  tasks:
    - name: Check what is wanted
      cartable.fleet.preflight:
        market: "{{ inventory_dir }}"
"""

RETURN = r"""
msg:
  description: All errors, a line each.
  returned: failure
  type: str
  sample: >-
    inventories/jurancon/network.yml:12: the gateway 198.51.100.40 is no address of the subnet 198.51.100.0/27;
    expected an address from 198.51.100.1 to 198.51.100.30
market:
  description: The market's name.
  returned: always
  type: str
  sample: jurancon
assets:
  description: How many assets the market declares.
  returned: success
  type: int
  sample: 120
roles:
  description:
    - The table of roles and platforms of the market, a line each, which is also displayed. A cell is the number of
      assets that the role serves, V(-) where it concerns none, and V(0/5) where it has no tasks for them yet.
    - Then a line for each other party that runs network devices, with the devices without an obtained configuration.
  returned: success
  type: list
  elements: str
  sample: ["role      debian (7)", "baseline  7"]
checked_hosts:
  description: How many hosts of the play were checked.
  returned: always
  type: int
  sample: 42
"""
