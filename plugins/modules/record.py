#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: record
short_description: Writes records of an asset to the state
version_added: "0.1.0"
description:
  - Writes records of the current asset to the state of its market, on the controller.
  - Leaves an equal record alone, so that a second run changes nothing.
  - This is an action plugin. It needs no connection to the asset.
author:
  - Cartable contributors (@cartable)
options:
  files:
    description:
      - The records by name, such as V(inventory.json).
      - Data is written as JSON with sorted keys, text as it is. Lists must come in a stable order.
    type: dict
    default: {}
  volatile:
    description: Values that change from run to run. They are merged into the asset's volatile values, which Git
      ignores.
    type: dict
    default: {}
  configuration:
    description:
      - The configuration of the asset, as returned by M(cartable.fleet.asset_configuration).
      - A readable copy without secrets goes to C(config/), the encrypted, complete one to C(config.age).
      - Removes readable copies of files that no longer exist. Git keeps them.
      - Set C(no_log) on the task, since the contents hold secrets.
    type: list
    elements: dict
  logins:
    description: Proven logins, as recorded by C(roles/secrets). Empty without revisions.
    type: dict
    suboptions:
      method:
        description: The login method, one of C(reversibility/records/logins.py).
        type: str
        required: true
      revisions:
        description: The revision of the vault's entry by account.
        type: dict
        default: {}
attributes:
  check_mode:
    description: Says what would change and writes nothing.
    support: full
  diff_mode:
    description: Shows the difference of the records.
    support: full
"""

EXAMPLES = r"""
- name: Keep what was seen
  cartable.fleet.record:
    files:
      inventory.json: "{{ seen.inventory }}"
      accounts.json: "{{ seen.accounts }}"
    volatile: "{{ seen.volatile }}"

- name: Keep the configuration, for people and for restoring
  cartable.fleet.record:
    configuration: "{{ found.configuration }}"
  no_log: true
"""

RETURN = r"""
records:
  description: The names of the records that changed, or would change in check mode.
  returned: always
  type: list
  elements: str
  sample: [inventory.json]
"""
