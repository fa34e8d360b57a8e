"""The three ways to verify a bundle, each as a person would use it."""

from __future__ import annotations

import importlib.util
import logging
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import bagit

import reversibility.bundle
from reversibility.bundle.verify import verify

VERIFIER = Path(reversibility.bundle.__file__).with_name("verifier.py")
# Two signatures and the folders that BagIt does not look at: what bagit.py cannot see (RFC 8493 lets a bag have
# tag files that no tag manifest lists, and knows nothing of signatures or empty folders).
OUTSIDE_BAGIT = {"tagmanifest-sha256.txt.sig", "tagmanifest-sha512.txt.sig"}


def by_command(bag: Path, allowed: Path | None = None) -> set[str]:
    """The files that ``reversibility verify`` refuses."""
    return {problem.file for problem in verify(bag, allowed).problems}


def by_file(bag: Path, allowed: Path | None = None) -> set[str]:
    """The files that the stand-alone verifier refuses (our copy of it: the one in the bag may be what was changed)."""
    return {file for file, _ in alone().verifier(str(bag), str(allowed) if allowed else None)[3]}


@cache
def alone() -> ModuleType:
    """The stand-alone verifier as a module."""
    spec = importlib.util.spec_from_file_location("verifier_alone", VERIFIER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_file(
    bag: Path, *options: str, python: str | Path = sys.executable, file: Path = VERIFIER
) -> tuple[int, str]:
    """Exit status and words of the stand-alone verifier as its own isolated process."""
    command = [str(python), "-I", str(file), str(bag), *options]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    return done.returncode, done.stdout + done.stderr


def by_bagit(bag: Path) -> bool:
    """Whether bagit accepts the bag."""
    logging.getLogger("bagit").setLevel(logging.CRITICAL)
    try:
        bagit.Bag(str(bag)).validate()
    except (bagit.BagError, UnicodeDecodeError, ValueError):
        return False
    return True


def every_file(bag: Path) -> list[str]:
    """All files of a bag, relative."""
    return sorted(path.relative_to(bag).as_posix() for path in bag.rglob("*") if path.is_file())


def principal_of_the_file(arguments: list[str]) -> int:
    """The stand-alone verifier's exit status, in this process."""
    return int(alone().principal(arguments))
