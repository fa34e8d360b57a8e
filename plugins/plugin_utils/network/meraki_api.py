# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Session with the Meraki Dashboard API, version 1, for one device, which is known by its serial number."""

from __future__ import annotations

from typing import Any

from ansible_collections.cartable.fleet.plugins.plugin_utils.network.errors import NoPrompt
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.https_api import HttpsApi


class MerakiApi(HttpsApi):
    """One device of an organization. Paths: ``device:``, ``network:``."""

    def headers(self) -> dict[str, str]:
        """The key of the API."""
        return {"Authorization": f"Bearer {self.key}"}

    def find(self) -> dict[str, Any]:
        """The device, with its network."""
        return dict(self.ask("GET", self.where("device:")).json())

    def get(self, path: str) -> Any:
        """An answer; of a list, all its pages."""
        answer = self.ask("GET", self.where(path))
        found = answer.json()
        while isinstance(found, list) and "next" in answer.links:
            following = str(answer.links["next"]["url"])
            if not following.startswith(f"{self.url}/"):
                raise NoPrompt(f"{self.name}: the API sends its next page to another address.")
            answer = self.ask("GET", following)
            found += answer.json()
        return found

    def where(self, path: str) -> str:
        """The address of a path."""
        place, _, rest = path.partition(":")
        if place == "device":
            return f"{self.url}/devices/{self.name}{rest}"
        return f"{self.url}/networks/{self.device['networkId']}{rest}"

    def said(self, answer: Any) -> list[Any]:
        """The errors of an answer."""
        return list(answer.get("errors") or [])
