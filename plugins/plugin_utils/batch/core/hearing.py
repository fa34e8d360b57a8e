# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a program on the target prints, while it runs: Ansible's connections hand it on when it has ended."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ansible.plugins.connection import ssh
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.stand_in import stand_in

Hear = Callable[[bytes], None]


def is_ssh(connection: Any) -> bool:
    """Whether the connection is Ansible's own by OpenSSH, and not somebody else's of that name."""
    return inspect.getfile(type(connection)) == inspect.getfile(ssh)


@contextmanager
def heard(connection: Any, hearing: Callable[[], Hear]) -> Iterator[None]:
    """Let what ``hearing`` gives have each piece of what a program prints over a connection by ssh; of others, nothing.

    That connection reads what has come whenever something has; the others read in the standard library. ``hearing`` is
    called before each program is started, and no program is where it raises something.
    """
    if not is_ssh(connection):
        yield
        return

    def start(*arguments: Any, **named: Any) -> subprocess.Popen[bytes]:
        hear = hearing()
        program = subprocess.Popen(*arguments, **named)
        program.stdout = _Heard(program.stdout, hear)  # type: ignore[assignment]
        return program

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
