"""What keeps a worker small, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import memory

# Threads that take much for a moment and then live on, as tasks of a batch do; how much the process keeps of it.
PROGRAM = """
import importlib.util, pathlib, sys, threading
spec = importlib.util.spec_from_file_location("memory", sys.argv[1])
memory = importlib.util.module_from_spec(spec)
spec.loader.exec_module(memory)
if sys.argv[2] == "small":
    memory.keep_small()
size = lambda: int(pathlib.Path("/proc/self/smaps_rollup").read_text().partition("Private_Dirty:")[2].split()[0])
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


@pytest.mark.skipif(sys.platform != "linux", reason="mallopt is the GNU C library's")
def test_what_is_taken_for_a_moment_is_given_back() -> None:
    kept = {}
    for way in ("small", "as ever"):
        command = [sys.executable, "-c", PROGRAM, memory.__file__, way]
        kept[way] = int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    assert kept["small"] * 3 < kept["as ever"], kept
