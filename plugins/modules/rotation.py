#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = """
module: rotation
author: Cartable contributors (@cartable)
version_added: "0.1.0"
short_description: Selects the passwords to rotate, and checks that each was rotated
description:
  - O(step=select) selects accounts in the market's vault whose passwords are to be changed. O(step=verify) fails if one
    of them still has the former password. It changes no password and reaches no host; the roles that own the accounts
    do.
  - Expired passwords and interrupted changes of the given assets are always selected, since the roles renew and complete
    them anyway.
  - The key of an SSID belongs to its site and is selected on each of its access points. A device is selected without a
    password of its own if its RADIUS server changes their shared secret.
  - A reason selects every password that the other options match, and is written to the journal. Run it once a play.
options:
  step:
    description: What to do.
    type: str
    choices: [select, verify]
    default: select
  hosts:
    description: The assets of the play.
    type: list
    elements: str
    default: []
  sites:
    description: Only at these sites.
    type: list
    elements: str
    default: []
  kinds:
    description: Only on assets of these kinds.
    type: list
    elements: str
    default: []
  accounts:
    description: Only these accounts.
    type: list
    elements: str
    default: []
  older_than:
    description: Only passwords older than this number of days. A password of unknown age counts as older.
    type: int
  revisions:
    description:
      - Only passwords that still have one of these revisions of the vault.
      - A take-over passes the revisions that were handed over, so that a repeated run changes no password twice.
    type: list
    elements: str
    default: []
    version_added: "0.3.0"
  reason:
    description: The reason for the change, such as a disclosed password. Without it and O(older_than), only expired
      passwords and interrupted changes are selected.
    type: str
    default: ""
  selected:
    description: With O(step=verify), the result of O(step=select).
    type: dict
    default: {}
attributes:
  action:
    description: It runs on the controller, as an action plugin.
    support: full
  check_mode:
    description: Writes nothing to the journal.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
seealso:
  - module: cartable.fleet.vault_entry
"""

EXAMPLES = """
- name: Select the pupils' passwords, one of which was told
  cartable.fleet.rotation:
    hosts: "{{ ansible_play_hosts_all }}"
    accounts: [eleve]
    reason: The password was written on the blackboard
  register: rotation
  run_once: true
"""

RETURN = """
selected:
  description: The accounts by asset, each with why, the revision of its current password, and the asset or site that it is filed with.
  returned: with O(step=select)
  type: dict
  sample: {UC250001: [{account: eleve, why: expired, revision: 5f0d6c2e8b0f4a6f9d5b7a1c3e2d4f60, owner: UC250001}]}
told:
  description: The same in words.
  returned: with O(step=select)
  type: list
  elements: str
  sample: ["UC250001/eleve: expired"]
left:
  description: Selected accounts that were not rotated.
  returned: with O(step=verify)
  type: list
  elements: str
"""
