"""What keeps a worker small, in a process of its own."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest
from ansible_collections.cartable.fleet.plugins.callback.batch import CallbackModule
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import memory
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import taking_in

START = """
import importlib.util, pathlib, sys, threading
spec = importlib.util.spec_from_file_location("memory", sys.argv[1])
memory = importlib.util.module_from_spec(spec)
spec.loader.exec_module(memory)
size = lambda: int(pathlib.Path("/proc/self/smaps_rollup").read_text().partition("Private_Dirty:")[2].split()[0])
"""
# Threads that take much for a moment and then live on, as tasks of a batch do; how much the process keeps of it.
THREADS = """
if sys.argv[2] == "small":
    memory.keep_small()
last = threading.Event()
def wait(ready):
    for _ in range(3):
        [bytes(bytearray(200_000)) for _ in range(20)]
    ready.set()
    last.wait()
before = size()
for _ in range(20):
    ready = threading.Event()
    threading.Thread(target=wait, args=[ready]).start()
    ready.wait()
print(size() - before)
last.set()
"""


# What is free lies between what is in use; how much the process has before and after.
HOLES = """
blocks = [bytearray(20_000) for _ in range(1000)]
del blocks[::2], blocks[::2], blocks[::2]
before = size()
memory.give_back()
print(before, size())
"""
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mallopt is the GNU C library's")


def run(program: str, *arguments: str) -> list[int]:
    command = [sys.executable, "-c", START + program, memory.__file__, *arguments]
    said = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    return [int(number) for number in said.split()]


def test_what_is_taken_for_a_moment_is_given_back() -> None:
    kept = {way: run(THREADS, way)[0] for way in ("small", "as ever")}
    assert kept["small"] * 3 < kept["as ever"], kept


def test_what_is_free_between_blocks_in_use_is_given_back() -> None:
    before, after = run(HOLES)
    assert before - after > 10_000, (before, after)  # KiB; of 17,000 that are free


@pytest.mark.parametrize("event", ["v2_playbook_on_play_start", "v2_playbook_on_stats"])
def test_what_is_there_is_not_looked_through_for_garbage(
    event: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    request.addfinalizer(gc.unfreeze)
    monkeypatch.setattr(taking_in, "is_taken_in", False)
    before = len(gc.get_objects())
    getattr(CallbackModule(), event)(None)
    assert len(gc.get_objects()) * 10 < before
