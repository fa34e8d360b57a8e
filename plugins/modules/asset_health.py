#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: asset_health
short_description: Reports the working services of a Linux asset
version_added: "0.2.0"
description:
  - Reads failed services, fixed ports that answer, exported shares, gateways that answer and printers that accept jobs.
    Two runs, before and after maintenance, show what was lost.
  - Changes nothing.
author:
  - Cartable contributors (@cartable)
options:
  firmware:
    description: Only ask fwupd for firmware of the machine.
    type: bool
    default: false
attributes:
  check_mode:
    description: Can run in check mode.
    support: full
  diff_mode:
    description: Changes nothing, so there is no difference to show.
    support: none
"""

EXAMPLES = r"""
- name: See what works
  cartable.fleet.asset_health:
  register: before
"""

RETURN = r"""
health:
  description: Services, ports, shares, gateways and printers.
  returned: O(firmware=false)
  type: dict
  sample: {failed_units: [], listening: [22, 445], shares: [classe], gateways: [198.51.100.97], printers: [cp]}
firmware:
  description: Firmware that fwupd offers; null if fwupd is not installed or fails.
  returned: O(firmware=true)
  type: list
  elements: dict
  sample: [{name: System Firmware, installed: "2.91", available: "2.94"}]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.cartable.fleet.plugins.module_utils.asset.health import firmware, health
from ansible_collections.cartable.fleet.plugins.module_utils.asset.machine import Machine


def main():
    module = AnsibleModule(
        argument_spec={"firmware": {"type": "bool", "default": False}}, supports_check_mode=True
    )
    if module.params["firmware"]:
        module.exit_json(changed=False, firmware=firmware(Machine()))
    module.exit_json(changed=False, health=health(Machine()))


if __name__ == "__main__":
    main()
