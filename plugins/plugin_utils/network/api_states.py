# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""States of an action on a device that is reached by its vendor's API."""

from __future__ import annotations

import json

from ansible_collections.cartable.fleet.plugins.plugin_utils.network import action as actions
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.device_states import DeviceStates

if actions.MISSING is None:
    from ansible_collections.cartable.fleet.plugins.plugin_utils.network.api_device import ApiDevice
    from ansible_collections.cartable.fleet.plugins.plugin_utils.network.meraki_api import MerakiApi
    from ansible_collections.cartable.fleet.plugins.plugin_utils.network.unifi_api import UnifiApi

    from reversibility.errors import CartableError
    from reversibility.platforms.api_calls import secret_names
    from reversibility.records import session as vault_session

    SESSIONS = {"meraki": (MerakiApi, "serial"), "unifi": (UnifiApi, "mac")}
    """By platform: the session, and the attribute of the asset by which the API knows the device."""

ADDRESSES = {"meraki": "https://api.meraki.com/api/v1"}
"""Of APIs that have the same address for everybody."""


class ApiStates(DeviceStates, actions.MarketAction):
    """Action whose ``state`` says what to do. The key of the API is the password of the site's entry named as the platform."""

    def secret(self, name):
        """A secret by the name that a driver gives it; '' where the vault has none."""
        entry = self.entry(name)
        return entry.wanted_secret if entry is not None else ""

    def _device(self):
        platform = self.asset.platform
        kind, attribute = SESSIONS[platform.name]
        name = str(self.asset.attributes.get(attribute, ""))
        entry = vault_session.opened_vault(self.paths.vault).find(self.asset.site, platform.name)
        if entry is None or not entry.wanted_secret:
            raise CartableError(
                f"The vault has no {self.asset.site}/{platform.name}, the key of the API of {platform.label}; enter it with KeePassXC, in the "
                "group of the site."
            )
        url = str(self.value("network_api_url", ADDRESSES.get(platform.name, "")))
        if not url:
            raise CartableError(
                f"{self.asset.tag} has no network_api_url, the address of its controller (https://...)."
            )
        if not url.startswith("https://"):
            raise CartableError(f"network_api_url is {url}: only HTTPS is spoken.")
        trusted = self.paths.data / "api_certificates.pem"
        verify = str(trusted) if trusted.exists() else ""
        timeout = self.arguments["answer_timeout"]
        return ApiDevice(
            lambda: kind(url.rstrip("/"), name, entry.wanted_secret, verify, timeout),
            self.driver,
            self.asset.kind,
            self.secret,
        )

    def _restored(self):
        """Restore the recorded configuration."""
        result = self._device().restore(self.kept_files(), check=self._task.check_mode)
        return {**self._told(result, result.changed), "differences": []}

    def _names(self, rendered):
        return secret_names(json.loads(rendered))

    def _details(self, result):
        return {"commands": list(result.calls)}

    def _diff(self, result):
        return [{"prepared": "".join(f"{call}\n" for call in result.calls)}] if result.calls else []
