# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real login with a password, through PAM, on the machine where this runs.

``su`` is run on a pseudo-terminal by somebody without rights, so that it asks for the password as it asks a person.
The password is written to the terminal only once ``su`` has turned its echo off: it is in no argument, no variable of
the environment and no file. Only the standard library; Python 3.9 and later.
"""

from __future__ import annotations

import os
import pty
import pwd
import re
import select
import signal
import termios
import time
from dataclasses import dataclass
from typing import Optional

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TERM": "dumb"}
UNPRIVILEGED = "nobody"
_POLL = 0.05
"""Seconds between two looks at the terminal while nothing comes from it."""


class LoginError(Exception):
    """The login could not be tried. The message says why."""


@dataclass(frozen=True)
class LoginResult:
    """``detail`` says in words how the try ended; it never holds the password."""

    logged_in: bool
    detail: str


def try_login(user: str, password: str, *, timeout: float = 20.0, su: str = "su") -> LoginResult:
    """Log in as ``user`` with ``password`` and run ``id -u`` as that user.

    ``timeout`` is in seconds, for the whole try. Raises LoginError when ``su`` is not there or the password cannot be
    typed. A user that does not exist, or that gets in without being asked, is not logged in.
    """
    if not password or re.search(r"[\x00-\x1f\x7f]", password):
        raise LoginError("the password is empty or has a control character, which cannot be typed at a login")
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        return LoginResult(False, "there is no account of that name")
    child, terminal = pty.fork()
    if child == 0:
        _become_su(su, user)
    return _Attempt(child, terminal, account.pw_uid, password, time.monotonic() + timeout).run()


def _become_su(su: str, user: str) -> None:
    """In the child. Root would not be asked for a password, so root is given up first."""
    try:
        if os.geteuid() == 0:
            nobody = pwd.getpwnam(UNPRIVILEGED)
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
        os.chdir("/")
        os.execvpe(su, [su, user, "-c", "id -u"], ENVIRONMENT)
    except (OSError, KeyError):
        os._exit(126)


class _Attempt:
    """One conversation with ``su``."""

    def __init__(self, child: int, terminal: int, uid: int, password: str, deadline: float) -> None:
        self.child, self.terminal, self.uid = child, terminal, uid
        self.password, self.deadline = password, deadline
        self.output = b""

    def run(self) -> LoginResult:
        asked = self._read(until_asked=True)
        late = time.monotonic() >= self.deadline
        if asked:
            self.output = b""
            os.write(self.terminal, self.password.encode() + b"\n")
            late = self._read(until_asked=False)
        return self._judge(asked, self._end(kill=late))

    def _judge(self, asked: bool, status: Optional[int]) -> LoginResult:
        said = " ".join(self.output.decode("utf-8", "replace").replace(self.password, "").split())
        if status is None:
            return LoginResult(False, f"no answer in time; it said: {said or 'nothing'}")
        code = os.waitstatus_to_exitcode(status)
        if code in (126, 127) and not asked:
            raise LoginError("su could not be started on this machine (package util-linux)")
        if not asked:
            return LoginResult(False, f"no password was asked for; it said: {said or 'nothing'}")
        if code == 0 and re.search(rf"(?:^|\s){self.uid}$", said):
            return LoginResult(True, "logged in")
        return LoginResult(False, said or f"refused with exit status {code}")

    def _read(self, *, until_asked: bool) -> bool:
        """Read until ``su`` waits for a password (True) or ends (False). Out of time: False, or True while waiting."""
        while time.monotonic() < self.deadline:
            if until_asked and self.output.rstrip(b" ").endswith(b":") and self._echo_is_off():
                return True
            ready, _, _ = select.select([self.terminal], [], [], _POLL)
            if not ready:
                continue
            try:
                data = os.read(self.terminal, 4096)
            except OSError:  # the other end of a terminal is gone
                return False
            if not data:
                return False
            self.output += data
        return not until_asked

    def _echo_is_off(self) -> bool:
        return not termios.tcgetattr(self.terminal)[3] & termios.ECHO

    def _end(self, *, kill: bool) -> Optional[int]:
        """Hang up and return the child's wait status; None when it had to be ended."""
        if kill:
            os.kill(self.child, signal.SIGKILL)
        os.close(self.terminal)
        status = os.waitpid(self.child, 0)[1]
        return None if kill else status
