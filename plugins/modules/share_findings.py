#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: share_findings
short_description: Reports problems of a file server's shared spaces
version_added: "0.1.0"
description:
  - Warns of a full file system, of a space that is no folder, and of files in a space that a declared account cannot
    use, tested as that account.
  - Warns of undeclared spaces and share accounts, with the command that removes them. Removes nothing.
  - Needs to be root.
author:
  - Cartable contributors (@cartable)
options:
  asset:
    description: The tag of the asset, for the start of each warning.
    type: str
    required: true
  root:
    description: Folder that holds the spaces.
    type: path
    required: true
  spaces:
    description: The declared spaces.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the space, and of its folder.
        type: str
        required: true
      comment:
        description: Comment of the share. Not used.
        type: str
      read:
        description: Accounts that read.
        type: list
        elements: str
        default: []
      write:
        description: Accounts that read and write.
        type: list
        elements: str
        default: []
  accounts:
    description: The declared accounts of the shares.
    type: list
    elements: str
    required: true
attributes:
  check_mode:
    description: Can run in check mode.
    support: full
  diff_mode:
    description: Changes nothing, so there is no difference to show.
    support: none
"""

EXAMPLES = r"""
- name: Say what is wrong with the spaces
  cartable.fleet.share_findings:
    asset: "{{ inventory_hostname }}"
    root: /srv/partages
    spaces: [{name: eleves, read: [], write: [enseignant, eleve]}]
    accounts: [enseignant, eleve]
"""

RETURN = r"""
findings:
  description: Problems, a sentence each.
  returned: always
  type: list
  elements: str
  sample: ["the file system of /srv/partages has 2 % of its room left; make room"]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.cartable.fleet.plugins.module_utils.asset.machine import Machine
from ansible_collections.cartable.fleet.plugins.module_utils.asset.shares import findings


def main():
    names = {"type": "list", "elements": "str", "default": []}
    module = AnsibleModule(
        argument_spec={
            "asset": {"type": "str", "required": True},
            "root": {"type": "path", "required": True},
            "spaces": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "comment": {"type": "str"},
                    "read": names,
                    "write": names,
                },
            },
            "accounts": {"type": "list", "elements": "str", "required": True},
        },
        supports_check_mode=True,
    )
    given = module.params
    found = findings(Machine(), given["root"].rstrip("/"), given["spaces"], given["accounts"])
    for sentence in found:
        module.warn(f"{given['asset']}: {sentence}.")
    module.exit_json(changed=False, findings=found)


if __name__ == "__main__":
    main()
