#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = """
module: vault_entry
author: Cartable contributors (@cartable)
version_added: "0.1.0"
short_description: Makes and rotates the password of an account in the market's vault
description:
  - Keeps the entry of an account of the current host in the KeePass file of the market. It runs on the controller and never returns a secret;
    read it with the lookup P(cartable.fleet.vault#lookup).
  - A password changes in three steps, and the vault always has the one that works. O(state=prepared) stores a new one
    as I(pending) beside the current one; the role sets it on the device and logs in with it; O(state=current) replaces
    the current one, which goes into the entry's history.
  - Generated passwords follow the rules of the contract. An administrator's has 24 characters and is valid for 6 months;
    a user's has 14 characters, in three groups of four
    that are easy to type, and is valid for 1 year. They are longer where C(security_password_administrator_length) or
    C(security_password_length) asks for more. Both have lower and upper case, digits and symbols, and no word of a dictionary.
options:
  account:
    description:
      - The name of the account in the vault.
      - The entry is titled with the asset and the account, and filed under the site of the host (C(cartable_site)). When an asset has moved to another site, its entry follows.
    type: str
    required: true
  shared:
    description:
      - Whether the secret belongs to the whole site, such as the key of an SSID that all its access points have. Its
        entry is titled with the site
        in place of the asset.
    type: bool
    default: false
    version_added: "0.1.0"
  username:
    description:
      - The login name on the device. By default the account's name.
    type: str
  policy:
    description:
      - The rules for the password.
    type: str
    choices: [administrator, readable, user]
    default: user
  address:
    description:
      - Address for the login. By default the host's address.
    type: str
  state:
    description:
      - V(prepared) creates a pending secret if there is none at all, if the current one has expired, or with
        O(rotate=true). Keeps a pending secret of an interrupted run, since the device may have it.
      - V(current) replaces the current secret with the pending one. Use it after a successful login with it.
      - V(installation) creates a separate password for an unattended installation, if there is none. It is on a medium,
        so it never becomes pending, and no run sets it on an asset.
      - V(installed) replaces the current secret with that password. Use it after a successful login with it, then rotate it.
      - V(absent) moves the entry to the vault's recycle bin, from which KeePassXC can restore it.
    type: str
    choices: [prepared, current, installation, installed, absent]
    default: prepared
  rotate:
    description:
      - Make a new pending secret even if the current one is valid. Each run with this option makes a change.
      - True, false, or a list of accounts for which it is true.
    type: raw
    default: false
attributes:
  action:
    description: It runs on the controller, as an action plugin.
    support: full
  check_mode:
    description: Writes nothing and says what would change.
    support: full
  diff_mode:
    description: Shows what changes in the entry, never a secret.
    support: full
notes:
  - The vault must be open, see the vars plugin P(cartable.fleet.vault#vars).
seealso:
  - plugin: cartable.fleet.vault
    plugin_type: lookup
"""

EXAMPLES = """
- name: Prepare the password of the administrator
  cartable.fleet.vault_entry:
    account: cartable
    policy: administrator
  register: prepared

- name: Set it on the device
  ansible.builtin.user:
    name: cartable
    password: "{{ lookup('cartable.fleet.vault', 'cartable', pending=true) | password_hash('sha512') }}"
    update_password: always
  when: prepared.pending
  no_log: true

- name: Log in with it
  cartable.fleet.login_check:
    account: cartable
    password: "{{ lookup('cartable.fleet.vault', 'cartable', pending=true) }}"
  no_log: true

- name: Say that it works
  cartable.fleet.vault_entry:
    account: cartable
    policy: administrator
    state: current
"""

RETURN = """
pending:
  description: Whether there is a pending secret.
  returned: always
  type: bool
current:
  description: Whether there is a current secret, proven by a login.
  returned: always
  type: bool
former:
  description: Whether the vault also has the previous password, which must be refused.
  returned: always
  type: bool
revision:
  description:
    - Changes with the password, and reveals nothing about it. It belongs to the pending secret if there is one, else to
      the current one.
    - Empty in check mode when the secret does not exist yet. With O(state=absent), that of the password that was there.
  returned: always
  type: str
  sample: 5f0d6c2e8b0f4a6f9d5b7a1c3e2d4f60
expires:
  description: When that secret expires (ISO 8601, UTC), or an empty string.
  returned: always
  type: str
  sample: "2026-05-22T08:00:00+00:00"
"""
