#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: device_login
short_description: Proves that an account of a network device opens it
version_added: "0.1.0"
description:
  - Logs in to the device by SSH with the account's secret of the vault (the pending one, if any), and logs out. Changes
    nothing.
  - A key of an SNMPv3 user (C(snmp/USER/auth), C(snmp/USER/priv)) is tried by a request with authentication and
    encryption (authPriv, HMAC-SHA-96 and AES-128) instead, with the user's other key. The port is C(network_snmp_port).
  - A refused login is a result, not a failure.
  - This is an action plugin. The secret is read from the vault on the controller and is in no argument.
author:
  - Cartable contributors (@cartable)
extends_documentation_fragment:
  - cartable.fleet.device
options:
  account:
    description: Name of the account's vault entry.
    type: str
    required: true
  former:
    description: Log in with the previous password instead, which must be refused.
    type: bool
    default: false
  revision:
    description: With O(former=true), the password that had this revision, however many came after it.
    type: str
    default: ""
    version_added: "0.3.0"
attributes:
  check_mode:
    description: Runs as it does otherwise, since it changes nothing.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
seealso:
  - module: cartable.fleet.switch
"""

EXAMPLES = r"""
- name: Prove the administrator's login
  cartable.fleet.device_login:
    account: cartable
"""

RETURN = r"""
logged_in:
  description: Whether the device let the account in.
  returned: success
  type: bool
answers:
  description: Whether the device answers SNMPv3 requests of the controller at all.
  returned: for a key of an SNMPv3 user
  type: bool
detail:
  description: The device's answer to a refused login.
  returned: success
  type: str
"""
