"""Mutation testing of one module, with cosmic-ray's mutants.

.venv/bin/python scripts/bench/mutants.py reversibility/records/state_git.py [--tests PATH…] [--then PATH…]
    [--most 60] [--minutes 10]

Works on a copy of the tree. Needs cosmic-ray: pip install -e '.[mutants]'. Changes of type annotations are left out,
since nothing runs them. ``--then``: more tests, slower ones, for the mutants that the first tests let pass. What
survives is shown as a difference: a test is missing, or the change means the same. Results: docs/performance.md.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import importlib
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

PROJECT = Path(__file__).resolve().parents[2]
ANNOTATIONS = "core/ReplaceBinaryOperator_BitOr_"  # str | None
SLOWEST = 120.0  # seconds for the tests of one mutant
# Imported once, and forked for each mutant: starting Python and these takes longer than most tests.
WARM = "hypothesis yaml jsonschema cryptography.x509 pykeepass pyrage bagit openpyxl xlsxwriter"


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


def mutants(module: Path) -> list[tuple[int, str, str]]:
    """Line, operator and changed text of each mutant, in an order that does not change."""
    text = module.read_text(encoding="utf-8")
    nodes = list(ast_nodes(get_ast(text)))
    found = []
    for name in sorted(operator_names()):
        kind = get_operator(name)
        if name.startswith(ANNOTATIONS) or kind.arguments():
            continue
        lines = [place[0][0] for node in nodes for place in kind().mutation_positions(node)]
        for occurrence, line in enumerate(lines):
            with contextlib.suppress(AttributeError):  # a change that cosmic-ray cannot make
                new = mutate_code(text, kind(), occurrence)
                found += [(line, name, new)] if new not in (None, text) else []
    return found


def run_tests(folder: Path, tests: list[str]) -> None:
    """The whole life of a process of its own: tests as ``pytest -x`` runs them, and their exit status."""
    os.setsid()
    os.chdir(folder)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)
    sys.path[:] = [
        str(folder),
        *(
            entry
            for entry in sys.path
            if Path(entry or ".").resolve() not in (PROJECT, Path(__file__).parent)
        ),
    ]
    os.environ["PYTHONPATH"] = str(folder)
    os._exit(int(pytest.main(["-q", "-x", "-p", "no:cacheprovider", *tests])))


def survives(folder: Path, tests: list[str]) -> bool:
    """Whether all tests pass; a mutant that never ends is one that is found."""
    process = multiprocessing.get_context("fork").Process(target=run_tests, args=(folder, tests))
    process.start()
    process.join(SLOWEST)
    with contextlib.suppress(ProcessLookupError):  # also what it left behind
        os.killpg(process.pid or 0, signal.SIGKILL)
    process.join()
    return process.exitcode == 0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("module", type=Path)
    parser.add_argument("--tests", nargs="+", help="default: the unit tests that import the module")
    parser.add_argument("--then", nargs="+", default=[], help="more tests for what the first let pass")
    parser.add_argument("--most", type=int, default=60, help="mutants")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=20261130)
    options = parser.parse_args()
    tests = options.tests or tests_of(options.module)
    if not tests:
        sys.exit(f"error: no unit test imports {options.module}; name some with --tests")
    for name in WARM.split():
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        folder = Path(name)
        copy_tree(folder)
        began = time.monotonic()
        if not survives(folder, [*tests, *options.then]):
            sys.exit(
                f"error: {' '.join([*tests, *options.then])} do not pass as it is, or take over {SLOWEST:.0f} s"
            )
        print(f"{' '.join([*tests, *options.then])}: {time.monotonic() - began:.0f} s", flush=True)
        found = mutants(folder / options.module)
        tried = random.Random(options.seed).sample(found, min(options.most, len(found)))
        print(f"{len(found)} mutants, of which {len(tried)} are to be tried", flush=True)
        report(folder / options.module, folder, tried, [tests, options.then], began + options.minutes * 60)


def report(
    module: Path, folder: Path, tried: list[tuple[int, str, str]], tests: list[list[str]], end: float
) -> None:
    """Try them until ``end``; print the survivors, and how many there were."""
    text, count, lived = module.read_text(encoding="utf-8"), 0, 0
    for line, name, changed in tried:
        if time.monotonic() > end:
            print("the time is over")
            break
        module.write_text(changed, encoding="utf-8")
        count += 1
        if all(survives(folder, some) for some in tests if some):
            lived += 1
            difference = difflib.unified_diff(text.splitlines(), changed.splitlines(), lineterm="", n=2)
            print(f"\nline {line}, {name}", *list(difference)[2:], sep="\n", flush=True)
    print(f"{count - lived} of {count} found ({100 * (count - lived) // max(count, 1)} %)")


if __name__ == "__main__":
    main()
