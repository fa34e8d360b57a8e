#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: switch
short_description: Configures a switch as declared, or reads it
version_added: "0.1.0"
description:
  - Takes the whole wanted state of the current host from C(network.yml) and the host's variables, logs in once by SSH,
    computes the difference, sends it, logs in again, reads it back and saves.
  - The commands are ordered so that the device stays reachable. The uplink and the management VLAN are only changed with
    C(network_change_management=true) in the inventory.
  - Arms the device's own rollback timer before a change if the platform has one, and refuses a change that may cut the
    management access without a timer. Disarms it only after a new login. Without a timer, a copy on the device is
    restored after a failure.
  - A failure is one sentence with the state of the device.
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
      - Secrets to set again from the vault, although the device already has them, by the names of the vault's entries
        (V(backup), V(snmp/supervision/auth)).
      - Pending secrets, and secrets whose revision differs from the one set last (C(secrets-set.json)), are always set.
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
  description: Lines of the configuration that differ from the recorded one, without secrets.
  returned: when O(state=restored)
  type: list
  elements: str
seen:
  description: What the device's configuration says, in the common model of all platforms, without what is empty or as the model's default.
  returned: when the device was reached
  type: dict
saved:
  description: Whether the startup configuration equals the running one.
  returned: when the device was reached
  type: bool
way_back:
  description: The rollback that was armed, and disarmed after a new login.
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
