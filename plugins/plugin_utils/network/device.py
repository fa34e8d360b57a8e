# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Device with a command line: read, planned and changed with its driver, its dialogue and its account."""

from __future__ import annotations

import base64
import dataclasses
import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.cartable.fleet.plugins.plugin_utils.network.change import Change, Files, about, read
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.errors import LoginRefused
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.session import Limits, Session
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.transport import Channel, Target

try:
    from reversibility.platforms.device_secrets import renewing
    from reversibility.platforms.dialogue import Dialogue
    from reversibility.platforms.driver import SwitchDriver
    from reversibility.platforms.model import Configuration
    from reversibility.platforms.secret_names import names_in
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None


ACCOUNT = "account/"
BLANK = "hostname blank\nend\n"
"""The configuration of a device without accounts."""


def plain(value: Any) -> Any:
    """A part of the common model for JSON: sets become sorted lists, and what is as the model's default is left out.

    Every value of a task's result is copied several times on its way through Ansible.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        said = ((each, getattr(value, each.name)) for each in dataclasses.fields(value))
        return {each.name: plain(found) for each, found in said if found != _default(each)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _default(field_: dataclasses.Field[Any]) -> Any:
    if field_.default_factory is not dataclasses.MISSING:
        return field_.default_factory()
    return field_.default


def items(files: Mapping[str, bytes]) -> list[dict[str, str]]:
    """The files as a configuration for the action ``record``."""
    return [
        {"path": path, "mode": "0600", "content_b64": base64.b64encode(content).decode()}
        for path, content in sorted(files.items())
    ]


def accounts_record(seen: Configuration) -> dict[str, Any]:
    """The content of ``accounts.json``: the accounts that a device shows, and whether a password opens each."""
    return {
        "accounts": [
            {"login": account.name, "role": account.role, "locked": not account.enabled}
            for account in seen.accounts
        ]
    }


@dataclass
class Result:
    """Result of a state of the action. ``files`` hold secrets."""

    changed: bool = False
    commands: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    files: Files = field(default_factory=dict, repr=False)
    before: str = ""
    after: str = ""
    way_back: str = ""
    saved: bool | None = None
    about: str = ""


@dataclass
class Device:
    """One device. ``secret`` gives the value of a name such as ``account/admin``."""

    target: Target
    driver: SwitchDriver
    dialogue: Dialogue
    secret: Callable[[str], str]
    limits: Limits = field(default_factory=Limits)
    minutes: int = 5
    minute: float = 60.0

    def gather(self) -> Result:
        """Read the device; one login."""
        with self._login() as session:
            files = read(session, self.driver)
            told = about(session, self.driver)
        saved = not self._change().unsaved(files)
        kept = {
            path: self.dialogue.kept(text.decode("utf-8", "replace")).encode() for path, text in files.items()
        }
        return Result(files=kept, about=told, saved=saved)

    def plan(self, wanted: Configuration, renewed: Sequence[str] = ()) -> Result:
        """The commands that would be sent. ``renewed`` are the secrets to set again."""
        with self._login() as session:
            files = read(session, self.driver)
        return self._planned(wanted, renewed, files)

    def present(self, wanted: Configuration, renewed: Sequence[str] = (), risky: bool = False) -> Result:
        """Apply the wanted configuration, and save it if the startup configuration differs."""
        with self._login() as session:
            files = read(session, self.driver)
            result = self._planned(wanted, renewed, files)
            change = self._change(result)
            if result.commands:
                secrets = {name: self.secret(name) for name in result.secrets}
                outcome = change.apply(session, wanted, files, self._commands, secrets, risky)
                result.files, result.way_back, result.saved = outcome.files, outcome.way_back, outcome.saved
                result.after = self._readable(outcome.files)
            elif change.unsaved(files):
                result.changed, result.saved = True, change.keep(session, files)
        return result

    def send(self, commands: Sequence[str]) -> Result:
        """Send commands to a blank device, line by line, and save: a restore."""
        with self._login() as session:
            session.configure(commands, {}, lambda command: self.driver.redact_commands([command])[0])
            files = read(session, self.driver)
            saved = self._change().keep(session, files)
        return Result(True, tuple(self.driver.redact_commands(commands)), files=files, saved=saved)

    # -- inside ----

    def _planned(self, wanted: Configuration, renewed: Sequence[str], files: Files) -> Result:
        planned = self.driver.plan(wanted, files)
        rest = set(renewed) - {name for command in planned for name in names_in(command)}
        self._commands = (*planned, *(renewing(self.driver, wanted, rest, BLANK) if rest else ()))
        names = tuple(dict.fromkeys(name for command in self._commands for name in names_in(command)))
        shown = tuple(self.driver.redact_commands(self._commands))
        before = self._readable(files)
        unsaved = self._change().unsaved(files)
        return Result(bool(shown) or unsaved, shown, names, files, before, before, saved=not unsaved)

    def _readable(self, files: Files) -> str:
        path = next(iter(self.driver.commands))
        text = self.driver.redact(path, files.get(path, b"").decode("utf-8", "replace")) or ""
        return self.dialogue.stable(text) + "\n"

    def _change(self, result: Result | None = None) -> Change:
        """The change; its new login uses the account's new password if that is set."""
        target = self.target
        name = f"{ACCOUNT}{target.username}"
        if result is not None and name in result.secrets:
            target = dataclasses.replace(target, password=self.secret(name))
        return Change(
            lambda: open_session(target, self.dialogue, self.limits),
            self.driver,
            self.dialogue,
            target.name,
            self.minutes,
            self.minute,
        )

    def log_in(self, username: str, password: str) -> None:
        """Log in with another account and leave. Raises LoginRefused; privileged mode is not asked for."""
        Channel(dataclasses.replace(self.target, username=username, password=password)).close()

    def _login(self) -> Session:
        return open_session(self.target, self.dialogue, self.limits)


def open_session(target: Target, dialogue: Dialogue, limits: Limits) -> Session:
    """A session, with the second password where the first is refused."""
    try:
        return Session(target, dialogue, limits)
    except LoginRefused:
        if not target.second_password:
            raise
        return Session(dataclasses.replace(target, password=target.second_password), dialogue, limits)


def configuration_diff(result: Result, name: str) -> dict[str, str]:
    """Difference for ``--diff``: lines of the configuration after a change, the commands in check mode."""
    if result.after != result.before:
        lines = difflib.unified_diff(
            result.before.splitlines(True),
            result.after.splitlines(True),
            f"before: {name}",
            f"after: {name}",
            n=2,
        )
        return {"prepared": "".join(lines)}
    return {"prepared": "".join(f"{line}\n" for command in result.commands for line in command.split("\n"))}
