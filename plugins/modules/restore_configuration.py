#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: restore_configuration
short_description: Restores the recorded configuration to a blank machine
version_added: "0.3.0"
description:
  - Decrypts the asset's C(config.age) on the controller, with the key in the vault, and writes the files to their
    places, with owners and permissions. The platform's driver says which files belong on a blank machine, and in which
    order.
  - An action plugin reads the state, and the module on the machine gets the files.
author:
  - Cartable contributors (@cartable)
options:
  part:
    description:
      - V(accounts) are the accounts and groups, which come first. Accounts of the machine keep their IDs; missing ones
        are created with their former IDs and passwords. Fails if another account has a former ID.
      - V(files) are all other files. No file is removed.
    type: str
    choices: [accounts, files]
    required: true
  files:
    description: The files, set by the action.
    type: list
    elements: dict
    default: []
attributes:
  check_mode:
    description: Says which files would change.
    support: full
  diff_mode:
    description: Hashes and keys are among the files, so nothing of them is shown.
    support: none
"""

EXAMPLES = r"""
- name: Have the accounts with the numbers that they had
  cartable.fleet.restore_configuration:
    part: accounts

- name: Have the files that were kept
  cartable.fleet.restore_configuration:
    part: files
"""

RETURN = r"""
restored:
  description: The paths that changed.
  returned: always
  type: list
  elements: str
  sample: [/etc/nftables.conf]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.cartable.fleet.plugins.module_utils.asset.restoring import (
    Conflict,
    put_accounts,
    put_files,
)


def main():
    module = AnsibleModule(
        argument_spec={
            "part": {"type": "str", "choices": ["accounts", "files"], "required": True},
            "files": {"type": "list", "elements": "dict", "default": [], "no_log": True},
        },
        supports_check_mode=True,
    )
    put = put_accounts if module.params["part"] == "accounts" else put_files
    try:
        restored = put("/", module.params["files"], write=not module.check_mode)
    except Conflict as error:
        module.fail_json(msg=f"The accounts cannot be restored: {error}.")
    except OSError as error:
        module.fail_json(msg=f"{error.filename} cannot be written: {error.strerror}.")
    module.exit_json(changed=bool(restored), restored=restored)


if __name__ == "__main__":
    main()
