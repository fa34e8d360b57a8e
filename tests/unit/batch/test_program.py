"""A program stays on the target for more messages; a fake ssh runs it locally."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader
from ansible_collections.cartable.fleet.plugins.module_utils import batch_bootstrap
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter import (
    program as adapter_program,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter.target import Target
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.payload import Payload

from tests.lab.shell import wait_until

# Executes what it is to execute on the target, which is the last of its arguments.
SSH = """#!/bin/sh
echo "$$" >> {folder}/started
for last; do :; done
{before}
eval "exec $last"
"""
# Stands for the runner, which test_runner.py tests: answers each job with what it says and which process answers.
RUNNER = """
import json, os, time
def main(jobs, modules, write):
    print("Welcome")
    for number, job in enumerate(jobs):
        exec(job.get("does", ""))
        write({"job": number, "said": job["say"], "process": os.getpid(), "from": modules})
    write({"end": True})
"""
PYTHON = f"#!{sys.executable}"


class Asks:
    """Hears what it is told, and may do something then."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.told: list[dict[str, Any]] = []
        self.then = then

    def may_start(self) -> None:
        if any("job" in one for one in self.told):
            raise AnsibleConnectionFailure("some of it was done")

    def receive(self, told: list[dict[str, Any]]) -> None:
        self.told += told
        if told:
            self.then()

    @property
    def said(self) -> list[str]:
        return [one["said"] for one in self.told if "said" in one]

    @property
    def process(self) -> int:
        [found] = {one["process"] for one in self.told if "process" in one}
        return int(found)


def made(files: dict[str, bytes]) -> Payload:
    payload = Payload()
    payload.add(files)
    return payload


def job_of(become: Any) -> Any:
    return SimpleNamespace(become=become, module=SimpleNamespace(shebang=PYTHON))


