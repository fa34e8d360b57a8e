# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change of a device: with the device's rollback armed, a new login, a read-back, and only then saved."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.cartable.fleet.plugins.plugin_utils.network.errors import (
    CommandRefused,
    DeviceError,
    NoPrompt,
    NoWayBack,
    SessionLost,
    Unreachable,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.session import Session

try:
    from reversibility.platforms.dialogue import Dialogue, WayBack
    from reversibility.platforms.driver import ChangeRefused, SwitchDriver, UnknownGrammar
    from reversibility.platforms.model import Configuration
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None


Files = dict[str, bytes]


def read(session: Session, driver: SwitchDriver) -> Files:
    """The configuration of a device: output of the driver's commands, by path. Raises DeviceError."""
    optional = set(driver.commands) - set(driver.required_files("switch"))
    files = {}
    for path, command in driver.commands.items():
        try:
            files[path] = session.show(command).encode()
        except CommandRefused:
            if path not in optional:
                raise
    return files


def about(session: Session, driver: SwitchDriver) -> str:
    """Output of the inventory commands. Commands that the account may not run are left out."""
    answers = []
    for command in driver.about:
        try:
            answers.append(session.show(command))
        except CommandRefused:
            continue
    return "\n".join(answers)


@dataclass
class Outcome:
    """Result of a change: files of the device, the armed rollback, whether the change survives a restart."""

    files: Files = field(repr=False)
    way_back: str = ""
    saved: bool = False


