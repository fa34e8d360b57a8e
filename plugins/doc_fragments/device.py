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
  files:
    description: For V(parsed), texts by path, as the platform's driver names them.
    type: dict
  way_back_minutes:
    description: After how many minutes the device undoes a change that no new login has confirmed.
    type: int
    default: 5
"""
