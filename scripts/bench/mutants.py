"""Change a module in small ways, one at a time, and see whether its tests notice: cosmic-ray, bounded in time.

.venv/bin/python scripts/bench/mutants.py reversibility/records/state_git.py [--tests PATH…] [--most 60] [--minutes 10]

Works on a copy of the tree. Needs cosmic-ray: pip install -e '.[mutants]'. Changes of type annotations are left out,
since nothing runs them. What survives is shown as a difference: a test is missing, or the change means the same.
Results: docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import WorkerOutcome, WorkResult

PROJECT = Path(__file__).resolve().parents[2]
ANNOTATIONS = "core/ReplaceBinaryOperator_BitOr_"  # str | None
SLOWEST = 120.0  # seconds for the tests of one mutant


def tests_of(module: Path) -> list[str]:
    """The files of unit tests that import the module, or something from it."""
    dotted = ".".join(module.with_suffix("").parts)
    package, _, name = dotted.rpartition(".")
    told = (f"{dotted} import", f"import {dotted}", f"from {package} import {name}")
    found = sorted((PROJECT / "tests" / "unit").rglob("test_*.py"))
    return [
        str(path.relative_to(PROJECT)) for path in found if any(text in path.read_text() for text in told)
    ]


def copy_tree(folder: Path) -> None:
    """What Git knows of, and what is new and not ignored."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=PROJECT, capture_output=True, check=True).stdout
    for name in names.decode().split("\0"):
        if name and os.path.lexists(PROJECT / name):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, folder / name, follow_symlinks=False)


def sample(path: Path, most: int, start: int) -> None:
    """Leave ``most`` mutants to be tried, the same ones for each ``start``."""
    with use_db(str(path), WorkDB.Mode.open) as database:
        pending = sorted(database.pending_work_items, key=lambda item: str(item.mutations))
        meaning = [item for item in pending if not item.mutations[0].operator_name.startswith(ANNOTATIONS)]
        kept = {item.job_id for item in random.Random(start).sample(meaning, min(most, len(meaning)))}
        left = [item.job_id for item in pending if item.job_id not in kept]
        database.set_multiple_results(left, WorkResult(worker_outcome=WorkerOutcome.SKIPPED))
    print(f"{len(meaning)} mutants, of which {len(kept)} are tried", flush=True)


def cosmic_ray(
    folder: Path, environment: dict[str, str], *arguments: str, minutes: float | None = None
) -> None:
    """Run it in the copy."""
    program = str(Path(sys.executable).with_name("cosmic-ray"))
    limit = None if minutes is None else minutes * 60
    subprocess.run([program, *arguments], cwd=folder, env=environment, check=True, timeout=limit)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("module", type=Path)
    parser.add_argument("--tests", nargs="+", help="default: the unit tests that import the module")
    parser.add_argument("--most", type=int, default=60, help="mutants")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=20261130)
    options = parser.parse_args()
    tests = options.tests or tests_of(options.module)
    if not tests:
        sys.exit(f"error: no unit test imports {options.module}; name some with --tests")
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        folder = Path(name)
        copy_tree(folder)
        environment = {**os.environ, "PYTHONPATH": name, "PYTHONDONTWRITEBYTECODE": "1"}
        command = f"{sys.executable} -m pytest -q -x -p no:cacheprovider {' '.join(tests)}"
        began = time.monotonic()
        subprocess.run(command.split(), cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
        print(f"{' '.join(tests)}: {time.monotonic() - began:.0f} s", flush=True)
        settings = {"module-path": str(options.module), "timeout": SLOWEST, "test-command": command}
        lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
        lines = [
            "[cosmic-ray]",
            *lines,
            "excluded-modules = []",
            "[cosmic-ray.distributor]",
            'name = "local"',
            "",
        ]
        (folder / "mutants.toml").write_text("\n".join(lines))
        database = folder / "mutants.sqlite"
        cosmic_ray(folder, environment, "init", "mutants.toml", str(database))
        sample(database, options.most, options.seed)
        try:
            cosmic_ray(folder, environment, "exec", "mutants.toml", str(database), minutes=options.minutes)
        except subprocess.TimeoutExpired:
            print(f"stopped after {options.minutes} minutes")
        report(database)


def report(path: Path) -> None:
    """Print the survivors, and how many there were."""
    counted: Counter[str] = Counter()
    with use_db(str(path), WorkDB.Mode.open) as database:
        for item, result in database.completed_work_items:
            if result.worker_outcome == WorkerOutcome.SKIPPED:
                continue
            outcome = result.test_outcome.value if result.test_outcome else result.worker_outcome.value
            counted[outcome] += 1
            if outcome == "survived":
                print(
                    f"\nline {item.mutations[0].start_pos[0]}, {item.mutations[0].operator_name}\n{result.diff}"
                )
    tried, found = sum(counted.values()), counted["killed"]
    print(f"{found} of {tried} found ({100 * found // max(tried, 1)} %); {dict(counted)}")


if __name__ == "__main__":
    main()
