"""Interface of a driver whose device is a Unix machine: its configuration is read and changed by shell scripts.

The scripts are run by ``/bin/sh`` as root, over SSH. Secrets go to their standard input only.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from reversibility.platforms.device_identity import Identity
from reversibility.platforms.driver import Driver, Files, UnknownGrammar
from reversibility.platforms.model import Configuration

Goal = Mapping[str, str | None]
"""Whole wanted files by path, with names in place of secrets (secret_names.py); None for one that has to go."""

REMOVED = "removed"
"""In a payload: the list of the paths to remove, one a line."""


@dataclass(frozen=True)
class Scripts:
    """What is run on the device. ``{seconds}`` and ``{handle}`` are filled in."""

    read: str
    """Prints the configuration; see ``ShellDriver.received``."""
    apply: str
    """Takes the payload. Arms the way back, applies, and prints a handle of the way back as its last line.

    Stops before anything is changed when the payload is wrong or the way back cannot be armed.
    """
    confirm: str
    """In a new login: what runs is well, the way back is cancelled. Fails when either is not so."""
    revert: str
    """Undoes the change now, and cancels the way back."""
    way_back: str
    """The way back's name, for people."""
    password: str = ""
    """Sets the password of an account; takes both on standard input, a line each. '' where no role does that here."""


class ShellDriver(Driver, Protocol):
    """A platform that is configured by files or by the commands of a Unix machine."""

    scripts: Scripts
    manufacturer: str

    def identified(self, files: Files) -> Identity:
        """What the files say of the device itself."""

    def received(self, output: bytes) -> dict[str, bytes]:
        """The files in what ``scripts.read`` printed. Raises UnknownGrammar."""

    def planned(self, wanted: Configuration, files: Files) -> Goal:
        """The files that are managed, as they should be. Raises UnknownGrammar and ChangeRefused."""

    def names(self, path: str, text: str) -> tuple[str, ...]:
        """The names of the secrets that a planned file needs, read by its grammar."""

    def filled(self, path: str, text: str, secrets: Mapping[str, str]) -> str:
        """A planned file with its secrets, written as its grammar needs. Raises KeyError and ChangeRefused."""

    def same(self, path: str, one: str, other: str) -> bool:
        """Whether two contents of a file say the same."""

    def payload(self, files: Files, changed: Goal) -> bytes:
        """What ``scripts.apply`` takes to bring the device from ``files`` to ``changed``, which has its secrets."""


def archive(changed: Goal) -> bytes:
    """A tar archive of files, with the list ``removed`` where some have to go."""
    stream = io.BytesIO()
    gone = "".join(f"{path}\n" for path, text in sorted(changed.items()) if text is None)
    kept = {path.lstrip("/"): text for path, text in sorted(changed.items()) if text is not None}
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, text in (kept | ({REMOVED: gone} if gone else {})).items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text.encode()), 0o600
            tar.addfile(member, io.BytesIO(text.encode()))
    return stream.getvalue()


def unpacked(output: bytes) -> dict[str, bytes]:
    """The regular files of a tar archive, by absolute path. Raises UnknownGrammar."""
    found = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(output), mode="r:") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if content is not None:
                    found["/" + member.name.lstrip("./")] = content.read()
    except tarfile.TarError as error:
        raise UnknownGrammar(f"the device's answer is no archive ({error})") from error
    return found
