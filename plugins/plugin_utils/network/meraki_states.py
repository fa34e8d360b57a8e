# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""States of an action on a Meraki device."""

from __future__ import annotations

import json

from ansible_collections.cartable.fleet.plugins.plugin_utils.network import action as actions
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.device_states import DeviceStates

if actions.MISSING is None:
    from ansible_collections.cartable.fleet.plugins.plugin_utils.network.meraki_api import MerakiApi
    from ansible_collections.cartable.fleet.plugins.plugin_utils.network.meraki_device import MerakiDevice

    from reversibility.errors import CartableError
    from reversibility.platforms.meraki_plan import secret_names
    from reversibility.records import session as vault_session

PUBLIC = "https://api.meraki.com/api/v1"
KEY = "meraki"
"""Account of the site in the vault whose password is the key of the API."""


class MerakiStates(DeviceStates, actions.MarketAction):
    """Action whose ``state`` says what to do."""

    REACHED = "it is reached by an API"

    def secret(self, name):
        """A secret by the name that a driver gives it; '' where the vault has none."""
        entry = self.entry(name)
        return entry.wanted_secret if entry is not None else ""

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

    def _names(self, rendered):
        return secret_names(json.loads(rendered))

    def _details(self, result):
        return {"commands": list(result.calls)}

    def _diff(self, result):
        return [{"prepared": "".join(f"{call}\n" for call in result.calls)}] if result.calls else []
