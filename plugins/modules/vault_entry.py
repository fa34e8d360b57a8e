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
  - A password changes in three steps, and the vault has the one that works at any moment in between. O(state=prepared) keeps a new one as
    I(pending) beside the current one; the role sets it on the device and logs in with it; O(state=current) lets it take the place of the current one, which
    goes into the entry's history.
  - Generated passwords keep the rules of the contract. An administrator's has 24 characters and is valid for 6 months; a user's has 14 characters, in three groups of four
    that are easy to type, and is valid for 1 year. Both have lower and upper case, digits and symbols, and no word of a dictionary.
options:
  account:
    description:
      - The name of the account in the vault.
      - The entry is titled with the asset and the account, and filed under the site of the host (C(cartable_site)). When an asset has moved to another site, its entry follows.
    type: str
    required: true
  shared:
    description:
      - Whether the secret is that of the whole site, such as the key of an SSID that all its access points have. Its entry is titled with the site
        in place of the asset.
    type: bool
    default: false
    version_added: "0.1.0"
  username:
    description:
      - The login name on the device. The account's name where it is not given.
    type: str
  policy:
    description:
      - The rules for the password.
    type: str
    choices: [administrator, readable, user]
    default: user
  address:
    description:
      - Where one logs in. The host's address where it is not given.
    type: str
  state:
    description:
      - V(prepared) makes sure that there is a secret, and a pending one when there is none yet, when the current one has expired, or when O(rotate=true). A pending secret that is left from a run that
        was cut is kept, since the device may have it.
      - V(current) lets the pending secret take the place of the current one. Use it after a login with it has succeeded.
      - V(installation) makes sure that there is a password for an unattended installation, beside the others. It lies on a medium, so it is never
        the pending one, and a run sets it on no asset.
      - V(installed) lets that password take the place of the current one. Use it after a login with it has succeeded, and replace it then.
      - V(absent) moves the entry to the vault's recycle bin, from where KeePassXC can bring it back.
    type: str
    choices: [prepared, current, installation, installed, absent]
    default: prepared
  rotate:
    description:
      - Make a new pending secret even if the current one is valid. Each run with it makes a change.
      - True, false, or a list of accounts, of which it is then true.
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
  description: Whether a secret waits to be set on the device and checked by a login.
  returned: always
  type: bool
current:
  description: Whether there is a secret that is known to work.
  returned: always
  type: bool
former:
  description: Whether the vault also has the password before the current one, which must not open the account any more.
  returned: always
  type: bool
revision:
  description:
    - Changes whenever the password does, and tells nothing about it. It is that of the secret that the device should have in the end.
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
