# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""States of an action on a Unix device: present, gathered, planned, rendered, parsed. Results have no secrets."""

from __future__ import annotations

from ansible_collections.cartable.fleet.plugins.plugin_utils.network import action as actions

if actions.MISSING is None:
    from ansible_collections.cartable.fleet.plugins.plugin_utils.network import device as devices

    from reversibility.errors import CartableError

STATES = ["present", "gathered", "planned", "rendered", "parsed"]


class ShellStates(actions.ShellAction):
    """Action whose ``state`` says what to do."""

    def act(self):
        """Do what the state says; the result has no secrets."""
        state = self.arguments["state"]
        if state not in STATES:
            raise CartableError(f"{self.asset.tag} has no state {state}: it is a Linux machine.")
        return getattr(self, f"_{state}")()

    def _rendered(self):
        rendered, path = self.driver.render(self.wanted), self.driver.required_files(self.asset.kind)[0]
        return {"changed": False, "rendered": rendered, "secrets": list(self.driver.names(path, rendered))}

    def _parsed(self):
        if not self.arguments["files"]:
            raise CartableError(
                "state parsed needs files: a configuration by path, as the driver names them."
            )
        files = {str(path): str(text).encode() for path, text in self.arguments["files"].items()}
        return {"changed": False, "parsed": devices.plain(self.driver.parse(files))}

    def _gathered(self):
        """Read the device, and have the action ``record`` keep what was read."""
        if self.asset.platform.family == "linux":
            raise CartableError(
                f"{self.asset.tag} is read by the role observe, as the Linux machine that it is."
            )
        result = self._device().gather()
        kept = self.record({"configuration": devices.items(result.files)})
        return {**kept, **self._told(result, bool(kept.get("changed")))}

    def _planned(self):
        return self._told(self._device().plan(self.wanted), False)

    def _present(self):
        device = self._device()
        result = device.plan(self.wanted) if self._task.check_mode else device.present(self.wanted)
        return self._told(result, result.changed)

    def _device(self):
        return self.device(minutes=self.arguments["way_back_minutes"])

    def _told(self, result, changed):
        answer = {
            "changed": changed,
            "paths": list(result.paths),
            "secrets": list(result.secrets),
            "seen": devices.plain(self.driver.parse(result.files)),
        }
        if result.way_back:
            answer["way_back"] = result.way_back
        if self._task.diff and result.diffs:
            answer["diff"] = list(result.diffs)
        return answer
