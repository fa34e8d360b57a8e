# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Meraki device of a market, by its driver and the Dashboard API: read, planned, changed. It has no way back."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ansible_collections.cartable.fleet.plugins.plugin_utils.network.errors import CommandRefused, DeviceError
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.meraki_api import MerakiApi

try:
    from reversibility.platforms import meraki
    from reversibility.platforms.meraki_plan import Call
    from reversibility.platforms.model import Configuration
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

Files = dict[str, bytes]


@dataclass
class ApiResult:
    """What a state of the action gives. ``files`` hold secrets."""

    changed: bool = False
    calls: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    files: Files = field(default_factory=dict, repr=False)


@dataclass
class MerakiDevice:
    """One switch or access point. ``secret`` gives a secret by its driver's name, '' where the vault has none yet."""

    connect: Callable[[], MerakiApi]
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
        """What would be called."""
        api = self.connect()
        try:
            files = self._read(api)
            return self._result(files, self._calls(wanted, files))
        finally:
            api.close()

    def present(self, wanted: Configuration) -> ApiResult:
        """Bring the device to what is wanted, and read it back."""
        api = self.connect()
        try:
            files = self._read(api)
            calls = self._calls(wanted, files)
            result = self._result(files, calls)
            if calls:
                self._send(api, calls)
                result.files = self._read(api)
                if rest := self._calls(wanted, result.files):
                    raise CommandRefused(
                        f"{api.serial} took the change, but does not have it: {rest[0].shown}"
                    )
            return result
        finally:
            api.close()

    # -- inside ----

    def _read(self, api: MerakiApi) -> Files:
        found = {meraki.DEVICE: api.device}
        found |= {path: api.get(where) for path, where in meraki.DRIVER.reads(self.kind).items()}
        files = {
            path: json.dumps(answer, sort_keys=True, indent=2).encode() for path, answer in found.items()
        }
        if self.kind != "switch":
            schedules = {number: api.get(where) for number, where in meraki.DRIVER.reads_again(files).items()}
            files[meraki.SCHEDULES] = json.dumps(schedules, sort_keys=True, indent=2).encode()
        return files

    def _calls(self, wanted: Configuration, files: Files) -> list[Call]:
        names = {f"wifi/{ssid.name}" for ssid in wanted.ssids if ssid.security.endswith("personal")}
        known = {name: value for name in names if (value := self.secret(name))}
        return meraki.DRIVER.calls(wanted, files, self.kind, known)

    def _result(self, files: Files, calls: Sequence[Call]) -> ApiResult:
        names = dict.fromkeys(name for call in calls for name in call.secrets)
        return ApiResult(bool(calls), tuple(call.shown for call in calls), tuple(names), files)

    def _send(self, api: MerakiApi, calls: Sequence[Call]) -> None:
        secrets = {name: self.secret(name) for call in calls for name in call.secrets}
        if missing := sorted(name for name, value in secrets.items() if not value):
            raise CommandRefused(f"The vault lacks {', '.join(missing)}; nothing was changed.")
        for done, call in enumerate(calls):
            try:
                api.put(call.path, call.filled(secrets))
            except DeviceError as error:
                state = f"{done} of {len(calls)} changes were made, and there is no way back: run again"
                raise type(error)(
                    f"{str(error).rstrip('.')}; {state if done else 'nothing was changed'}."
                ) from None