class Machine(Target):
    """A target that is reached by such an ssh, with a home of its own."""

    def __init__(self, folder: Path, before: str = "", pipelining: bool = True, **settings: Any) -> None:
        self.folder = folder
        ssh = folder / "ssh"
        ssh.write_text(SSH.format(folder=shlex.quote(str(folder)), before=before), encoding="utf-8")
        ssh.chmod(0o700)
        connection = connection_loader.get("ssh", PlayContext())
        given = {"host": "pc.example", "ssh_executable": str(ssh), "ssh_args": "-C"} | settings
        connection.set_options(direct=given)
        self.ended: list[dict[str, Any]] = []
        action = SimpleNamespace(
            _connection=connection,
            _is_pipelining_enabled=lambda _: pipelining,
            _low_level_execute_command=self._run,
            _make_tmp_path=lambda: setattr(connection._shell, "tmpdir", str(folder)),
            _transfer_data=lambda path, data: Path(path).write_bytes(data),
            _fixup_perms2=lambda paths: None,
            _remove_tmp_path=lambda path, force: self._run("true"),
        )
        super().__init__(action)  # type: ignore[arg-type]

    def _run(self, command: str, in_data: bytes | None = None) -> dict[str, Any]:
        status, out, err = self.connection.exec_command(command, in_data=in_data, sudoable=False)
        ended = {"rc": status, "stdout": out.decode(), "stderr": err.decode()}
        self.ended.append(ended)
        return ended

    def say(
        self, *said: str, asks: Asks | None = None, does: str = "", keep: bool = True, **how: Any
    ) -> Asks:
        """Ask it to say something; where its module files are missing, once more with them."""
        asks = asks or Asks()
        files = {"cartable_batch_runner.py": RUNNER.encode()} | how.pop("files", {})
        jobs = [{"say": one, "does": does} for one in said]
        for with_files in (False, True):
            message = made(files).message(jobs, with_files=with_files, keep=keep)
            self.left = self.ask(job_of(how.get("become")), message, asks, secret=how.get("secret", False))
            if not any("missing" in one for one in asks.told):
                break
            asks.told.clear()
        return asks

    @property
    def started(self) -> int:
        return len((self.folder / "started").read_text().split())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of the target's user: it is looked up as the account's."""
    site = tmp_path / "site"
    site.mkdir()
    own = f"import pwd\nclass Account:\n    pw_dir = {str(tmp_path)!r}\npwd.getpwuid = lambda _: Account\n"
    (site / "sitecustomize.py").write_text(own)
    monkeypatch.setenv("PYTHONPATH", str(site))
    return tmp_path


def gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_one_program_is_asked_again_and_again(home: Path) -> None:
    machine = Machine(home)
    first, second = machine.say("one", "two"), machine.say("three")
    assert (first.said, second.said) == (["one", "two"], ["three"])
    assert machine.left is None, "it waits for more"
    assert first.process == second.process
    assert (machine.executions, machine.started) == (1, 1)
    assert not gone(first.process)
    machine.end_program()
    assert wait_until(lambda: gone(first.process), 10)
    [ended] = machine.ended
    assert ended["rc"] == 0


def test_other_modules_have_a_folder_of_their_own_in_the_same_program(home: Path) -> None:
    machine = Machine(home)
    first, second = machine.say("one"), machine.say("two", files={"extra.py": b""})
    folders = {one["from"] for asks in (first, second) for one in asks.told if "from" in one}
    assert len(folders) == 2
    assert [(Path(folder) / "extra.py").exists() for folder in sorted(folders)].count(True) == 1
    assert first.process == second.process
    machine.end_program()


def test_a_check_leaves_nothing_and_sends_its_files_once(home: Path) -> None:
    machine = Machine(home)
    first = machine.say("one", keep=False)
    again = made({"cartable_batch_runner.py": RUNNER.encode()})
    message = again.message([{"say": "again"}], with_files=False, keep=False)
    machine.ask(job_of(None), message, asks := Asks(), secret=False)
    assert asks.said == ["again"], "the files are there as long as the program"
    [folder] = {one["from"] for one in first.told if "from" in one}
    assert Path(folder).is_dir()
    machine.end_program()
    assert not Path(folder).exists()
    assert not (home / ".ansible").exists()


def test_another_user_has_a_program_of_his_own(home: Path) -> None:
    machine = Machine(home)
    before = machine.say("one")
    become = SimpleNamespace(name="sudo", get_options=lambda: {"become_user": "pupil"})
    machine.say("two", become=become)
    assert machine.executions == 2
    assert gone(before.process), "and nobody asks the one before any more"
    machine.end_program()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_one_that_has_ended_meanwhile_is_started_anew_and_nothing_is_done_twice(home: Path, how: int) -> None:
    machine = Machine(home)
    before = machine.say("one")
    os.kill(before.process, how)
    assert machine._program is not None
    assert machine._program._process is not None
    assert wait_until(lambda: gone(before.process), 10)
    after = machine.say("two", does=f"open({str(home / 'done')!r}, 'a').write('x')")
    assert after.said == ["two"]
    assert (home / "done").read_text() == "x"
    assert machine.executions == 2
    machine.end_program()


def test_one_that_is_killed_at_work_says_so(home: Path) -> None:
    machine = Machine(home)
    machine.say("one")
    told = machine.say("two", "three", does="if job['say'] == 'three': os.kill(os.getpid(), 9)")
    assert told.said == ["two"]
    assert machine.left is not None
    assert machine.left["rc"] in (-9, 137)
    assert machine.say("four").said == ["four"]
    assert machine.executions == 2
    machine.end_program()


def test_what_another_python_has_brought_is_not_mixed_with_this_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = home / "python"
    python.write_text("old")
    sent = Path(batch_bootstrap.__file__).read_text()
    text = sent.replace("os.path.realpath(sys.executable)", repr(str(python)))
    assert text != sent
    (home / "bootstrap.py").write_text(text)
    monkeypatch.setattr(batch_bootstrap, "__file__", str(home / "bootstrap.py"))
    machine = Machine(home)
    first, second = machine.say("one"), machine.say("two")
    python.write_text("upgraded")
    third = machine.say("three")
    assert first.process == second.process != third.process
    assert third.said == ["three"]
    assert machine.executions == 2
    machine.end_program()


def test_it_is_heard_while_it_works_and_in_the_thread_that_asked(home: Path) -> None:
    os.mkfifo(home / "fifo")
    threads: list[int] = []

    def then() -> None:
        threads.append(threading.get_ident())
        if asks.said == ["one"]:
            (home / "fifo").write_text("heard\n")

    asks = Asks(then)
    machine = Machine(home)
    waits = f"if job['say'] == 'two': job['say'] = open({str(home / 'fifo')!r}).read().strip()"
    machine.say("one", "two", asks=asks, does=waits)
    assert asks.said == ["one", "heard"]
    assert set(threads) == {threading.get_ident()}
    machine.end_program()


def test_what_tasks_set_meanwhile_is_not_the_programs(home: Path) -> None:
    machine = Machine(home)
    connection = machine.connection
    kept = []

    def settings() -> list[Any]:
        return [connection.become, connection._play_context, connection._options]

    def then() -> None:
        connection.set_become_plugin("another")
        connection._play_context, connection._options = None, {}

    real = machine._run

    def run(command: str, in_data: bytes | None = None) -> Any:
        kept.append(settings())
        said = real(command, in_data)
        kept.append(settings())
        return said

    machine._action._low_level_execute_command = run
    machine.say("one", asks=Asks(then))
    machine.say("two", asks=Asks(then))
    machine.end_program()
    assert kept[0] == kept[1]
    assert settings() == ["another", None, {}], "nor what the program needs the tasks'"


@pytest.mark.parametrize("secret", [False, True])
def test_what_is_secret_is_hidden_where_the_connection_shows_it(home: Path, secret: bool) -> None:
    machine = Machine(home)
    machine.say("one")
    machine.say("hush", secret=secret)
    machine.say("three")
    running = machine._program
    assert running is not None
    assert running._settings["_play_context"].no_log is secret
    assert not machine._play_context.no_log, "the batch's own is left as it is"
    machine.end_program()


def test_no_password_is_left_in_memory_that_others_may_open(home: Path) -> None:
    before = set(Path("/dev/shm").iterdir())
    machine = Machine(home, password="Zq7-canary-Wk3", password_mechanism="ssh_askpass")
    machine.say("one")
    # Another program over the same connection object meanwhile, as a task that has to ask something has it.
    machine.connection.exec_command("true", sudoable=False)
    machine.say("two")
    machine.end_program()
    assert set(Path("/dev/shm").iterdir()) <= before
    assert machine.executions == 1


def test_a_fault_of_who_hears_it_ends_it(home: Path) -> None:
    class Fault(BaseException):
        """As a BatchError is none of Ansible's exceptions."""

    def fail() -> None:
        if asks.said:
            raise Fault

    machine, asks = Machine(home), Asks(fail)
    with pytest.raises(Fault):
        machine.say("one", "two", asks=asks)
    assert wait_until(lambda: gone(asks.process), 10)
    assert machine._program is None
    assert machine.say("three").said == ["three"]
    machine.end_program()


