# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.cartable.fleet.plugins.plugin_utils.network import (
    action,
    api_states,
    delegation,
    device_states,
    shell_states,
)

if action.MISSING is None:
    from reversibility.platforms.registry import api_driver


class ActionModule(shell_states.ShellStates):
    """The action ``cartable.fleet.wifi``; see the module of the same name for its documentation."""

    ARGUMENTS = device_states.ARGUMENTS

    def find(self, platform):
        """The driver of the platform."""
        self.driver = api_driver(platform)
        if self.driver is None:
            super().find(platform)

    def act(self):
        """Execute the requested state; the result has no secrets."""
        if hasattr(self.driver, "calls"):
            return delegation.act_as(api_states.ApiStates, self)
        return super().act()
