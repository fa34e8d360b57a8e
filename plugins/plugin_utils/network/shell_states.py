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
    """Action that executes its ``state``."""

    def _gathered(self):
        if self.asset.platform.family == "linux":
            raise CartableError(
                f"{self.asset.tag} is read by the role observe, as the Linux machine that it is."
            )
        return super()._gathered()

    def _present(self):
        """Apply, then set the passwords of ``renew``, which the next login has to use."""
        answer = super()._present()
        names = [name.removeprefix(actions.devices.ACCOUNT) for name in self.arguments["renew"]]
        for name in names:
            if not self._task.check_mode:
                self._device().set_password(name, self.secret(name))
        return {**answer, "changed": answer["changed"] or bool(names)}

    def _restored(self):
        """Restore the recorded files."""
        if self.asset.platform.family == "linux":
            raise CartableError(f"{self.asset.tag} is a Linux machine: rebuild.yml brings it back.")
        result = self._device().restore(self.kept_files(), check=self._task.check_mode)
        return {**self._told(result, result.changed), "differences": []}

    def _device(self):
        return self.device(minutes=self.arguments["way_back_minutes"])

    def _names(self, rendered):
        return self.driver.names(self.driver.required_files(self.asset.kind)[0], rendered)

    def _details(self, result):
        way_back = {"way_back": result.way_back} if result.way_back else {}
        return {"paths": list(result.paths), **way_back}

    def _diff(self, result):
        return list(result.diffs)
