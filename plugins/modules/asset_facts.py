#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: asset_facts
short_description: Reads a whole Linux asset in one go
version_added: "0.1.0"
description:
  - Reads identity, hardware, network, operating system, packages, accounts, services and pending updates.
  - Returns an inventory in GLPI's inventory format, and the other records of the state.
  - Needs only Python on the asset. Uses tools such as smartctl, dmidecode or lpstat if they are installed.
  - Fails when the installed packages cannot be read although the asset has dpkg, so that no empty record replaces a good one.
  - Changes nothing.
author:
  - Cartable contributors (@cartable)
options:
  asset:
    description: The tag of the asset, which identifies it in the record.
    type: str
    required: true
  declared_accounts:
    description:
      - Names of the accounts that belong on the asset.
      - Every account is marked as declared or not. Without names, nothing is said about it.
    type: list
    elements: str
    default: []
  itemtype:
    description: GLPI's item type of the asset. The variable C(cartable_itemtype) has it, by kind of asset.
    type: str
    choices: [Computer, NetworkEquipment, Phone, Printer, Unmanaged]
    default: Computer
attributes:
  check_mode:
    description: Can run in check mode.
    support: full
  diff_mode:
    description: Changes nothing, so there is no difference to show.
    support: none
"""

EXAMPLES = r"""
- name: What is this PC?
  cartable.fleet.asset_facts:
    asset: "{{ inventory_hostname }}"
    declared_accounts: [cartable, classe]
  register: seen

- name: Keep it
  cartable.fleet.record:
    files:
      inventory.json: "{{ seen.inventory }}"
      accounts.json: "{{ seen.accounts }}"
    volatile: "{{ seen.volatile }}"
"""

RETURN = r"""
inventory:
  description: A document in GLPI's inventory format.
  returned: always
  type: dict
  sample: {deviceid: UC250001-cartable, itemtype: Computer, content: {versionclient: Cartable-0.1.0}}
accounts:
  description:
    - The accounts that can be used to log in, without any password or hash.
    - C(sudo_unresolved) names the members of sudo's policy, such as a netgroup, that could not be resolved.
  returned: always
  type: dict
  sample: {accounts: [{login: classe, uid: 1001, administrator: false, locked: false, declared: true}]}
services:
  description: The services and whether they are meant to run.
  returned: always
  type: dict
  sample: {services: [{name: ssh, startup: enabled, state: running}]}
ports:
  description: The ports that other machines can reach, and the program behind each. They are not known without C(ss) (iproute2).
  returned: always
  type: dict
  sample: {known: true, ports: [{protocol: tcp, port: 22, process: sshd}]}
updates:
  description: The pending updates, and whether they are known. They are not without package lists, or when apt-get fails.
  returned: always
  type: dict
  sample: {known: true, pending: [{name: tzdata, installed: "1", available: "2", security: false}]}
full:
  description: File systems with less than 5 % of their room or of their files left, a sentence each.
  returned: always
  type: list
  elements: str
  sample: ["the file system of / has less than 5 % of its room left; make room"]
volatile:
  description: Values that change from run to run, such as free space and uptime.
  returned: always
  type: dict
  sample: {uptime_seconds: 8040, free_mebibytes: {"/": 20480}}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.cartable.fleet.plugins.module_utils.asset.accounts import warning
from ansible_collections.cartable.fleet.plugins.module_utils.asset.document import observe
from ansible_collections.cartable.fleet.plugins.module_utils.asset.machine import Machine, NoAnswer
from ansible_collections.cartable.fleet.plugins.module_utils.asset.room import room

CLIENT = "Cartable-0.1.0"


def main():
    module = AnsibleModule(
        argument_spec={
            "asset": {"type": "str", "required": True},
            "declared_accounts": {"type": "list", "elements": "str", "default": []},
            "itemtype": {
                "type": "str",
                "default": "Computer",
                "choices": ["Computer", "NetworkEquipment", "Phone", "Printer", "Unmanaged"],
            },
        },
        supports_check_mode=True,
    )
    try:
        given = module.params
        seen = observe(Machine(), given["asset"], given["declared_accounts"], CLIENT, given["itemtype"])
    except NoAnswer as error:
        module.fail_json(msg=str(error))
    unresolved = seen["accounts"].get("sudo_unresolved")
    if unresolved:
        module.warn(warning(given["asset"], unresolved))
    full = [sentence for place in seen["volatile"].get("free_mebibytes", {}) for sentence in room(place)]
    for sentence in full:
        module.warn(f"{given['asset']}: {sentence}.")
    module.exit_json(changed=False, full=full, **seen)


if __name__ == "__main__":
    main()
