"""Check a market of 150 assets, and the shipped one of Jurançon, several times; print the least CPU and memory.

CPU is that of the whole process: Python's start and all imports are in it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(PROJECT), str(Path(__file__).parent)]

from generate import write_wanted  # noqa: E402

# VmHWM rather than getrusage's peak, which a process inherits from the one that started it.
CHECK = """
import re, sys
from pathlib import Path
from reversibility.market.check import check_market
if findings := check_market(Path(sys.argv[1])):
    sys.exit(f"the market has errors: {findings[0]}")
print(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def measure(market: Path) -> tuple[float, float]:
    """The seconds of CPU and the peak memory in MiB of one check of ``market`` in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", CHECK, market], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        kibibytes = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(process.returncode)
    return usage.ru_utime + usage.ru_stime, int(kibibytes) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, default=150)
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        generated = Path(folder) / "inventories" / "generated"
        generated.mkdir(parents=True)
        write_wanted(generated, arguments.assets, max(1, arguments.assets // 30))
        for name, market in (
            (f"{arguments.assets} generated assets", generated),
            ("inventories/jurancon", PROJECT / "inventories" / "jurancon"),
        ):
            runs = [measure(market) for _ in range(arguments.runs)]
            cpu, memory = (min(figures) for figures in zip(*runs, strict=True))
            print(f"{name}: {cpu:.2f} s of CPU, {memory:.0f} MiB at the most (the least of {len(runs)} runs)")


if __name__ == "__main__":
    main()
