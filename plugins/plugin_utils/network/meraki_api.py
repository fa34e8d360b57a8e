# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Session with the Meraki Dashboard API, version 1, for one device. Raises DeviceError.

By requests and not by Meraki's SDK: three paths are read and written, and the SDK's own waiting hides from whom an answer
never came (its older versions gave None once its attempts were used up).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.cartable.fleet.plugins.plugin_utils.network.errors import (
    CommandRefused,
    LoginRefused,
    NoPrompt,
    Unreachable,
)

try:
    import requests
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

ATTEMPTS = 6
LONGEST = 60.0
"""Seconds that are waited at most before one more attempt."""


@dataclass
class MerakiApi:
    """One device of an organization. ``verify`` is the file of the certificates to trust; '' for the system's."""

    url: str
    serial: str
    key: str = field(repr=False)
    verify: str = ""
    timeout: float = 30.0
    pause: float = 1.0
    """Seconds before the second attempt where the answer gives none; doubled for each further one."""

    def __post_init__(self) -> None:
        if MISSING is not None:
            raise Unreachable(
                f"requests is missing ({MISSING}); install the project with its extra: pip install -e .[ansible]"
            )
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {self.key}"
        self._session.trust_env = False
        self.device = self.get("device:")

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def get(self, path: str) -> Any:
        """An answer; of a list, all its pages."""
        answer = self._ask("GET", self._where(path))
        found = answer.json()
        while isinstance(found, list) and "next" in answer.links:
            following = str(answer.links["next"]["url"])
            if not following.startswith(f"{self.url}/"):
                raise NoPrompt(f"{self.serial}: the API sends its next page to another address.")
            answer = self._ask("GET", following)
            found += answer.json()
        return found

    def put(self, path: str, body: Mapping[str, Any]) -> None:
        """Change something."""
        self._ask("PUT", self._where(path), dict(body))

    def _where(self, path: str) -> str:
        place, _, rest = path.partition(":")
        if place == "device":
            return f"{self.url}/devices/{self.serial}{rest}"
        return f"{self.url}/networks/{self.device['networkId']}{rest}"

    def _ask(self, method: str, url: str, body: Any = None) -> Any:
        shown = f"{method} {url.removeprefix(self.url)}"
        pause = self.pause
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self._session.request(
                    method,
                    url,
                    json=body,
                    timeout=self.timeout,
                    verify=self.verify or True,
                    allow_redirects=False,
                )
            except requests.exceptions.SSLError:
                raise Unreachable(f"{self.url} shows a certificate that is not trusted here.") from None
            except requests.exceptions.RequestException as error:
                raise Unreachable(f"{self.url} does not answer ({type(error).__name__}).") from None
            if answer.status_code != 429 and answer.status_code < 500:
                return self._checked(answer, shown)
            if attempt < ATTEMPTS:
                time.sleep(min(_seconds(answer.headers.get("Retry-After"), pause), LONGEST))
                pause *= 2
        raise NoPrompt(f"{self.serial}: {shown} got {answer.status_code} {ATTEMPTS} times.")

    def _checked(self, answer: Any, shown: str) -> Any:
        if answer.status_code == 401:
            raise LoginRefused(f"{self.url} refuses the key of the API.")
        if answer.status_code not in (200, 201):
            raise CommandRefused(
                f"{self.serial}: {shown} is refused ({answer.status_code}): {_errors(answer)}"
            )
        try:
            answer.json()
        except ValueError:
            raise NoPrompt(f"{self.serial}: the answer to {shown} is no JSON.") from None
        return answer


def _seconds(text: str | None, otherwise: float) -> float:
    """The header Retry-After, which may be absent."""
    try:
        return max(float(text), 0.0) if text is not None else otherwise
    except ValueError:
        return otherwise


def _errors(answer: Any) -> str:
    try:
        found = answer.json().get("errors") or []
    except (ValueError, AttributeError):
        found = []
    text = "; ".join(str(one) for one in found) or "no word of why"
    return "".join(character for character in text if character.isprintable())[:200]
