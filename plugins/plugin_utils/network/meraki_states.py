# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""States of an action on a Meraki device: present, gathered, planned, rendered, parsed. Results have no secrets."""

from __future__ import annotations

import json

from ansible_collections.cartable.fleet.plugins.plugin_utils.network import action as actions

if actions.MISSING is None:
    from ansible_collections.cartable.fleet.plugins.plugin_utils.network import device as devices
    from ansible_collections.cartable.fleet.plugins.plugin_utils.network.meraki_api import MerakiApi
    from ansible_collections.cartable.fleet.plugins.plugin_utils.network.meraki_device import MerakiDevice

    from reversibility.errors import CartableError
    from reversibility.platforms.meraki_plan import secret_names
    from reversibility.records import session as vault_session

STATES = ["present", "gathered", "planned", "rendered", "parsed"]
PUBLIC = "https://api.meraki.com/api/v1"
KEY = "meraki"
"""Account of the site in the vault whose password is the key of the API."""


class MerakiStates(actions.MarketAction):
    """Action whose ``state`` says what to do."""

    def act(self):
        """Do what the state says; the result has no secrets."""
        state = self.arguments["state"]
        if state not in STATES:
            raise CartableError(f"{self.asset.tag} has no state {state}: it is reached by an API.")
        return getattr(self, f"_{state}")()

    def secret(self, name):
        """A secret by the name that a driver gives it; '' where the vault has none."""
        asset = self.asset.site if name.startswith("wifi/") else self.asset.tag
        entry = vault_session.opened_vault(self.paths.vault).find(asset, name)
        return entry.wanted_secret if entry is not None else ""

    def _rendered(self):
        rendered = self.driver.render(self.wanted)
        return {"changed": False, "rendered": rendered, "secrets": list(secret_names(json.loads(rendered)))}

    def _parsed(self):
        if not self.arguments["files"]:
            raise CartableError(
                "state parsed needs files: answers of the API by path, as the driver names them."
            )
        files = {str(path): str(text).encode() for path, text in self.arguments["files"].items()}
        return {"changed": False, "parsed": devices.plain(self.driver.parse(files))}

    def _gathered(self):
        """Read the device, and have the action ``record`` keep what was read."""
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
        serial = str(self.asset.attributes.get("serial", ""))
        entry = vault_session.opened_vault(self.paths.vault).find(self.asset.site, KEY)
        if entry is None or not entry.wanted_secret:
            raise CartableError(f"The vault has no {self.asset.site}/{KEY}, the key of the API of Meraki.")
        url = str(self.value("network_api_url", PUBLIC))
        if not url.startswith("https://"):
            raise CartableError(f"network_api_url is {url}: only HTTPS is spoken.")
        trusted = self.paths.data / "api_certificates.pem"
        verify = str(trusted) if trusted.exists() else ""
        timeout = self.arguments["answer_timeout"]
        return MerakiDevice(
            lambda: MerakiApi(url.rstrip("/"), serial, entry.wanted_secret, verify, timeout),
            self.asset.kind,
            self.secret,
        )

    def _told(self, result, changed):
        answer = {
            "changed": changed,
            "commands": list(result.calls),
            "secrets": list(result.secrets),
            "seen": devices.plain(self.driver.parse(result.files)),
        }
        if self._task.diff and result.calls:
            answer["diff"] = [{"prepared": "".join(f"{call}\n" for call in result.calls)}]
        return answer
