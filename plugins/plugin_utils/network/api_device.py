# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Device with a vendor's API: read, planned and changed through its driver, without a rollback."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.cartable.fleet.plugins.plugin_utils.network.errors import CommandRefused, DeviceError
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.https_api import HttpsApi

try:
    from reversibility.platforms.api_calls import Call, secret_names
    from reversibility.platforms.api_files import DEVICE, ApiDriver
    from reversibility.platforms.model import Configuration
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

Files = dict[str, bytes]
ROUNDS = 2
"""Of calls: the second has those that needed what the first made."""


@dataclass
class ApiResult:
    """Result of a state of the action. ``files`` hold secrets."""

    changed: bool = False
    calls: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    files: Files = field(default_factory=dict, repr=False)


@dataclass
class ApiDevice:
    """One switch or access point. ``secret`` gives a secret by its driver's name, '' where the vault has none yet."""

    connect: Callable[[], HttpsApi]
    driver: ApiDriver
    kind: str
    secret: Callable[[str], str]

    def gather(self) -> ApiResult:
        """Read the device."""
        api = self.connect()
        try:
            return ApiResult(files=self._read(api))
        finally:
            api.close()

    def plan(self, wanted: Configuration) -> ApiResult:
        """The API calls that would be made."""
        return self._compared(lambda files: self._calls(wanted, files), whole=False)

    def present(self, wanted: Configuration) -> ApiResult:
        """Apply the wanted configuration, and read it back."""
        return self._compared(lambda files: self._calls(wanted, files), whole=True)

    def restore(self, kept: Mapping[str, bytes], *, check: bool = False) -> ApiResult:
        """Restore the recorded configuration, and read it back."""
        return self._compared(
            lambda files: self.driver.restoring_calls(kept, files, self.kind), whole=not check
        )

    # -- inside ----

    def _compared(self, calls_from: Callable[[Files], list[Call]], *, whole: bool) -> ApiResult:
        """The calls; makes them if ``whole``, and then requires an empty plan."""
        api = self.connect()
        try:
            files = self._read(api)
            calls = calls_from(files)
            result = self._result(files, calls)
            if whole:
                self._secrets(calls)
            done = 0
            for _ in range(ROUNDS if whole and calls else 0):
                done = self._send(api, [call for call in calls if call.ready], done)
                result.files = self._read(api)
                calls = calls_from(result.files)
            if whole and calls:
                raise CommandRefused(f"{api.name} took the change, but does not have it: {calls[0].shown}")
            return result
        finally:
            api.close()

    def _read(self, api: HttpsApi) -> Files:
        files = {DEVICE: _text(api.device)}
        files |= {path: _text(api.get(where)) for path, where in self.driver.reads(self.kind).items()}
        for path, wheres in self.driver.reads_again(files).items():
            files[path] = _text({key: api.get(where) for key, where in wheres.items()})
        return files

    def _calls(self, wanted: Configuration, files: Files) -> list[Call]:
        names = {f"wifi/{ssid.name}" for ssid in wanted.ssids if ssid.security.endswith("personal")}
        known = {name: value for name in names if (value := self.secret(name))}
        return self.driver.calls(wanted, files, self.kind, known)

    def _result(self, files: Files, calls: Sequence[Call]) -> ApiResult:
        changing = [call.body if call.differing is None else call.differing for call in calls]
        names = dict.fromkeys(name for body in changing for name in secret_names(body))
        return ApiResult(bool(calls), tuple(call.shown for call in calls), tuple(names), files)

    def _secrets(self, calls: Sequence[Call]) -> dict[str, str]:
        secrets = {name: self.secret(name) for call in calls for name in call.secrets}
        if missing := sorted(name for name, value in secrets.items() if not value):
            raise CommandRefused(f"The vault lacks {', '.join(missing)}; nothing was changed.")
        return secrets

    def _send(self, api: HttpsApi, calls: Sequence[Call], before: int) -> int:
        secrets = self._secrets(calls)
        for done, call in enumerate(calls, start=before):
            try:
                api.send(call.method, call.path, call.filled(secrets))
            except DeviceError as error:
                state = _state(done, before + len(calls))
                raise type(error)(f"{str(error).rstrip('.')}; {state}.") from None
        return before + len(calls)


def _state(done: int, every: int) -> str:
    if not done:
        return "nothing was changed"
    return f"{done} of {every} changes were made, and there is no way back: run again"


def _text(answer: object) -> bytes:
    return json.dumps(answer, sort_keys=True, indent=2).encode()
