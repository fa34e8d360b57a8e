# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import difflib

from ansible_collections.cartable.fleet.plugins.plugin_utils.network import (
    action,
    api_states,
    delegation,
    device_states,
    shell_states,
)

if action.MISSING is None:
    from ansible_collections.cartable.fleet.plugins.plugin_utils.network import device as devices

    from reversibility.errors import CartableError
    from reversibility.platforms.clear_text import findings
    from reversibility.platforms.device_identity import identity_in, inventory_record
    from reversibility.platforms.device_secrets import needed
    from reversibility.platforms.registry import api_driver, shell_driver
    from reversibility.records.state import State

SECRETS_SET = "secrets-set.json"


class ActionModule(action.DeviceAction):
    """The action ``cartable.fleet.switch``; see the module of the same name for its documentation."""

    ARGUMENTS = device_states.ARGUMENTS

    def find(self, platform):
        """The platform's driver: for an API, for Open vSwitch on a Linux machine, or for a command line."""
        self.driver = api_driver(platform) or shell_driver(platform, self.asset.kind)
        if self.driver is None:
            super().find(platform)

    def act(self):
        """Execute the requested state; the result has no secrets."""
        if hasattr(self.driver, "calls"):
            return delegation.act_as(api_states.ApiStates, self)
        if hasattr(self.driver, "scripts"):
            return delegation.act_as(shell_states.ShellStates, self)
        return getattr(self, f"_{self.arguments['state']}")()

    def _rendered(self):
        names = [name for name in needed(self.driver, self.wanted) if not self.is_of_server(name)]
        return {"changed": False, "rendered": self.driver.render(self.wanted), "secrets": names}

    def _parsed(self):
        if not self.arguments["files"]:
            raise CartableError("state parsed needs files: a configuration by path, such as /running-config.")
        files = {str(path): str(text).encode() for path, text in self.arguments["files"].items()}
        return {"changed": False, "parsed": devices.plain(self.driver.parse(files))}

    def _gathered(self):
        """Read the device, and record the result with the action ``record``."""
        result = self._device().gather()
        seen = self.driver.parse(result.files)
        path = next(iter(self.driver.commands))
        said = f"{result.about}\n{result.files[path].decode('utf-8', 'replace')}"
        identity = identity_in(said, self.driver.identity)
        files = {
            "inventory.json": inventory_record(self.asset, self.driver.manufacturer, identity, seen),
            "accounts.json": devices.accounts_record(seen),
            "compliance.json": {"rules": findings(seen), "saved": result.saved},
        }
        kept = self.record({"configuration": devices.items(result.files), "files": files})
        return {**kept, **self._told(result, {"changed": bool(kept.get("changed"))}, seen)}

    def _planned(self):
        return self._told(self._device().plan(self.wanted, self._renewed()), {"changed": False})

    def _present(self):
        if self._task.check_mode:
            result = self._device().plan(self.wanted, self._renewed())
        else:
            risky = bool(self.asset.variables.get("network_change_management", False))
            result = self._device().present(self.wanted, self._renewed(), risky)
            self._note_secrets()
        return self._told(result, {"changed": result.changed})

    def _restored(self):
        """Send the recorded configuration to a blank device."""
        files = self.kept_files()
        commands = self.driver.restore(files)
        if self._task.check_mode:
            return {"changed": True, "commands": list(self.driver.redact_commands(commands))}
        result = self._device().send(commands)
        self._note_secrets(set_again=True)
        return self._told(result, {"changed": True, "differences": self._differences(files, result.files)})

    # -- inside ----

    def _device(self):
        return self.device(minutes=self.arguments["way_back_minutes"])

    def _differences(self, before, after):
        """Lines of the running configuration that differ from the recorded one, without secrets and duplicates."""
        path = next(iter(self.driver.commands))
        old, new = (
            self.driver.dialogue.stable(files[path].decode("utf-8", "replace")).splitlines()
            for files in (before, after)
        )
        lines = [
            line
            for line in difflib.unified_diff(old, new, n=0, lineterm="")
            if line[:3] not in ("---", "+++")
        ]
        return [
            f"{line[0]}{self.driver.redact_commands([line[1:]])[0]}" for line in lines if line[:2] != "@@"
        ]

    def _renewed(self):
        """Secrets to set again: the requested ones, and those whose revision differs from the one set last.

        A device does not show its secrets, so the recorded revision tells which one it has.
        """
        asked, noted = set(self.arguments["renew"]), self._noted()
        found = []
        for name in needed(self.driver, self.wanted):
            entry = self.entry(name)
            if entry is None:
                continue
            known = noted.get(name, "" if entry.pending else entry.wanted_revision)
            if name.removeprefix(devices.ACCOUNT) in asked or known != entry.wanted_revision:
                found.append(name)
        return found

    def _noted(self):
        """Name → revision that was last set on the device."""
        found = State(self.paths.state).read_json(self.asset.site, self.asset.tag, SECRETS_SET) or {}
        return {each["name"]: each["vault_revision"] for each in found.get("secrets", [])}

    def _note_secrets(self, set_again=False):
        """Record the revision of each secret that was set, except those of accounts, which a login proves.

        ``set_again``: record none, as after a restore, where the device may have taken a hash for the secret itself.
        """
        names = [name for name in needed(self.driver, self.wanted) if not name.startswith(devices.ACCOUNT)]
        rows = [
            {"name": name, "vault_revision": "" if set_again else entry.wanted_revision}
            for name in sorted(names)
            if (entry := self.entry(name)) is not None
        ]
        if rows or self._noted():
            self.record({"files": {SECRETS_SET: {"secrets": rows}}})

    def _told(self, result, answer, seen=None):
        answer["commands"] = list(result.commands)
        answer["secrets"] = list(result.secrets)
        answer["saved"] = result.saved
        answer["seen"] = devices.plain(seen or self.driver.parse(result.files))
        if result.way_back:
            answer["way_back"] = result.way_back
        if self._task.diff and result.commands:
            answer["diff"] = [devices.configuration_diff(result, self.asset.tag)]
        return answer
