"""The output of a program is read while it runs, with a fake ssh."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter.ssh_stream import streamed

# Says something and waits, half a minute at most, to be told that it was heard.
PROGRAM = """#!/bin/sh
test "$(head -n 1)" = question || exit 9
echo first
timeout 30 cat {fifo} || echo nobody heard
echo second >&2
echo third
cat
exit 3
"""


class Ear:
    """Hears, and is told when a program begins."""

    def __init__(self, hear: Callable[[bytes], None], *, keeps_input: bool = False) -> None:
        self.receive, self.keeps_input = hear, keeps_input
        self.process: subprocess.Popen[bytes] | None = None

    def before_start(self) -> None:
        """It may."""

    def started(self, process: subprocess.Popen[bytes]) -> None:
        self.process, self.input = process, process.stdin


class NotAgain(Ear):
    def before_start(self) -> None:
        raise AnsibleConnectionFailure("not again")


def connection(folder: Path, name: str = "ssh") -> Any:
    program = folder / "ssh"
    program.write_text(PROGRAM.format(fifo=folder / "fifo"), encoding="utf-8")
    program.chmod(0o700)
    made = connection_loader.get(name, PlayContext())
    made.set_options(direct={"host": "pc.example", "ssh_executable": str(program)} if name == "ssh" else {})
    return made


@pytest.mark.parametrize("keeps_input", [False, True])
def test_by_ssh_it_is_heard_while_the_program_runs(tmp_path: Path, keeps_input: bool) -> None:
    os.mkfifo(tmp_path / "fifo")
    pieces: list[bytes] = []

    def hear(piece: bytes) -> None:
        pieces.append(piece)
        if b"".join(pieces) == b"first\n":
            (tmp_path / "fifo").write_text("heard\n", encoding="utf-8")
        if keeps_input and b"third\n" in b"".join(pieces) and not ear.input.closed:
            ear.input.write(b"more\n")
            ear.input.close()

    ear = Ear(hear, keeps_input=keeps_input)
    ssh = connection(tmp_path)
    with streamed(ssh, ear):
        status, out, err = ssh.exec_command("true", in_data=b"question\n", sudoable=False)
    said = b"first\nheard\nthird\n" + b"more\n" * keeps_input
    assert (status, out, err) == (3, said, b"second\n")
    assert b"".join(pieces) == out, "and not what goes to the standard error"
    assert all(pieces), "nor that there is no more"


def test_no_program_is_started_where_nobody_will_hear_it(tmp_path: Path) -> None:
    ssh = connection(tmp_path)
    with streamed(ssh, NotAgain(print)), pytest.raises(AnsibleConnectionFailure, match="not again"):
        ssh.exec_command("true", in_data=b"question\n", sudoable=False)


def test_what_another_thread_starts_meanwhile_is_its_own(tmp_path: Path) -> None:
    (tmp_path / "fifo").write_text("", encoding="utf-8")
    ssh, ended = connection(tmp_path), list[Any]()

    def other() -> None:
        ended.append(ssh.exec_command("true", in_data=b"question\n", sudoable=False))

    with streamed(ssh, NotAgain(lambda piece: pytest.fail(f"heard {piece!r}"))):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert ended == [(3, b"first\nthird\n", b"second\n")]


def test_afterwards_nothing_is_in_anybodys_way(tmp_path: Path) -> None:
    ssh = connection(tmp_path)
    plugin = sys.modules[type(ssh).__module__]
    with streamed(ssh, Ear(print)):
        assert plugin.subprocess.PIPE == subprocess.PIPE
        assert plugin.subprocess is not subprocess
    assert plugin.subprocess is subprocess
