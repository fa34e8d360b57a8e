"""The login ahead of the first program, with a program of ours in the place of ssh."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import connection_loader
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import connection as core_connection
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.connection import Target
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.host import Host
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.memos import Memos


class Machine(Target):
    """A target that is reached by a connection with such settings."""

    def __init__(self, folder: Path, does: str, name: str = "ssh", **settings: Any) -> None:
        program = folder / "ssh"
        program.write_text(
            f'#!/bin/sh\necho "$*" > {shlex.quote(str(folder / "said"))}\n{does}\n', encoding="utf-8"
        )
        program.chmod(0o700)
        connection = connection_loader.get(name, PlayContext())
        given = {
            "host": "pc.example",
            "ssh_executable": str(program),
            "control_path_dir": str(folder / "sockets"),
        }
        connection.set_options(direct=given | settings if name == "ssh" else {})
        super().__init__(SimpleNamespace(_connection=connection), Memos())  # type: ignore[arg-type]

    def log_in(self) -> subprocess.Popen[bytes] | None:
        self._login = self._log_in_ahead()
        login = self._login
        self.end_login()
        return login


class Alone(Host):
    """The host that is on such a machine, where a task runs the ordinary way as ``look`` does."""

    def __init__(self, target: Target, look: Any) -> None:
        self.target, self.memos, self._copies = target, Memos(), {}
        self._executor = look  # type: ignore[method-assign]


class Anybody:
    """Asks something of a target, whatever it answers."""

    def may_begin(self) -> None:
        """Always."""

    def hear(self, told: list[dict[str, Any]]) -> None:
        """Nothing is made of it."""


def test_nobody_is_asked_and_the_connection_is_kept(tmp_path: Path) -> None:
    login = Machine(tmp_path, "exit 0").log_in()
    assert login is not None
    assert login.returncode == 0
    said = (tmp_path / "said").read_text(encoding="utf-8")
    assert said.endswith("-o BatchMode=yes pc.example true\n")
    assert "ControlMaster=auto" in said
    assert f'ControlPath="{tmp_path}/sockets/' in said


def test_what_is_wrong_is_left_to_ansible(tmp_path: Path) -> None:
    login = Machine(tmp_path, "echo no >&2; exit 255").log_in()
    assert login is not None
    assert login.returncode == 255


def test_one_that_takes_long_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_connection, "LOGIN", 0.1)
    login = Machine(tmp_path, "exec sleep 600").log_in()
    assert login is not None
    assert login.returncode == -15


@pytest.mark.parametrize(("does", "has_ended"), [("exit 0", True), ("exec sleep 600", False)])
def test_the_turn_is_kept_for_a_moment_of_it_and_no_longer(
    does: str, has_ended: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(tmp_path, does)
    monkeypatch.setattr(core_connection, "SOON", 30 if has_ended else 0.1)
    monkeypatch.setattr(core_connection, "LOGIN", 0.1)
    with machine.shared():
        machine.login_soon_over()
        assert machine._login is not None
        assert (machine._login.returncode == 0) is has_ended


@pytest.mark.parametrize("what", ["program", "task", "search"])
def test_it_begins_with_the_batch_and_has_ended_before_anything_else_logs_in(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine, seen = Machine(tmp_path, "exit 0"), list[Any]()

    def look(*_: Any, **__: Any) -> Any:
        seen.append(machine._login)
        return SimpleNamespace(outcome=lambda: None)

    machine._action = SimpleNamespace(_is_pipelining_enabled=lambda _: True, _low_level_execute_command=look)  # type: ignore[assignment]
    with machine.shared():
        assert machine._login is not None
        if what == "program":
            machine.ask("#!/usr/bin/python3", None, b"{}", Anybody(), secret=False)
        elif what == "task":
            Alone(machine, look).run(Task.load({"debug": {}}), None)
        else:
            monkeypatch.setattr(type(machine.connection), "exec_command", look)
            with machine.reached(machine._action):
                assert machine._login is not None, "nothing has been looked for yet"
                machine.connection.exec_command("which python3")
            assert "exec_command" not in vars(machine.connection)
    assert seen == [None]


def test_one_that_cannot_begin_harms_nothing(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "exit 0", ssh_executable="/nonexistent/ssh")
    with machine.shared():
        assert machine._login is None


@pytest.mark.parametrize(
    "settings",
    [
        {"password": "x"},
        {"pkcs11_provider": "x"},
        {"ssh_args": "-C"},
        {"ssh_args": "-o ControlPersist=9s -o ControlPath=x"},
    ],
    ids=["password", "pkcs11", "not kept", "kept where the user says"],
)
def test_none_where_somebody_is_asked_or_nothing_is_won(tmp_path: Path, settings: dict[str, str]) -> None:
    assert Machine(tmp_path, "exit 0", **settings).log_in() is None


def test_none_where_one_is_logged_in(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "exit 0")
    machine.log_in()
    said = (tmp_path / "said").read_text(encoding="utf-8")
    Path(said.partition('ControlPath="')[2].partition('"')[0]).touch()
    assert machine.log_in() is None


def test_none_where_it_is_not_ssh(tmp_path: Path) -> None:
    assert Machine(tmp_path, "exit 0", "local").log_in() is None
