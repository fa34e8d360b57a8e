"""One handed-over demonstration market a session; each test gets its own copy of the bag to damage."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.contract.handover import Handover, make_handover


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Handover:
    """The records and the bag, which nobody may change."""
    return make_handover(tmp_path_factory.mktemp("handover"))


@pytest.fixture
def handover(pristine: Handover, tmp_path: Path) -> Handover:
    """A copy of the bag."""
    shutil.copytree(pristine.bundle, tmp_path / "bag")
    return replace(pristine, bundle=tmp_path / "bag")
