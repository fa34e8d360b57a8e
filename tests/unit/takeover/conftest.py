"""One bundle for all tests of this folder, and the place of somebody who has only that."""

from __future__ import annotations

import shutil

import pytest

from tests.unit.takeover.school import Successor, make_successor


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Successor:
    return make_successor(tmp_path_factory.mktemp("made"))


@pytest.fixture
def successor(made: Successor) -> Successor:
    """The successor's place as the bundle leaves it, again for each test."""
    shutil.rmtree(made.paths.data, ignore_errors=True)
    shutil.copyfile(made.case.paths.inventory / "contract.yml", made.paths.inventory / "contract.yml")
    return made
