# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Standard input and output of a program that Ansible starts by ssh, while it runs.

Ansible's connection returns the output once the program has ended, and closes the input once it has written to it.
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

from .monkeypatch import monkeypatch


class Listener(Protocol):
    """Receiver of the output."""

    keeps_input: bool  # kept open for further messages

    def before_start(self) -> None:
        """Called before a program starts; an exception prevents the start."""

    def started(self, process: subprocess.Popen[bytes]) -> None:
        """Called after the program has started."""

    def receive(self, piece: bytes) -> None:
        """Called with each piece of output."""


def is_ssh(connection: Any) -> bool:
    """Whether the connection is Ansible's own by OpenSSH."""
    return inspect.getfile(type(connection)) == inspect.getfile(ssh)


@contextmanager
def streamed(connection: Any, listener: Listener) -> Iterator[None]:
    """Pass ``listener`` each piece of output of a program that this thread starts over an ssh ``connection``."""
    thread = threading.get_ident()

    def start(*arguments: Any, **named: Any) -> subprocess.Popen[bytes]:
        if threading.get_ident() != thread:
            return subprocess.Popen(*arguments, **named)
        listener.before_start()
        process = subprocess.Popen(*arguments, **named)
        listener.started(process)
        process.stdout = _Output(process.stdout, listener.receive)  # type: ignore[assignment]
        if listener.keeps_input:
            process.stdin = _Input(process.stdin)  # type: ignore[assignment]
        return process

    plugin = sys.modules[type(connection).__module__]  # loaded a second time under this name
    with monkeypatch(plugin, "subprocess", _Subprocess(start)):
        yield


class _Subprocess:
    """The standard library's module with another ``Popen``."""

    def __init__(self, start: Callable[..., subprocess.Popen[bytes]]) -> None:
        self.Popen = start

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)


class _Output:
    """A pipe that passes on what is read."""

    def __init__(self, pipe: Any, receive: Callable[[bytes], None]) -> None:
        self._pipe, self._receive = pipe, receive

    def read(self) -> bytes:
        piece: bytes = self._pipe.read()
        if piece:
            self._receive(piece)
        return piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipe, name)


class _Input:
    """A pipe that its writer cannot close."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe

    def close(self) -> None:
        if not self._pipe.closed:
            with suppress(BrokenPipeError):  # ssh has ended, and its exit status says more
                self._pipe.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipe, name)
