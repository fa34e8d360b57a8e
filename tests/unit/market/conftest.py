"""Fixtures of the tests of a market."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.unit.market.support import HERE


@pytest.fixture
def market(tmp_path: Path) -> Path:
    """A good market of its own for one test."""
    folder = tmp_path / "inventories" / "base"
    shutil.copytree(HERE / "base", folder)
    return folder


@pytest.fixture(autouse=True)
def _profiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Obligations of these tests' own: the real profile may grow without changing what is expected here."""
    monkeypatch.setattr("reversibility.market.profiles.PROFILES", HERE / "profiles")
