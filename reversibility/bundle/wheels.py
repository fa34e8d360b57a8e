"""Wheels of the pinned packages, so that a successor installs them without a network.

Kept in the market's data, and handed over where they are there: with Ansible's collections they are some 130 MB.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from reversibility.errors import CartableError
from reversibility.market.paths import MarketPaths

BUILD = "setuptools>=77"  # what makes a package of the project itself: build-system in pyproject.toml


def wheels_of(paths: MarketPaths) -> Path:
    """Folder of the wheels."""
    return paths.data / "packages"


def fetch_wheels(folder: Path, packages: Mapping[str, str]) -> int:
    """Download the wheels of exactly these versions to ``folder`` with pip; returns their number. Needs the network.

    A package of which there is only the source is built here.

    Raises CartableError when one cannot be had; the folder is then as it was.
    """
    aside = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    wanted = [*(f"{name}=={version}" for name, version in packages.items()), BUILD]
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--prefer-binary", "--wheel-dir", str(aside), *wanted]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        shutil.rmtree(aside, ignore_errors=True)
        said = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise CartableError(f"The packages cannot be had ({said}); is the network there? Try again later.")
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)
    return len(list(folder.glob("*.whl")))


def lacking(folder: Path, packages: Mapping[str, str]) -> list[str]:
    """The packages that have no wheel of their version in ``folder``."""
    there = {package for _, package in _wheels(folder)}
    wanted = {name: (str(canonicalize_name(name)), version) for name, version in packages.items()}
    return sorted(f"{name}=={packages[name]}" for name, key in wanted.items() if key not in there)


def published(folder: Path, packages: Mapping[str, str]) -> frozenset[Path]:
    """The wheels in ``folder`` that are what anybody gets from the index: of these versions, and what builds."""
    known = {(str(canonicalize_name(name)), version) for name, version in packages.items()}
    build = Requirement(BUILD).name
    return frozenset(path for path, package in _wheels(folder) if package in known or package[0] == build)


def _wheels(folder: Path) -> Iterator[tuple[Path, tuple[str, str]]]:
    """Each wheel with its package's canonical name and version."""
    for path in folder.glob("*.whl"):
        try:
            name, version, *_ = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue
        yield path, (str(name), str(version))
