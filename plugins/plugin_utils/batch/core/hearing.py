# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a program on the target prints, while it runs: Ansible's connections hand it on when it has ended.

And its standard input, which they close once they have written to it.
"""

from __future__ import annotations

import inspect
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from ansible.plugins.connection import ssh
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.stand_in import stand_in


class Listener(Protocol):
    """Who hears what a program prints."""

    keeps_input: bool  # open, for more than what Ansible writes

    def begin(self) -> None:
        """A program is about to be started; none is where this raises something."""

    def begun(self, process: subprocess.Popen[bytes]) -> None:
        """It is started."""

    def hear(self, piece: bytes) -> None:
        """It has printed something."""


def is_ssh(connection: Any) -> bool:
    """Whether the connection is Ansible's own by OpenSSH, and not somebody else's of that name."""
    return inspect.getfile(type(connection)) == inspect.getfile(ssh)


@contextmanager
def heard(connection: Any, listener: Listener) -> Iterator[None]:
    """Let ``listener`` have each piece of what a program prints that this thread starts over a ``connection`` by ssh.

    That connection reads what has come whenever something has; others read in the standard library.
    """
    thread = threading.get_ident()

    def start(*arguments: Any, **named: Any) -> subprocess.Popen[bytes]:
        if threading.get_ident() != thread:
            return subprocess.Popen(*arguments, **named)
        listener.begin()
        process = subprocess.Popen(*arguments, **named)
        listener.begun(process)
        process.stdout = _Heard(process.stdout, listener.hear)  # type: ignore[assignment]
        if listener.keeps_input:
            process.stdin = _KeptOpen(process.stdin)  # type: ignore[assignment]
        return process

    plugin = sys.modules[type(connection).__module__]  # loaded a second time, under this name
    with stand_in(plugin, "subprocess", _Subprocess(start)):
        yield


class _Subprocess:
    """The standard library's module, but for one function."""

    def __init__(self, start: Callable[..., subprocess.Popen[bytes]]) -> None:
        self.Popen = start

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)


class _Heard:
    """An open pipe of which somebody hears what is read."""

    def __init__(self, pipe: Any, hear: Callable[[bytes], None]) -> None:
        self._pipe, self._hear = pipe, hear

    def read(self) -> bytes:
        """What has come."""
        piece: bytes = self._pipe.read()
        if piece:
            self._hear(piece)
        return piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipe, name)


class _KeptOpen:
    """An open pipe that who writes to it cannot close."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe

    def close(self) -> None:
        """Hand on what was written, no more."""
        if not self._pipe.closed:
            with suppress(BrokenPipeError):  # ssh has ended, and its exit status says more
                self._pipe.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipe, name)
