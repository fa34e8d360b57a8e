"""Check a market of 150 assets, and the shipped one of Jurançon, several times; print the least CPU and memory.

    .venv/bin/python scripts/bench/preflight.py

CPU is that of the whole process: Python's start and all imports are in it. The last row is what ansible-playbook takes
more for a play with the preflight of all managed hosts and their variables than for the same play without it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
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


PLAY = """
- hosts: managed
  gather_facts: false
  tasks:
    - cartable.fleet.preflight: {market: "{{ inventory_dir }}"}
      when: checked
      run_once: true
"""


def spent(command: list[str | Path], environment: dict[str, str] | None = None) -> tuple[float, str]:
    """The seconds of CPU of a command with all its children, and what it printed; ends this one when it fails."""
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{printed}error: {' '.join(map(str, command))}: exit status {process.returncode}")
    return usage.ru_utime + usage.ru_stime, printed


def measure(market: Path) -> tuple[float, float]:
    """The seconds of CPU and the peak memory in MiB of one check of ``market`` in a process of its own."""
    cpu, kibibytes = spent([sys.executable, "-c", CHECK, market])
    return cpu, int(kibibytes) / 1024


def play(market: Path, folder: Path, *, checked: bool) -> float:
    """The seconds of CPU of ansible-playbook on all managed hosts of ``market``, with the preflight or without."""
    (folder / "play.yml").write_text(PLAY, encoding="utf-8")
    # Without the journal.
    own = {"CARTABLE_DATA_DIR": str(folder / "data"), "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.default"}
    options = ["--extra-vars", json.dumps({"checked": checked})]
    program = Path(sys.executable).with_name("ansible-playbook")
    cpu, said = spent([program, "-i", market, *options, folder / "play.yml"], {**os.environ, **own})
    if ("ok=1" in said) is not checked:
        sys.exit(f"{said}error: the preflight was {'not ' if checked else ''}made")
    return cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, default=150)
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        generated = Path(folder) / "inventories" / "generated"
        generated.mkdir(parents=True)
        write_wanted(generated, arguments.assets, max(1, arguments.assets // 30))
        shutil.copy(PROJECT / "inventories" / "demo" / "keyed_groups.yml", generated)
        for name, market in (
            (f"{arguments.assets} generated assets", generated),
            ("inventories/jurancon", PROJECT / "inventories" / "jurancon"),
        ):
            runs = [measure(market) for _ in range(arguments.runs)]
            cpu, memory = (min(figures) for figures in zip(*runs, strict=True))
            print(f"{name}: {cpu:.2f} s of CPU, {memory:.0f} MiB at the most (the least of {len(runs)} runs)")
        whole, without = (
            min(play(generated, Path(folder), checked=checked) for _ in range(arguments.runs))
            for checked in (True, False)
        )
        print(
            f"the play's preflight, {arguments.assets} generated assets: {whole - without:.2f} s of CPU more than "
            f"the {without:.2f} s of ansible-playbook without it (the least of {arguments.runs} runs each)"
        )


if __name__ == "__main__":
    main()
