"""What a program prints over a connection is heard while it runs, with a program of ours in the place of ssh."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.hearing import heard

# Says something and waits, half a minute at most, to be told that it was heard.
PROGRAM = """#!/bin/sh
test "$(cat)" = question || exit 9
echo first
timeout 30 cat {fifo} || echo nobody heard
echo second >&2
echo third
exit 3
"""


def connection(folder: Path, name: str = "ssh") -> Any:
    program = folder / "ssh"
    program.write_text(PROGRAM.format(fifo=folder / "fifo"), encoding="utf-8")
    program.chmod(0o700)
    made = connection_loader.get(name, PlayContext())
    made.set_options(direct={"host": "pc.example", "ssh_executable": str(program)} if name == "ssh" else {})
    return made


def test_by_ssh_it_is_heard_while_the_program_runs(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    pieces: list[bytes] = []

    def hear(piece: bytes) -> None:
        pieces.append(piece)
        if b"".join(pieces) == b"first\n":
            (tmp_path / "fifo").write_text("heard\n", encoding="utf-8")

    with heard(connection(tmp_path), lambda: hear):
        status, out, err = connection(tmp_path).exec_command("true", in_data=b"question", sudoable=False)
    assert (status, out, err) == (3, b"first\nheard\nthird\n", b"second\n")
    assert b"".join(pieces) == out, "and not what goes to the standard error"
    assert all(pieces), "nor that there is no more"


def test_another_connection_is_left_alone_and_hands_all_on_at_the_end(tmp_path: Path) -> None:
    def hear(piece: bytes) -> None:
        pytest.fail(f"heard {piece!r}")

    with heard(connection(tmp_path, "local"), lambda: hear):
        status, out, _ = connection(tmp_path, "local").exec_command("echo first")
    assert (status, out) == (0, b"first\n")


def test_no_program_is_started_where_nobody_will_hear_it(tmp_path: Path) -> None:
    def hearing() -> Any:
        raise AnsibleConnectionFailure("not again")

    with heard(connection(tmp_path), hearing), pytest.raises(AnsibleConnectionFailure, match="not again"):
        connection(tmp_path).exec_command("true", in_data=b"question", sudoable=False)


def test_afterwards_nothing_is_in_anybodys_way(tmp_path: Path) -> None:
    ssh = connection(tmp_path)
    plugin = sys.modules[type(ssh).__module__]
    with heard(ssh, lambda: print):
        assert plugin.subprocess.PIPE == subprocess.PIPE
        assert plugin.subprocess is not subprocess
    assert plugin.subprocess is subprocess
