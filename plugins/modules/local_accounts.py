#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: local_accounts
short_description: Reports undeclared accounts of a Linux asset
version_added: "0.1.0"
description:
  - Lists the accounts that can log in, by the same rule as M(cartable.fleet.asset_facts). These are root, other
    accounts with UID 0, people's accounts, and every account with a login shell.
  - Warns once of the undeclared ones, with their names. Changes nothing.
  - Also warns of other access, such as root's login by SSH (as C(sshd -T) resolves the configuration), SSH keys of
    accounts without declared keys, and other accounts with UID 0.
author:
  - Cartable contributors (@cartable)
options:
  asset:
    description: The tag of the asset, for the start of the warning.
    type: str
    required: true
  declared:
    description: Names of the declared accounts, besides root.
    type: list
    elements: str
    required: true
  keys_of:
    description: Names of the accounts whose SSH keys are declared; their first file of keys is not reported.
    type: list
    elements: str
    default: []
  root_over_ssh:
    description: Whether root may log in over SSH, for example because this run does.
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
- name: Report accounts that nobody declared
  cartable.fleet.local_accounts:
    asset: "{{ inventory_hostname }}"
    declared: [cartable, enseignant]
    keys_of: [cartable]
  register: accounts
"""

RETURN = r"""
accounts:
  description: The accounts that can be used to log in, without any password or hash.
  returned: always
  type: list
  elements: dict
  sample: [{login: classe, uid: 1001, administrator: false, locked: false, declared: true}]
unknown:
  description: Names of those that are not declared, by user id.
  returned: always
  type: list
  elements: str
  sample: [intrus]
ways_in:
  description: Other undeclared access, a sentence each.
  returned: always
  type: list
  elements: str
  sample: ["an SSH key opens enseignant (/home/enseignant/.ssh/authorized_keys); take out what nobody declared"]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.cartable.fleet.plugins.module_utils.asset.accounts import (
    accounts_and_unresolved,
    unknown,
    warning,
)
from ansible_collections.cartable.fleet.plugins.module_utils.asset.machine import Machine
from ansible_collections.cartable.fleet.plugins.module_utils.asset.ways_in import ways_in


def main():
    module = AnsibleModule(
        argument_spec={
            "asset": {"type": "str", "required": True},
            "declared": {"type": "list", "elements": "str", "required": True},
            "keys_of": {"type": "list", "elements": "str", "default": [], "no_log": False},
            "root_over_ssh": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    machine, asset = Machine(), module.params["asset"]
    found, unresolved = accounts_and_unresolved(machine, {"root", *module.params["declared"]})
    if unresolved:
        module.warn(warning(asset, unresolved))
    names = unknown(found)
    if names:
        module.warn(
            f"{asset} has local accounts that are not declared: {', '.join(names)}. "
            "They were not touched; ask who uses them, then declare or remove them."
        )
    others = ways_in(machine, found, module.params["keys_of"], module.params["root_over_ssh"])
    for sentence in others:
        module.warn(f"{asset}: {sentence}.")
    module.exit_json(changed=False, accounts=found, unknown=names, ways_in=others)


if __name__ == "__main__":
    main()
