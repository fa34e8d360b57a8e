# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.cartable.fleet.plugins.plugin_utils.network import (
    action,
    delegation,
    device_states,
    meraki_states,
    shell_states,
)

if action.MISSING is None:
    from reversibility.platforms.registry import driver


class ActionModule(shell_states.ShellStates):
    """The action ``cartable.fleet.wifi``; see the module of the same name for its documentation."""

    ARGUMENTS = {
        "state": {"type": "str", "choices": device_states.STATES, "default": "present"},
        "files": {"type": "dict"},
        "way_back_minutes": {"type": "int", "default": 5},
    }

    def find(self, platform):
        """The driver of the platform."""
        if platform == "meraki":
            self.driver = driver(platform)
        else:
            super().find(platform)

    def act(self):
        """Do what the state says; the result has no secrets."""
        if self.asset.platform.name == "meraki":
            return delegation.act_as(meraki_states.MerakiStates, self)
        return super().act()
