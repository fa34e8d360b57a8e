#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: handover
short_description: Builds the bundle that hands a market over
version_added: "0.1.0"
author:
  - Cartable contributors (@cartable)
description:
  - Builds a BagIt bag with everything that is known of a market, assesses each obligation of its contract against it,
    puts the vault under dual control, and signs the whole with an SSH key.
  - Possible at any moment. The bundle lists and counts what is missing.
  - Runs on the controller, once a play whatever the number of hosts, and reaches no host.
  - Holders without a key get a passphrase that is shown once. A playbook cannot show it. For a market with such
    holders, use C(reversibility build) on a terminal.
options:
  market:
    description:
      - The market's folder, such as C(inventories/demo).
    type: path
    required: true
  output:
    description:
      - The folder that the bundle is put into.
      - The folder C(bundles) of the market's data when not given.
    type: path
  signing_key:
    description:
      - The OpenSSH private key that signs the bundle.
      - The file C(keys/signing_ed25519) of the market's data when not given.
    type: path
requirements:
  - The Python package C(cartable) for the Python that runs Ansible.
  - C(ssh-keygen) and C(git) on the controller.
attributes:
  action:
    description: Runs on the controller.
    support: full
  bypass_host_loop:
    description: Runs once a play, and not once a host.
    support: full
  check_mode:
    description: Checks the market, the holders, the key and the vault, and builds nothing.
    support: full
  diff_mode:
    description: Each bundle is new, there is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Hand over
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Build the bundle
      cartable.fleet.handover:
        market: inventories/demo
"""

RETURN = r"""
bundle:
  description: The folder of the bundle.
  returned: when it was built
  type: str
  sample: var/demo/bundles/cartable-demo-20260301T083000Z
completeness:
  description: How many of the obligations are proven, in words.
  returned: when it was built
  type: str
  sample: 41 of 52 proven (78.8 %); 3 present, 7 missing, 1 waived
counts:
  description: The number of rows of the assessment by status.
  returned: when it was built
  type: dict
  sample: {proven: 41, present: 3, missing: 7, waived: 1}
fingerprint:
  description: The fingerprint of the key that signs, for the town's paper.
  returned: always
  type: str
  sample: SHA256:0123456789abcdefghijklmnopqrstuvwxyzABCDEFG
files:
  description: The number of payload files.
  returned: when it was built
  type: int
  sample: 214
size:
  description: The bytes of the payload.
  returned: when it was built
  type: int
  sample: 5242880
findings:
  description: Problems, a sentence each.
  returned: when it was built
  type: list
  elements: str
  sample: []
"""
