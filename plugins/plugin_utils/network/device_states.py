# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""States of an action on a device: present, gathered, planned, rendered, parsed, restored. Results have no secrets."""

from __future__ import annotations

from ansible_collections.cartable.fleet.plugins.plugin_utils.network import action as actions

if actions.MISSING is None:
    from ansible_collections.cartable.fleet.plugins.plugin_utils.network import device as devices

    from reversibility.errors import CartableError
    from reversibility.platforms.device_identity import inventory_record

STATES = ["present", "gathered", "planned", "rendered", "parsed", "restored"]
ARGUMENTS = {
    "state": {"type": "str", "choices": STATES, "default": "present"},
    "files": {"type": "dict"},
    "way_back_minutes": {"type": "int", "default": 5},
    "renew": {"type": "list", "elements": "str", "default": []},
}


class DeviceStates:
    """Executes ``state``. Subclasses are actions, and have ``_device``, ``_restored``, ``_names`` and ``_details``."""

    def act(self):
        """Execute the requested state."""
        return getattr(self, f"_{self.arguments['state']}")()

    def _rendered(self):
        rendered = self.driver.render(self.wanted)
        names = [name for name in self._names(rendered) if not self.is_of_server(name)]
        return {"changed": False, "rendered": rendered, "secrets": names}

    def _parsed(self):
        if not self.arguments["files"]:
            raise CartableError(
                "state parsed needs files: texts by path, as the platform's driver names them."
            )
        files = {str(path): str(text).encode() for path, text in self.arguments["files"].items()}
        return {"changed": False, "parsed": devices.plain(self.driver.parse(files))}

    def _gathered(self):
        """Read the device, and record the result with the action ``record``."""
        result = self._device().gather()
        seen = self.driver.parse(result.files)
        inventory = inventory_record(
            self.asset, self.driver.manufacturer, self.driver.identified(result.files), seen
        )
        files = {"inventory.json": inventory}
        if seen.accounts:
            files["accounts.json"] = devices.accounts_record(seen)
        kept = self.record({"configuration": devices.items(result.files), "files": files})
        return {**kept, **self._told(result, bool(kept.get("changed")))}

    def _planned(self):
        return self._told(self._device().plan(self.wanted), False)

    def _present(self):
        device = self._device()
        result = device.plan(self.wanted) if self._task.check_mode else device.present(self.wanted)
        return self._told(result, result.changed)

    def _told(self, result, changed):
        answer = {
            "changed": changed,
            "secrets": list(result.secrets),
            "seen": devices.plain(self.driver.parse(result.files)),
            **self._details(result),
        }
        if self._task.diff and (diff := self._diff(result)):
            answer["diff"] = diff
        return answer
