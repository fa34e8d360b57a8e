# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that the actions on network devices share."""

from __future__ import annotations


class ModuleDocFragment:
    """The time limits of a session, and those of a change."""

    DOCUMENTATION = r"""
options:
  answer_timeout:
    description: Seconds for one answer of the device.
    type: float
    default: 30.0
  session_timeout:
    description: Seconds for the whole session.
    type: float
    default: 300.0
"""

    CHANGE = r"""
options:
  state:
    description:
      - V(present) changes what differs. In check mode it only plans.
      - V(planned) returns the changes that V(present) would make.
      - V(gathered) reads the device and records its configuration like M(cartable.fleet.record). For a switch with a
        command line it also records its accounts and clear-text protocols (C(compliance.json)).
      - V(rendered) gives the configuration or the commands, with names in place of secrets, and V(parsed) reads O(files); neither
        talks to a device.
      - V(restored) brings a blank device back to the configuration that was kept. A switch with a command line has an address and
        the vault's first account. Linux machines are rebuilt instead.
    type: str
    choices: [present, gathered, planned, rendered, parsed, restored]
    default: present
  files:
    description: For V(parsed), texts by path, as the platform's driver names them.
    type: dict
  way_back_minutes:
    description: Minutes after which the device reverts a change that no new login has confirmed.
    type: int
    default: 5
"""
