# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""States of an action on a Unix device."""

from __future__ import annotations

from ansible_collections.cartable.fleet.plugins.plugin_utils.network import action as actions
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.device_states import DeviceStates

if actions.MISSING is None:
    from reversibility.errors import CartableError


class ShellStates(DeviceStates, actions.ShellAction):
    """Action whose ``state`` says what to do."""

    REACHED = "it is a Linux machine"

    def _gathered(self):
        if self.asset.platform.family == "linux":
            raise CartableError(
                f"{self.asset.tag} is read by the role observe, as the Linux machine that it is."
            )
        return super()._gathered()

    def _device(self):
        return self.device(minutes=self.arguments["way_back_minutes"])

    def _names(self, rendered):
        return self.driver.names(self.driver.required_files(self.asset.kind)[0], rendered)

    def _details(self, result):
        way_back = {"way_back": result.way_back} if result.way_back else {}
        return {"paths": list(result.paths), **way_back}

    def _diff(self, result):
        return list(result.diffs)
