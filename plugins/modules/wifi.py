#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: wifi
short_description: Configures an access point with the declared SSIDs, or reads it
version_added: "0.1.0"
description:
  - Takes the SSIDs of C(network.yml) that concern the site of the current host (VLAN, security, hidden, bands, isolation of clients, hours)
    and the host's variables, logs in by SSH, computes the difference, applies it, logs in again and reads it back.
  - Meraki and UniFi access points are reached through their vendors' APIs and have no rollback. Other changes have one,
    which is cancelled only after a new login. On a Linux machine with hostapd, a systemd timer and a unit at the next
    boot restore the saved files. On OpenWrt it is rpcd's apply with rollback.
  - Keys come from the vault on the controller, and are in no argument, result or difference. The key of an SSID is the entry C(wifi/SSID) of
    the site, the secret of a RADIUS server the entry C(radius/ADDRESS) of the asset.
  - hostapd parses each new file, without its radio, before anything is replaced; it does not find every error.
  - The key of an API is the entry C(meraki) or C(unifi) of the site; C(network_api_url) is the address of a UniFi controller.
  - This is an action plugin.
author:
  - Cartable contributors (@cartable)
requirements:
  - paramiko
  - requests
extends_documentation_fragment:
  - cartable.fleet.device
  - cartable.fleet.device.change
options:
  renew:
    description:
      - Accounts whose password is set from the vault, by their names there. The next login has to use it. OpenWrt only.
    type: list
    elements: str
    default: []
    version_added: "0.3.0"
attributes:
  check_mode:
    description: Reads the device and says what would change.
    support: full
  diff_mode:
    description: Shows the files before and after, without secrets.
    support: full
seealso:
  - module: cartable.fleet.record
  - module: cartable.fleet.switch
"""

EXAMPLES = r"""
- name: Bring the access point to the declared SSIDs
  cartable.fleet.wifi:

- name: Keep its configuration
  cartable.fleet.wifi:
    state: gathered
"""

RETURN = r"""
paths:
  description: The files that were changed, or would be.
  returned: when the device was reached by SSH
  type: list
  elements: str
  sample: [/etc/hostapd/hostapd.conf]
commands:
  description: The calls of the API that were made, or would be, without secrets.
  returned: when the device was reached by an API
  type: list
  elements: str
secrets:
  description: The names of the secrets that were set from the vault, or would be, such as V(wifi/Ecole-Classe); with O(state=rendered) all that are needed.
  returned: when the device was reached, and with O(state=rendered)
  type: list
  elements: str
seen:
  description: What the device's configuration says, in the common model of all platforms; before the change where there was one in check mode.
  returned: when the device was reached
  type: dict
way_back:
  description: The rollback that was armed, and cancelled after a new login.
  returned: when there was a change
  type: str
differences:
  description: Differences from the recorded configuration; empty after success, since any difference is an error.
  returned: when O(state=restored)
  type: list
  elements: str
rendered:
  description: The configuration with names in place of keys.
  returned: when O(state=rendered)
  type: str
parsed:
  description: What the files say.
  returned: when O(state=parsed)
  type: dict
records:
  description: The names of the records that changed.
  returned: when O(state=gathered)
  type: list
  elements: str
"""
