"""The lab's times: the first ``up``, ``up`` after ``down``, ``up`` when all is up, and ``down``. Wants root.

    .venv/bin/python scripts/bench/lab.py [--rounds 3]

Removes the lab's images and stops the school that is up. Prints a Markdown table; seconds depend on the machine.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from tests.lab import image  # noqa: E402

LAB = PROJECT / "scripts" / "lab"


def lab(*arguments: str) -> float:
    """Run the lab's command; its wall seconds. Ends the benchmark when it fails."""
    begun = time.monotonic()
    done = subprocess.run([LAB, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"error: scripts/lab {' '.join(arguments)}\n{done.stdout}{done.stderr}")
    return time.monotonic() - begun


def row(what: str, seconds: list[float]) -> str:
    """One row of the table."""
    return f"| {what} | {len(seconds)} | {median(seconds):.1f} | {min(seconds):.1f} to {max(seconds):.1f} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="how often what is not the first time is measured"
    )
    arguments = parser.parse_args()
    lab("down")
    references = [image.reference(name) for name in image.NAMES]
    lab("podman", "image", "rm", "--force", "--ignore", *references)
    first = [lab("up")]
    again, warm, down = [], [], []
    for _ in range(arguments.rounds):
        warm.append(lab("up"))
        down.append(lab("down"))
        again.append(lab("up"))
    down.append(lab("down"))
    print("| scripts/lab | times | median, s | from … to, s |\n|---|---|---|---|")
    print(row("`up`, images not built yet, packages in the cache", first))
    print(row("`up` after `down`", again))
    print(row("`up` when all is up", warm))
    print(row("`down`", down))


if __name__ == "__main__":
    main()
