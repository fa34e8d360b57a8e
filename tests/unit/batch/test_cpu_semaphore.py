"""Tokens shared by processes that are forked from one, as Ansible's workers are."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.cpu_semaphore import CpuSemaphore

REPOSITORY = Path(__file__).resolve().parents[3]
FORK = multiprocessing.get_context("fork")
SOON = 10.0  # seconds, in which a process that may go on does
NOT_YET = 0.3  # seconds, in which one that may not is seen to wait


# What is worked out for a host says when it begins and ends. Work takes long enough to be met by the others; what waits
# does so for all of them.
WORKING = "echo begin >> LOG; sleep 0.5; echo end >> LOG"
MET = "until [ $(wc -l < LOG) -ge HOSTS ]; do sleep 0.05; done"
WAITING = f"echo begin >> LOG; timeout 60 sh -c '{MET}'; echo end >> LOG"
FILTERS = """
import subprocess
class FilterModule:
    def filters(self):
        return {"worked_out": lambda command: subprocess.run(command, shell=True, check=True).returncode}
"""
WAYS = {
    "work": (WORKING, "{{ command | worked_out }}"),
    "waiting": (WAITING, "{{ lookup('ansible.builtin.pipe', command) }}"),
}
PLAY = """
- hosts: all
  gather_facts: false
  roles: [paced]
"""


class Worker:
    """A process that does ``work`` with a pipe to the test, and is gone when the test is."""

    def __init__(self, work: Callable[[Connection], Any]) -> None:
        self.pipe, other = FORK.Pipe()
        self.process = FORK.Process(target=work, args=(other,), daemon=True)
        self.process.start()

    def says(self, what: str, within: float = SOON) -> bool:
        """Whether the next thing that it says comes in time, and is ``what``."""
        return self.pipe.poll(within) and self.pipe.recv() == what

    def go_on(self) -> None:
        """Let it take its next step."""
        self.pipe.send(None)


def takes_a_turn(semaphore: CpuSemaphore) -> Callable[[Connection], None]:
    def work(pipe: Connection) -> None:
        with semaphore.acquired():
            pipe.send("turn")
            pipe.recv()
            with semaphore.released():
                pipe.send("aside")
                pipe.recv()
            pipe.send("turn again")
            pipe.recv()
        pipe.send("over")

    return work


def test_no_more_processes_have_a_turn_than_there_are_and_each_gets_one() -> None:
    semaphore = CpuSemaphore(2)
    workers = {worker.pipe: worker for worker in (Worker(takes_a_turn(semaphore)) for _ in range(3))}
    having: list[Worker] = []
    while len(having) < 2:
        for pipe in wait(workers, SOON):
            having.append(workers.pop(pipe))
            assert having[-1].says("turn")
    [waiting] = workers.values()
    assert not waiting.says("turn", within=NOT_YET)
    having[0].go_on()
    assert having[0].says("aside")
    assert waiting.says("turn")  # the one that was set aside
    having[0].go_on()
    assert not having[0].says("turn again", within=NOT_YET)
    having[1].go_on()
    assert having[1].says("aside")
    assert having[0].says("turn again")


def test_a_turn_ends_with_an_error() -> None:
    semaphore = CpuSemaphore(1, longest_wait=SOON)
    with pytest.raises(KeyError), semaphore.acquired(), semaphore.released():
        raise KeyError
    other = Worker(takes_a_turn(semaphore))
    assert other.says("turn")


def test_blocks_that_wait_may_be_nested() -> None:
    semaphore = CpuSemaphore(1, longest_wait=NOT_YET)
    with semaphore.acquired():
        with semaphore.released(), semaphore.released():
            pass
        assert semaphore._has_token
    with semaphore.acquired() as has_token:
        assert has_token, "none was lost"


def test_a_turn_that_never_comes_back_stops_nobody() -> None:
    semaphore = CpuSemaphore(1, longest_wait=NOT_YET)
    killed = Worker(takes_a_turn(semaphore))
    assert killed.says("turn")
    assert killed.process.pid is not None
    os.kill(killed.process.pid, signal.SIGKILL)
    killed.process.join()
    waiting = Worker(takes_a_turn(semaphore))
    assert waiting.says("turn")
    for said in ("aside", "turn again", "over"):
        waiting.go_on()
        assert waiting.says(said)
    assert not select.select([semaphore._free], [], [], 0)[0]  # it gave back nothing, since it had nothing


@pytest.mark.parametrize("way", WAYS)
def test_the_hosts_of_a_play_share_the_turns_for_what_is_work(tmp_path: Path, way: str) -> None:
    turns, log = os.cpu_count() or 1, tmp_path / "log"
    hosts = [f"h{number} ansible_connection=local" for number in range(turns + 2)]
    command, message = WAYS[way]
    command = command.replace("LOG", str(log)).replace("HOSTS", str(len(hosts)))
    tasks = tmp_path / "roles" / "paced" / "tasks"
    tasks.mkdir(parents=True)
    (tmp_path / "filter_plugins").mkdir()
    (tmp_path / "filter_plugins" / "work.py").write_text(FILTERS)
    (tasks / "main.yml").write_text("- cartable.fleet.batch: {tasks_from: work.yml}\n")
    task = {"ansible.builtin.debug": {"msg": message}, "vars": {"command": command}}
    (tasks / "work.yml").write_text(json.dumps([task]))
    (tmp_path / "play.yml").write_text(PLAY)
    (tmp_path / "hosts").write_text("\n".join(hosts) + "\n")
    (tmp_path / "ansible.cfg").write_text(f"[defaults]\ncollections_path = {REPOSITORY / 'collections'}\n")
    playbook = [Path(sys.executable).with_name("ansible-playbook"), "-i", "hosts", "-f", "50", "play.yml"]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg")}
    subprocess.run(playbook, cwd=tmp_path, env=environment, check=True, stdout=subprocess.DEVNULL)
    steps = [1 if line == "begin" else -1 for line in log.read_text().split()]
    assert len(steps) == 2 * len(hosts)
    met = max(itertools.accumulate(steps))
    assert met <= turns if way == "work" else met == len(hosts)
