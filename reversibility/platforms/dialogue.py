"""Dialogue of a platform's command line: prompts, refusals, questions, saving, and the device's own rollback."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

# Log lines that a device prints at any time.
SYSLOG = re.compile(
    r"^(?:\*|\.)?(?:\d{4} )?[A-Z][a-z]{2} +\d+ [\d:.]+[^%\n]*: %[A-Z0-9_-]+-\d-[A-Z0-9_]+: .*$", re.MULTILINE
)
SHUTDOWN = re.compile(r"^\*\*\*(?: --- SHUTDOWN .* ---)?\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Question:
    """Text of a question, and the safe answer after the command ``after``; None: stop with an error."""

    text: str
    answer: str | None
    after: str = ""
    """The commands that may be asked this; '' for all."""


@dataclass(frozen=True)
class WayBack:
    """A timer on the device that undoes a change unless it is cancelled after a new login.

    ``arm`` holds ``{minutes}``. ``armed`` is in the answer when it was armed, ``pending`` in the
    answer to ``show`` while it runs.
    """

    name: str
    arm: str
    armed: str
    disarm: str
    show: str = ""
    """The command that tells whether it runs; '' where there is none: then the answers to the other two say it."""
    pending: str = ""
    disarmed: str = ""
    """Is in the answer to disarming."""
    enters_configuration: bool = False
    """Whether arming leaves the session in configuration mode."""
    restarts: bool = False
    """Whether it undoes by a restart, which everybody feels: only for changes that may cut the way in."""
    revert: str = ""
    """The command that undoes at once; '' when there is none."""
    saves: bool = False
    """Whether disarming saves."""
    commit: str = ""
    """Applies what was staged since arming, and starts the timer (``{seconds}``); '' where arming starts it.

    Then ``arm`` only enters the mode that stages, ``disarm`` is sent there, and ``abandon`` leaves it without a change.
    """
    abandon: str = ""
    before: str = ""
    """The commands that must be there before others are staged."""


@dataclass(frozen=True)
class Snapshot:
    """Copy of the running configuration on the device, for what no timer undoes; what the answers hold."""

    take: str
    taken: str
    restore: str
    restored: str
    forget: str


@dataclass(frozen=True)
class Dialogue:
    """Dialogue of one platform. Regular expressions match whole lines unless stated otherwise."""

    prompt: str
    """The prompt, with the groups ``name``, ``mode`` (in brackets, or nothing) and ``end``."""
    errors: tuple[str, ...]
    """Searched in each line of an answer to a configuring command."""
    harmless: tuple[str, ...] = ()
    """Lines that look like errors and are none."""
    prepare: tuple[str, ...] = ()
    """Commands after the login: no paging, a wide terminal."""
    enable: str = "enable"
    configure: str = "configure terminal"
    leave: str = "end"
    bye: str = "exit"
    any_key: str = ""
    """Text of a page that waits for a key before the first prompt."""
    questions: tuple[Question, ...] = ()
    ends: Mapping[str, str] | None = None
    """By command: the last line of a whole answer."""
    save: str = "write memory"
    saved: str = r"\[OK\]"
    startup: str = ""
    """The command that shows what a restart would load; '' where there is no such thing."""
    running: str = "show running-config"
    volatile: tuple[str, ...] = ()
    """Lines that differ between two readings of the same configuration."""
    separator: str = "!"
    """The line that separates blocks and says nothing."""
    ways_back: tuple[WayBack, ...] = ()
    snapshot: Snapshot | None = None
    risky: tuple[str, ...] = ()
    """Commands, without their indentation, that may cut the way in."""
    literal_next: str = ""
    """Key that takes the special meaning from the next one, needed before ``?``."""
    name_length: int = 255
    """Characters of the host name that a configuration prompt shows."""
    line_length: int = 250
    no_rsa_sha2: bool = False
    """Whether old firmware fails on RSA keys with SHA-2."""

    def __post_init__(self) -> None:
        """Have the expressions in the cache of ``re``, which the processes of Ansible's workers then begin with."""
        for pattern in (self.prompt, self._volatile, *self.errors, *self.harmless, *self.risky):
            re.compile(pattern)

    @property
    def _volatile(self) -> str:
        return "|".join(f"(?:{line})" for line in self.volatile)

    def stable(self, text: str) -> str:
        """The configuration in the form in which two readings are compared: without empty lines and separators too."""
        return "\n".join(
            line for line in self.kept(text).splitlines() if line.strip() not in ("", self.separator)
        )

    def kept(self, text: str) -> str:
        """The text for the record: without lines that change with each reading."""
        pattern = re.compile(self._volatile) if self.volatile else None
        lines = [line.rstrip() for line in text.splitlines()]
        return (
            "\n".join(line for line in lines if not (pattern and pattern.fullmatch(line))).strip("\n") + "\n"
        )

    def error_in(self, answer: str) -> str | None:
        """The first line of an answer that says that a command was refused."""
        for line in answer.splitlines():
            if any(re.search(error, line) for error in self.errors) and not any(
                re.search(ok, line) for ok in self.harmless
            ):
                return line.strip()
        return None

    def is_risky(self, command: str) -> bool:
        """Whether a command may cut the management access."""
        return any(re.match(pattern, command.strip()) for pattern in self.risky)
