"""Outside judges: programs of others (KeePassXC, age, Poppler) that say whether what we made is what it should be."""

from __future__ import annotations

import os
import shutil

import pytest


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose judge is not installed; where all were set up (``scripts/test judges``), fail it."""
    for mark in item.iter_markers("judge"):
        absent = [name for name in mark.args if shutil.which(name) is None]
        if absent and os.environ.get("CARTABLE_JUDGES"):
            pytest.fail(f"{', '.join(absent)} should have been installed by scripts/setup judges")
        if absent:
            pytest.skip(
                f"{', '.join(absent)} is not installed; scripts/test judges installs it and runs this test"
            )
