"""Simulated PCs in a market of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reversibility.records.vault import KdfCost
from tests.simulators.windows.simulator import Simulator
from tests.unit.windows.fleet import Fleet, make_fleet

CHEAP = KdfCost(memory_mib=19, passes=2, lanes=1)


@pytest.fixture
def one_pc(tmp_path: Path) -> Iterator[Fleet]:
    """One French PC."""
    pcs = {
        "UC990001": {"kind": "classroom_pc", "os": "windows-11", "user_role": "pupil", "language": "fr-FR"}
    }
    with Simulator() as simulator:
        yield make_fleet(tmp_path / "market", simulator, CHEAP, pcs)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """A French PC of a classroom and an English one of a director."""
    pcs = {
        "UC990001": {"kind": "classroom_pc", "os": "windows-11", "user_role": "pupil", "language": "fr-FR", "edition": "Education"},
        "PD990001": {"kind": "director_laptop", "os": "windows-11", "user_role": "director", "language": "en-US"},
    }  # fmt: skip
    with Simulator() as simulator:
        yield make_fleet(tmp_path / "market", simulator, CHEAP, pcs)