def test_why_ssh_cannot_connect_is_no_secret(home: Path) -> None:
    machine = Machine(home, before="echo no route >&2; exit 255")
    with pytest.raises(AnsibleConnectionFailure, match="no route"):
        machine.say("hush", secret=True)
    machine.end_program()


@pytest.mark.parametrize("asked", [1, 2])
def test_what_was_done_is_not_begun_again_where_the_connection_is_lost(home: Path, asked: int) -> None:
    machine = Machine(home, reconnection_retries=3)
    if asked == 2:
        machine.say("before")
    asks = Asks()
    with pytest.raises(AnsibleConnectionFailure):
        machine.say("one", "two", asks=asks, does="if job['say'] == 'two': os._exit(255)")
    assert asks.said == ["one"]
    assert machine.started == 1
    assert machine.say("three").said == ["three"]
    machine.end_program()


def test_a_connection_that_is_refused_is_tried_again(home: Path) -> None:
    mark = shlex.quote(str(home / "refused"))
    refuses = f"test -e {mark} || {{ touch {mark}; exit 255; }}"
    machine = Machine(home, before=refuses, reconnection_retries=1)
    assert machine.say("one").said == ["one"]
    assert machine.started == 2
    machine.end_program()


def test_one_that_does_not_end_is_dropped(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter_program, "END_TIMEOUT", 0.2)
    machine = Machine(home)
    told = machine.say("one", does="import atexit, sys; sys.stdin.buffer.readline = lambda: time.sleep(600)")
    machine.end_program()
    assert wait_until(lambda: gone(told.process), 10)


def test_without_pipelining_each_is_a_program(home: Path) -> None:
    machine = Machine(home, pipelining=False)
    assert machine.say("one").said == ["one"]
    assert machine.left is not None
    assert machine.say("two").said == ["two"]
    assert machine.executions == 3, "the first misses its files"


def test_over_another_connection_what_was_said_is_heard_in_the_end(home: Path) -> None:
    machine = Machine(home)
    machine.connection = connection_loader.get("local", PlayContext())
    machine._play_context, machine._options = machine.connection._play_context, {}
    told = machine.say("one", "two")
    assert told.said == ["one", "two"]
    assert machine.left is not None
    assert machine.left["rc"] == 0
    assert machine.executions == 2, "the first misses its files"
