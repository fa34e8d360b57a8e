#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_secret
short_description: Stores a secret of an asset in the market's vault
version_added: "0.1.0"
description:
  - Stores a secret that the asset has generated, such as a recovery key, as a protected field of an account's entry,
    and reads it back.
  - Runs on the controller. Older values stay in the history of the entry.
author:
  - Cartable contributors (@cartable)
options:
  account:
    description: The account in whose entry the secret is kept.
    type: str
    required: true
  name:
    description: The name of the field.
    type: str
    required: true
  value:
    description: The secret.
    type: str
    required: true
  format:
    description: Refuses a value without this format, since a key with a wrong digit is useless.
    type: str
    choices: [any, bitlocker_recovery_key]
    default: any
attributes:
  check_mode:
    description: Can run in check mode.
    support: full
  diff_mode:
    description: There is nothing to show but secrets.
    support: none
  action:
    description: Is done on the controller by an action of the same name.
    support: full
"""

EXAMPLES = r"""
- name: Keep the recovery key
  cartable.fleet.vault_secret:
    account: cartable
    name: "BitLocker C: {{ key.key_protector_id }}"
    value: "{{ key.recovery_password }}"
    format: bitlocker_recovery_key
"""

RETURN = r"""
kept:
  description: Whether the vault has the secret now, after reading it back.
  returned: always
  type: bool
  sample: true
"""
