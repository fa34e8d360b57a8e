# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unix device (access point, Open vSwitch): read, planned and changed by its driver's scripts, with a rollback."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ansible_collections.cartable.fleet.plugins.plugin_utils.network.errors import (
    CommandRefused,
    DeviceError,
    Unreachable,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.remote_shell import RemoteShell
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.session import Limits
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.transport import Target

try:
    from reversibility.platforms.driver import ChangeRefused, UnknownGrammar
    from reversibility.platforms.model import Configuration
    from reversibility.platforms.shell_driver import Goal, ShellDriver
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

Files = dict[str, bytes]
Changes = Callable[[Files], "tuple[Goal, Mapping[str, str]]"]
"""From a device's files to those that have to change, with their secrets, and these secrets."""


@dataclass
class ShellResult:
    """Result of a state of the action. ``files`` hold secrets, ``diffs`` do not."""

    changed: bool = False
    paths: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    files: Files = field(default_factory=dict, repr=False)
    diffs: tuple[dict[str, str], ...] = ()
    way_back: str = ""


@dataclass
class ShellDevice:
    """One device. ``secret`` gives the value of a name such as ``wifi/Ecole``, '' where the vault has none yet."""

    target: Target
    driver: ShellDriver
    secret: Callable[[str], str]
    limits: Limits = field(default_factory=Limits)
    minutes: int = 5
    minute: float = 60.0
    """Seconds of a minute; tests make it short."""

    def gather(self) -> ShellResult:
        """Read the device; one login."""
        with self._login() as shell:
            return ShellResult(files=self._read(shell))

    def plan(self, wanted: Configuration) -> ShellResult:
        """The changes to make, also if secrets are not in the vault yet."""
        with self._login() as shell:
            files = self._read(shell)
        return self._result(files, *self._changed(wanted, files, whole=False))

    def present(self, wanted: Configuration) -> ShellResult:
        """Apply the wanted configuration; a new login must succeed before the rollback is cancelled."""
        return self._brought(lambda files: self._changed(wanted, files, whole=True))

    def restore(self, kept: Mapping[str, bytes], *, check: bool = False) -> ShellResult:
        """Restore the recorded files, as ``present`` does."""
        if not check:
            return self._brought(lambda files: (self._restoring(kept, files), {}))
        with self._login() as shell:
            files = self._read(shell)
        return self._result(files, self._restoring(kept, files), {})

    def set_password(self, account: str, password: str) -> None:
        """Set the password of an account; a login with it is the caller's proof. Raises CommandRefused."""
        if not self.driver.scripts.password:
            raise CommandRefused(f"{self.target.name}: no password is set on this platform.")
        with self._login() as shell:
            data = f"{account}\n{password}\n".encode()
            shell.run(self.driver.scripts.password, data, what=f"the new password of {account}")

    def log_in(self, username: str, password: str) -> None:
        """Log in with another account's password and leave. Raises LoginRefused."""
        other = {"username": username, "password": password, "second_password": "", "key_file": ""}
        RemoteShell(dataclasses.replace(self.target, **other), self.limits).close()

    # -- inside ----

    def _brought(self, changes: Changes) -> ShellResult:
        with self._login() as shell:
            files = self._read(shell)
            changed, secrets = changes(files)
            result = self._result(files, changed, secrets)
            if not changed:
                return result
            try:
                script = self.driver.scripts.apply.replace("{seconds}", self._seconds)
                # A small device takes its time to start a service; the rollback comes in any case.
                answer = shell.run(script, self.driver.payload(files, changed), "the change", self._patience)
                handle = answer.decode("utf-8", "replace").strip().rpartition("\n")[2]
            except DeviceError as error:
                raise self._undone(error, "", files) from None  # Ansible would repeat the cause
        try:
            result.files = self._proven(changes, handle)
        except (DeviceError, UnknownGrammar, ChangeRefused) as error:
            raise self._undone(error, handle, files) from None  # Ansible would repeat the cause
        result.way_back = self.driver.scripts.way_back
        return result

    @property
    def _seconds(self) -> str:
        return str(max(1, round(self.minutes * self.minute)))

    @property
    def _patience(self) -> float:
        """Half of the rollback time, in seconds."""
        return self.minutes * self.minute / 2

    def _login(self) -> RemoteShell:
        return RemoteShell(self.target, self.limits)

    def _read(self, shell: RemoteShell) -> Files:
        return self.driver.received(shell.run(self.driver.scripts.read, what="reading its configuration"))

    def _changed(self, wanted: Configuration, files: Files, *, whole: bool) -> tuple[Goal, Mapping[str, str]]:
        """The files that are not as wanted, with their secrets, and those secrets. ``whole``: none may be missing."""
        goal = self.driver.planned(wanted, files)
        names = {
            name for path, text in goal.items() if text is not None for name in self.driver.names(path, text)
        }
        secrets = {name: self.secret(name) for name in sorted(names)}
        missing = [name for name, value in secrets.items() if not value]
        if missing and whole:
            raise CommandRefused(f"The vault lacks {', '.join(missing)}; nothing was changed.")
        changed = {}
        for path, text in goal.items():
            before = files[path].decode("utf-8", "replace") if path in files else None
            if text is None:
                if before is not None:
                    changed[path] = None
                continue
            lacks = any(name in missing for name in self.driver.names(path, text))
            filled = text if lacks else self.driver.filled(path, text, secrets)
            if before is None or not self.driver.same(path, before, filled):
                changed[path] = filled
        used = {name: secrets[name] for path in changed for name in self.driver.names(path, goal[path] or "")}
        return changed, used

    def _restoring(self, kept: Mapping[str, bytes], files: Files) -> Goal:
        """Those of the kept files that the device has not, and those that it has beside them."""
        goal: dict[str, str | None] = {
            path: kept[path].decode("utf-8", "replace") for path in self.driver.restore(kept) if path in kept
        }
        goal |= {path: None for path in self.driver.restore(files) if path in files and path not in goal}
        return {
            path: text
            for path, text in goal.items()
            if text is None
            or path not in files
            or not self.driver.same(path, files[path].decode("utf-8", "replace"), text)
        }

    def _result(self, files: Files, changed: Goal, secrets: Mapping[str, str]) -> ShellResult:
        held = "\n".join(content.decode("utf-8", "replace") for content in files.values())
        new = tuple(
            name for name, value in sorted(secrets.items())
            if not value or (value not in held and value.replace("'", "'\\''") not in held)
        )  # fmt: skip
        diffs = tuple(self._diff(path, files, text) for path, text in sorted(changed.items()))
        return ShellResult(bool(changed), tuple(sorted(changed)), new, files, diffs)

    def _diff(self, path: str, files: Files, text: str | None) -> dict[str, str]:
        before = self._readable(path, files[path].decode("utf-8", "replace")) if path in files else ""
        return {
            "before_header": path,
            "after_header": path,
            "before": before,
            "after": self._readable(path, text) if text is not None else "",
        }

    def _readable(self, path: str, text: str) -> str:
        shown = self.driver.redact(path, text)
        return shown if shown is not None else "(not shown)\n"

    def _proven(self, changes: Changes, handle: str) -> Files:
        """After a new login, check configuration and health, then cancel the rollback."""
        with self._new_login() as shell:
            files = self._read(shell)
            rest, _secrets = changes(files)
            if rest:
                raise CommandRefused(
                    f"{self.target.name} took the change, but does not have it: {', '.join(sorted(rest))}"
                )
            confirm = self.driver.scripts.confirm.replace("{handle}", handle)
            shell.run(confirm, what="the confirmation", seconds=self._patience)
        return files

    def _new_login(self) -> RemoteShell:
        """Try a new login until it succeeds or half of the rollback time is over."""
        end = time.monotonic() + self._patience
        while True:
            try:
                return self._login()
            except Unreachable:
                if time.monotonic() > end:
                    raise
                time.sleep(min(1.0, self.minute / 60))

    def _undone(self, error: Exception, handle: str, before: Files) -> DeviceError:
        """The error with the state of the device: unchanged, or waiting for its rollback timer."""
        try:
            with self._login() as shell:
                shell.run(self.driver.scripts.revert.replace("{handle}", handle), what="going back")
                if self._read(shell) != before:
                    raise CommandRefused("it is not as it was")
            state = "the device is as it was"
        except (CommandRefused, UnknownGrammar) as refusal:
            state = f"going back failed as well: {str(refusal).rstrip('.')}"
        except DeviceError:
            state = (
                f"it undoes the change by itself within {self._seconds} s ({self.driver.scripts.way_back})"
            )
        kind = type(error) if isinstance(error, DeviceError) else CommandRefused
        return kind(f"{str(error).rstrip('.')}; {state}.")
