# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Session with the official API of a UniFi controller, for one device, which is known by its MAC address."""

from __future__ import annotations

from typing import Any

from ansible_collections.cartable.fleet.plugins.plugin_utils.network.errors import (
    CommandRefused,
    LoginRefused,
    NoPrompt,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.https_api import HttpsApi

try:
    from reversibility.platforms.device_identity import colons
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

BELOW = "/proxy/network/integration/v1"
PAGE = 200
"""Objects that are asked for at once; the API gives no more."""
KEPT = ("id", "name", "model", "macAddress", "firmwareVersion")
"""What is kept of a device: nothing that changes by itself."""


class UnifiApi(HttpsApi):
    """One device that a controller manages. Paths: ``device:``, ``site:``."""

    def headers(self) -> dict[str, str]:
        """The key of the API."""
        return {"X-API-KEY": self.key, "Accept": "application/json"}

    def find(self) -> dict[str, Any]:
        """The device, whose site is searched for, and the release of the controller."""
        release = self.ask("GET", f"{self.url}{BELOW}/info").json().get("applicationVersion", "")
        for site in self._pages(f"{self.url}{BELOW}/sites"):
            self.site = str(site["id"])
            for device in self._pages(self.where("site:/devices")):
                if colons(str(device.get("macAddress") or "")) == colons(self.name):
                    kept = {name: device[name] for name in KEPT if name in device}
                    return {**kept, "applicationVersion": release}
        raise CommandRefused(
            f"{self.url} manages no device with the MAC address {self.name}; adopt it, or correct its mac."
        )

    def get(self, path: str) -> Any:
        """An answer; of a list, all its pages."""
        return self._pages(self.where(path))

    def where(self, path: str) -> str:
        """The address of a path."""
        place, _, rest = path.partition(":")
        below = f"{self.url}{BELOW}/sites/{self.site}"
        return f"{below}/devices/{self.device['id']}{rest}" if place == "device" else f"{below}{rest}"

    def said(self, answer: Any) -> list[Any]:
        """The message of a refusal."""
        return [answer.get("message") or answer.get("code")]

    def ask(self, method: str, url: str, body: Any = None, params: Any = None) -> Any:
        """The answer to one call; a key without the right is refused by 403."""
        try:
            return super().ask(method, url, body, params)
        except CommandRefused as error:
            if " is refused (403)" in str(error):
                raise LoginRefused(f"{self.url}: the key of the API has not the right for this.") from None
            raise

    def _pages(self, url: str) -> Any:
        answer = self.ask("GET", url, params={"offset": 0, "limit": PAGE}).json()
        if "totalCount" not in answer:
            return answer
        found = list(answer["data"])
        while len(found) < int(answer["totalCount"]):
            answer = self.ask("GET", url, params={"offset": len(found), "limit": PAGE}).json()
            if not answer.get("data"):
                raise NoPrompt(f"{self.name}: the list {url.removeprefix(self.url)} stops before its end.")
            found += answer["data"]
        return found
