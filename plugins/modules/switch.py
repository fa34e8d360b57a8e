#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: switch
short_description: Brings a switch to what the market declares, or reads it
version_added: "0.1.0"
description:
  - Takes the whole wanted state of the current host from C(network.yml) and the host's variables, logs in once by SSH, computes the
    difference, sends it, logs in anew, reads it back and saves.
  - The commands are ordered so that the device stays reachable. What leads to the device (the uplink, the management VLAN) is only
    changed with C(network_change_management=true) in the inventory.
  - A change is sent with the device's own way back armed where the platform has one, and always when the change may cut the way to the
    device. It is disarmed only after a new login. Without a timer, a copy on the device is put back when something fails.
  - Failures are one sentence that says in which state the device is.
  - Secrets come from the vault on the controller, and are in no argument, result or difference.
  - This is an action plugin. Its platforms are those of C(reversibility/platforms/dialogue.py).
author:
  - Cartable contributors (@cartable)
requirements:
  - netmiko
extends_documentation_fragment:
  - cartable.fleet.device
  - cartable.fleet.device.change
options:
  renew:
    description:
      - Secrets that are set anew from the vault, though the device has what they belong to, as the vault's entries are called
        (V(backup), V(snmp/supervision/auth)).
      - Set anew without being named is what is pending in the vault, and what has another revision there than was set last
        (C(secrets-set.json)).
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Reads the device and says what would change.
    support: full
  diff_mode:
    description: Shows the difference of the configuration, or the commands in check mode, without secrets.
    support: full
seealso:
  - module: cartable.fleet.record
  - module: cartable.fleet.device_login
"""

EXAMPLES = r"""
- name: Bring the switch to what is declared
  cartable.fleet.switch:

- name: Keep its configuration
  cartable.fleet.switch:
    state: gathered
"""

RETURN = r"""
commands:
  description: The commands that were sent, or would be, without secrets.
  returned: when the device was reached
  type: list
  elements: str
  sample: ["vlan 40", " name pupils"]
secrets:
  description:
    - The names of the secrets that were set from the vault, or would be, such as V(account/backup).
    - With O(state=rendered) all that are needed, but for those of the market's own RADIUS servers.
  returned: when the device was reached, and with O(state=rendered)
  type: list
  elements: str
differences:
  description: Lines of the configuration that are not as they were kept, without secrets.
  returned: when O(state=restored)
  type: list
  elements: str
seen:
  description: What the device's configuration says, in the common model of all platforms.
  returned: when the device was reached
  type: dict
saved:
  description: Whether a restart would bring back what runs.
  returned: when the device was reached
  type: bool
way_back:
  description: Which way back was armed, and disarmed after a new login.
  returned: when one was armed
  type: str
rendered:
  description: The commands for a device without configuration.
  returned: when O(state=rendered)
  type: str
parsed:
  description: What the files say.
  returned: when O(state=parsed)
  type: dict
records:
  description: The names of the records that changed.
  returned: when O(state=gathered)
  type: list
  elements: str
"""
