"""One simulated PC: state, authentication, power, and execution of command lines."""

from __future__ import annotations

import datetime
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import logon, reachability, scheduler
from .execution import actions, command_line, exec_manifest, raw
from .faults import Faults
from .journal import Journal
from .models.api import Call
from .replay import Recording
from .state import windows_update
from .state.pc_state import PCState
from .wsman.certificates import Certificate, self_signed
from .wsman.shells import Shells


class PC:
    """A PC behind WinRM. Thread-safe: models run one at a time, under `lock`."""

    def __init__(
        self,
        state: PCState,
        *,
        state_file: Path | None = None,
        journal_file: Path | None = None,
        allow_basic: bool = False,
        allow_unencrypted: bool = False,
    ) -> None:
        self.state = state
        self.journal, self.faults, self.lock = Journal(journal_file), Faults(), threading.RLock()
        self.basic, self.unencrypted = allow_basic, allow_unencrypted
        self.max_envelope_kb = 500  # Windows 8 and 2012 and later
        self.web: dict[
            str, bytes
        ] = {}  # what the PC finds at a URL; an HTTP server on the loopback is asked for real
        self.recording: Recording | None = None  # answers of a real PC, which come before the models
        self.ran: Callable[[str, dict[str, Any]], None] = lambda module, arguments: (
            None
        )  # before a module's answer
        self.controller = "192.0.2.5"  # the address from which the firewall sees whoever connects
        self.encryption_percent = 25  # that BitLocker encrypts or decrypts at each tick
        self._ticked = self.now()
        self.restart_seconds = 0.3
        self.time_scale = 0.2  # of the delays that Windows would wait
        self.shells = Shells(self.execute, self.faults, self.journal)
        self._state_file, self._written = state_file, ""
        self._down_until = 0.0
        self._certificate: Certificate | None = None
        if not state.system.booted_at:
            state.system.booted_at = self.now().timestamp()
        self.save()

    @classmethod
    def load(cls, state_file: Path, **options: bool | Path | None) -> PC:
        """The PC of a state file."""
        state = PCState.from_json(json.loads(state_file.read_text(encoding="utf-8")))
        return cls(state, state_file=state_file, **options)  # type: ignore[arg-type]

    @property
    def name(self) -> str:
        return self.state.system.name

    def now(self) -> datetime.datetime:
        """The PC's own clock."""
        ahead = datetime.timedelta(seconds=self.state.system.clock_offset)
        return datetime.datetime.now(datetime.UTC) + ahead

    @property
    def allow_basic(self) -> bool:
        """Basic authentication: the policy's word, else the service's own setting."""
        policy = reachability.allows(self.state, "AllowBasic")
        return self.basic if policy is None else policy

    @property
    def allow_unencrypted(self) -> bool:
        policy = reachability.allows(self.state, "AllowUnencryptedTraffic")
        return self.unencrypted if policy is None else policy

    @property
    def allow_negotiate(self) -> bool:
        return reachability.allows(self.state, "AllowNegotiate") is not False

    @property
    def certificate(self) -> Certificate:
        """The HTTPS listener's, made once, when the PC's clock said so."""
        if self._certificate is None:
            self._certificate = self_signed(self.name, self.now())
        return self._certificate

    # Accounts ------------------------------------------------------------------------------------------------------

    def password_for_network_logon(self, domain: str, user: str) -> str:
        """Password of an account that may log on from the network as an administrator; LogonRefusedError else."""
        return logon.network_password(self.state, domain, user)

    def logon_failed(self, user: str) -> None:
        """Count a wrong password; lock the account when the policy says so."""
        account = self.state.accounts.find_user(user)
        if account is None:
            return
        account.bad_logons += 1
        limit = int(self.state.security_policy.get("LockoutBadCount", 0))
        if limit and account.bad_logons >= limit:
            account.locked = True
        self.save()

    def logon_succeeded(self, user: str) -> None:
        account = self.state.accounts.user(user)
        account.bad_logons = 0
        account.last_logon = self.now().isoformat(timespec="seconds")

    # Power ---------------------------------------------------------------------------------------------------------

    def reachable(self) -> bool:
        """Whether the PC is on."""
        return time.monotonic() >= self._down_until

    def refusal(self, port: int) -> str:
        """Why a new connection is not accepted; empty when it is."""
        return (
            "the PC is off"
            if not self.reachable()
            else reachability.refusal(self.state, port, self.controller)
        )

    def tick(self) -> None:
        """Run the scheduled tasks that are due since the last tick, by the PC's clock."""
        since, self._ticked = self._ticked, self.now()
        if not self.reachable():
            return
        with self.lock:
            for task in list(self.state.tasks):
                if scheduler.due(task, self._ticked, since):
                    scheduler.run(self, task)
            for volume in self.state.volumes:
                volume.go_on(self.encryption_percent)

    def shut_down(self) -> None:
        """Off, until `power_on`."""
        self.shells.forget()
        self._down_until = float("inf")

    def power_on(self) -> None:
        self._down_until = 0.0

    def restart(self) -> None:
        """Restart: shells are gone, what waited for the restart happens, a suspended BitLocker resumes."""
        system, state = self.state.system, self.state
        with self.lock:
            self.shells.forget()
            system.boots += 1
            down = float("inf") if self.faults.take("stays_down") else self.restart_seconds
            self._down_until = time.monotonic() + down
            system.booted_at = self.now().timestamp() + (0 if down == float("inf") else down)
            if system.pending_name:
                system.name, system.pending_name = system.pending_name, ""
                active = r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName"
                state.registry.set(active, "ComputerName", system.name)
            windows_update.finish(state)
            for feature, value in state.features.items():
                state.features[feature] = {"EnablePending": "Enabled", "DisablePending": "Disabled"}.get(
                    value, value
                )
            for volume in state.volumes:
                if volume.suspended_boots > 0:
                    volume.suspended_boots -= 1
                    if volume.suspended_boots == 0 and volume.conversion == "FullyEncrypted":
                        volume.protection = "On"
            state.registry.delete(
                r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending"
            )
            state.registry.delete(
                r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired"
            )
            session = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager"
            state.registry.delete_value(session, "PendingFileRenameOperations")
            for service in state.services.values():
                if service.start_mode in ("auto", "delayed"):
                    service.state = "started"
                elif service.start_mode == "disabled":
                    service.state = "stopped"
            state.registry.set(
                r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon", "AutoLogonChecked", ""
            )
            state.jobs.clear()
            for task in list(state.tasks):
                if task.enabled and any(trigger["type"] == "boot" for trigger in task.triggers):
                    scheduler.run(self, task)
            self.save()
        self.journal.add("reboot", boots=system.boots, comes_back=down != float("inf"))

    def restart_in(self, seconds: float) -> None:
        """`shutdown /r /t seconds`; the simulator's seconds are shorter (`time_scale`)."""
        self._later(seconds, self.restart)

    def shut_down_in(self, seconds: float) -> None:
        """`shutdown /s /t seconds`."""
        self._later(seconds, self.shut_down)

    def _later(self, seconds: float, function: Callable[[], None]) -> None:
        timer = threading.Timer(seconds * self.time_scale, function)
        timer.daemon = True
        timer.start()

    # Work ----------------------------------------------------------------------------------------------------------

    def execute(self, line: str, stdin: bytes, user_name: str) -> tuple[int, bytes, bytes]:
        """What a process of a WinRS shell does."""
        self.reload()
        user = self.state.accounts.find_user(user_name)
        parsed = command_line.parse(line)
        if user is None:
            return 1, b"", b"the account of this shell has been deleted\r\n"
        if parsed.script is not None and exec_manifest.is_bootstrap(parsed.script):
            try:
                manifest = exec_manifest.decode(parsed.script, stdin)
            except exec_manifest.ManifestError as error:
                self.journal.add("unknown", manifest=str(error))
                return 1, b"", f"simulator: {error}\r\n".encode()
            return actions.Execution(self, manifest, user).run()
        return raw.run_line(self, parsed, Call("raw", {}, self, user))

    # State file ----------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write the state file, if there is one and something changed."""
        if self._state_file is None:
            return
        with self.lock:
            text = json.dumps(
                self.state.to_json(), indent=1, sort_keys=True
            )  # ASCII: a name may have half a surrogate pair
            if text == self._written:
                return
            new = self._state_file.with_suffix(".new")
            new.touch(mode=0o600)  # it holds the passwords of the simulated accounts
            new.write_text(text, encoding="utf-8")
            new.replace(self._state_file)
            self._written = text

    def reload(self) -> None:
        """Take over what somebody changed in the state file by hand (drift)."""
        if self._state_file is None or not self._state_file.exists():
            return
        with self.lock:
            text = self._state_file.read_text(encoding="utf-8")
            if self._written and text != self._written:
                self.state = PCState.from_json(json.loads(text))
                self._written = text
                self.journal.add("drift", file=str(self._state_file))
