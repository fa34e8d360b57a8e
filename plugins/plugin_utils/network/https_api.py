# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Session with the HTTPS API of a vendor, for one device. Raises DeviceError.

By requests and not by the vendors' SDKs: a few paths are read and written, and an SDK's own waiting hides from whom an answer
never came (older ones of Meraki gave None once their attempts were used up).
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
class HttpsApi:
    """One device of an API; ``name`` identifies it. ``verify`` is the file of the certificates to trust; '' for the
    system's.

    ``device`` is what the API says of it. Paths begin with ``device:``, or with what the device is in.
    """

    url: str
    name: str
    key: str = field(repr=False)
    verify: str = ""
    timeout: float = 30.0
    pause: float = 1.0
    """Seconds before the second attempt where the answer gives none; doubled for each further one."""
    device: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        if MISSING is not None:
            raise Unreachable(
                f"requests is missing ({MISSING}); install the project with its extra: pip install -e .[ansible]"
            )
        self._session = requests.Session()
        self._session.headers.update(self.headers())
        self._session.trust_env = False
        self.device = self.find()

    def headers(self) -> dict[str, str]:
        """Authentication headers."""
        raise NotImplementedError  # each subclass has its own

    def find(self) -> dict[str, Any]:
        """The device's description in the API."""
        raise NotImplementedError  # each subclass has its own

    def get(self, path: str) -> Any:
        """An answer; of a list, all its pages."""
        raise NotImplementedError  # each subclass has its own

    def where(self, path: str) -> str:
        """The address of a path."""
        raise NotImplementedError  # each subclass has its own

    def said(self, answer: Any) -> list[Any]:
        """The API's reason for a refusal, from its JSON."""
        raise NotImplementedError  # each subclass has its own

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        """Change something."""
        self.ask(method, self.where(path), dict(body))

    def ask(self, method: str, url: str, body: Any = None, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON answer to one call. Waits if the API reports its rate limit."""
        shown = f"{method} {url.removeprefix(self.url)}"
        pause = self.pause
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self._session.request(
                    method,
                    url,
                    json=body,
                    params=params,
                    timeout=self.timeout,
                    verify=self.verify or True,
                    allow_redirects=False,
                )
            except requests.exceptions.SSLError:
                raise Unreachable(f"{self.url} shows a certificate that is not trusted here.") from None
            except requests.exceptions.RequestException as error:
                raise Unreachable(f"{self.url} does not answer ({type(error).__name__}).") from None
            if answer.status_code != 429 and (answer.status_code < 500 or method == "POST"):
                return self._checked(answer, shown)
            if attempt < ATTEMPTS:
                time.sleep(min(_seconds(answer.headers.get("Retry-After"), pause), LONGEST))
                pause *= 2
        raise NoPrompt(f"{self.name}: {shown} got {answer.status_code} {ATTEMPTS} times.")

    def _checked(self, answer: Any, shown: str) -> Any:
        if answer.status_code == 401:
            raise LoginRefused(f"{self.url} refuses the key of the API.")
        if answer.status_code not in (200, 201):
            raise CommandRefused(
                f"{self.name}: {shown} is refused ({answer.status_code}): {self._reasons(answer)}"
            )
        try:
            answer.json()
        except ValueError:
            raise NoPrompt(f"{self.name}: the answer to {shown} is no JSON.") from None
        return answer

    def _reasons(self, answer: Any) -> str:
        try:
            found = self.said(answer.json())
        except (ValueError, AttributeError):
            found = []
        text = "; ".join(str(one) for one in found if one) or "no word of why"
        return "".join(character for character in text if character.isprintable())[:200]


def _seconds(text: str | None, otherwise: float) -> float:
    """The header Retry-After, which may be absent."""
    try:
        return max(float(text), 0.0) if text is not None else otherwise
    except ValueError:
        return otherwise