@dataclass
class Change:
    """One change of one device. ``login`` opens a new session, with the new password where that changes."""

    login: Callable[[], Session]
    driver: SwitchDriver
    dialogue: Dialogue
    name: str
    minutes: int = 5
    minute: float = 60.0
    """Seconds of a minute; tests make it short, as their devices do."""
    _snapshot: bool = False
    _committed: bool = False
    """Whether what was staged runs, and its timer with it."""

    def apply(
        self,
        session: Session,
        wanted: Configuration,
        before: Files,
        commands: Sequence[str],
        secrets: Mapping[str, str],
        force_risk: bool = False,
    ) -> Outcome:
        """Send the commands and save. Raises DeviceError, which names the state of the device."""
        risky = force_risk or any(self.dialogue.is_risky(command) for command in commands)
        way, entered = self._arm(session, risky)
        staged = way is not None and bool(way.commit)
        self._snapshot = not staged and (way is None or not way.revert) and self._take_snapshot(session)
        try:
            shown = dict(zip(commands, self.driver.redact_commands(commands), strict=True))
            if way is not None and staged:
                self._stage(session, way, commands, secrets, shown)
            else:
                session.configure(commands, secrets, lambda command: shown[command], entered)
        except DeviceError as error:
            raise self._failed(error, session, way, before) from None  # Ansible would repeat the cause
        if not staged:
            session.close()
        try:
            fresh = self._new_login(way)
        except DeviceError as error:
            raise self._failed(error, None, way, before) from None  # Ansible would repeat the cause
        with fresh:
            try:
                files = read(fresh, self.driver)
                self._compare(wanted, files)
            except (DeviceError, UnknownGrammar, ChangeRefused) as error:
                raise self._failed(error, fresh, way, before) from None  # Ansible would repeat the cause
            if way is not None and staged:
                self._confirm(session, fresh, way)
            elif way is not None:
                self._disarm(fresh, way)
            self._forget_snapshot(fresh)
            return Outcome(files, way.name if way else "", self.keep(fresh, files))

    def keep(self, session: Session, files: Files) -> bool:
        """Save, and compare the startup with the running configuration; the files then hold the saved one."""
        session.save()
        if not self.dialogue.startup:
            return True
        saved = session.show(self.dialogue.startup)
        running = session.show(self.dialogue.running)
        if not self.same(saved, running):
            raise CommandRefused(f"{self.name} saved another configuration than the one that runs.")
        for path, command in self.driver.commands.items():
            if command in (self.dialogue.startup, self.dialogue.running):
                files[path] = (saved if command == self.dialogue.startup else running).encode()
        return True

    def same(self, one: str, other: str) -> bool:
        """Whether two configurations are equal, apart from values that change with each reading."""
        return self.dialogue.stable(one) == self.dialogue.stable(other)

    def unsaved(self, files: Files) -> bool:
        """Whether a restart would lose changes."""
        found = {
            command: files.get(path, b"").decode("utf-8", "replace")
            for path, command in self.driver.commands.items()
        }
        startup = self.dialogue.startup
        return bool(startup and startup in found) and not self.same(
            found[startup], found[self.dialogue.running]
        )

    # -- the way back ----

    def _arm(self, session: Session, risky: bool) -> tuple[WayBack | None, bool]:
        """Arm the first rollback that the device has; also returns whether the session is now in configuration mode."""
        reasons = []
        for way in self.dialogue.ways_back:
            if (way.restarts or way.commit) and not risky:
                continue
            answer = session.run(way.arm.format(minutes=self.minutes))
            if way.enters_configuration and session.mode:
                return way, True
            if not way.enters_configuration and self._is_armed(session, way, answer):
                return way, False
            reasons.append(
                self.dialogue.error_in(answer) or answer.strip().rpartition("\n")[2] or "no answer"
            )
        if risky:
            raise NoWayBack(
                f"{self.name}: the change may cut the way to the device, and no way back could be armed "
                f"({'; '.join(reasons) or 'this platform has none'}); nothing was changed."
            )
        return None, False

    def _stage(
        self,
        session: Session,
        way: WayBack,
        commands: Sequence[str],
        secrets: Mapping[str, str],
        shown: Mapping[str, str],
    ) -> None:
        """Stage the commands and commit them with a timer; commands that must come first are sent directly."""
        first = [command for command in commands if re.match(way.before, command)] if way.before else []
        if first:
            session.run(way.abandon)
            self._snapshot = self._take_snapshot(session)
            session.configure(first, secrets, shown.__getitem__)
            session.run(way.arm)
        rest = [command for command in commands if command not in first]
        session.configure(rest, secrets, shown.__getitem__, entered=True, stay=True)
        commit = way.commit.format(seconds=max(30, round(self.minutes * 60)))
        self._committed = True  # also without an answer, since the commit may have cut the connection
        if error := self.dialogue.error_in(session.run(commit)):
            self._committed = False
            raise CommandRefused(f"{self.name} refuses '{commit}': {error}")

    def _confirm(self, first: Session, fresh: Session, way: WayBack) -> None:
        """Confirm the commit in its own session if that still answers, else in the new one."""
        try:
            answer = first.run(way.disarm)
            first.leave()
            first.close()
        except DeviceError:
            first.close()
            fresh.run(way.arm)
            answer = fresh.run(way.disarm)
            fresh.leave()
        if error := self.dialogue.error_in(answer):
            raise CommandRefused(
                f"{self.name} does not confirm the change ({error}); it undoes it within {self.minutes} min."
            )

    @staticmethod
    def _is_armed(session: Session, way: WayBack, answer: str) -> bool:
        return bool(
            re.search(way.pending, session.run(way.show)) if way.show else re.search(way.armed, answer)
        )

    def _take_snapshot(self, session: Session) -> bool:
        snapshot = self.dialogue.snapshot
        return snapshot is not None and bool(re.search(snapshot.taken, session.run(snapshot.take)))

    def _forget_snapshot(self, session: Session) -> None:
        if self._snapshot and self.dialogue.snapshot is not None:
            session.run(self.dialogue.snapshot.forget)
            self._snapshot = False

    def _disarm(self, session: Session, way: WayBack) -> None:
        answer = session.run(way.disarm)
        if not (re.search(way.disarmed, answer) if way.disarmed else not self._is_armed(session, way, "")):
            raise CommandRefused(
                f"{self.name} does not cancel '{way.name}'; it undoes the change within {self.minutes} min."
            )

    def _new_login(self, way: WayBack | None) -> Session:
        """Try a new login until it succeeds or half of the rollback time is over (a port may take 30 s to forward)."""
        end = time.monotonic() + (self.minutes * self.minute / 2 if way else 30.0)
        while True:
            try:
                return self.login()
            except Unreachable:
                if time.monotonic() > end:
                    raise
                time.sleep(min(1.0, self.minute / 60))

    def _compare(self, wanted: Configuration, files: Files) -> None:
        rest = self.driver.plan(wanted, files)
        if rest:
            missing = "; ".join(line.strip().split("\n")[0] for line in self.driver.redact_commands(rest)[:3])
            raise CommandRefused(f"{self.name} took the change, but does not have it: still to do {missing}")

    # -- failures ----

    def _failed(
        self, error: Exception, session: Session | None, way: WayBack | None, before: Files
    ) -> DeviceError:
        """The error with the state of the device: unchanged, or waiting for its rollback timer."""
        state = ""
        try:
            lost = isinstance(error, (SessionLost, NoPrompt))
            if lost and session is not None:
                session.close()
            state = self._undo(None if lost else session, way, before)
        # NotImplementedError: a driver that only reads has no plan to undo with.
        except (DeviceError, UnknownGrammar, ChangeRefused, NotImplementedError):
            if way is not None:
                state = f"it undoes the change by itself within {self.minutes} min ('{way.name}')"
            else:
                state = "the change is there in part and is not saved: a restart of the device forgets it"
        return type(error)(f"{str(error).rstrip('.')}; {state}.") if isinstance(error, DeviceError) else CommandRefused(
            f"{self.name}: {error}; {state}."
        )  # fmt: skip

    def _undo(self, session: Session | None, way: WayBack | None, before: Files) -> str:
        """Roll the device back now. Raises if that fails or cannot be verified."""
        if self._committed:
            raise NoWayBack("what was committed waits for its timer")
        with session or self.login() as session:
            if session.mode and way is not None and way.abandon:
                session.run(way.abandon)
            if session.mode:
                session.leave()
            staged = way is not None and bool(way.commit)
            if staged and not self._snapshot:
                pass  # no command ran
            elif way is not None and way.revert:
                session.run(way.revert)
            elif self._snapshot and self.dialogue.snapshot is not None:
                if not re.search(
                    self.dialogue.snapshot.restored, session.run(self.dialogue.snapshot.restore)
                ):
                    raise CommandRefused("the copy was not put back")
                self._forget_snapshot(session)
            else:
                back = self.driver.plan(self.driver.parse(before), read(session, self.driver))
                session.configure(back, {}, lambda command: self.driver.redact_commands([command])[0])
            running = session.show(self.dialogue.running)
            if not self.same(running, before[next(iter(self.driver.commands))].decode("utf-8", "replace")):
                raise CommandRefused("it is not as it was")
            if way is not None and not way.revert and not staged:
                self._disarm(session, way)
        return "the device is as it was"
