"""What each role does for which assets: by the playbooks' lists and the roles' task files."""

from __future__ import annotations

import re

import pytest
import yaml

from reversibility.market import role_matrix as matrix
from reversibility.market import roles
from reversibility.market.kinds import kind_table
from reversibility.market.load import load_market
from tests.project import PROJECT


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two roles' task files, whatever the roles of this version have."""
    known = {
        "baseline": frozenset({"main", "debian"}),
        "shares": frozenset({"main", "linux", "resume", "resume_debian"}),
    }
    monkeypatch.setattr(roles, "_files", lambda: known)
    monkeypatch.setattr(matrix, "task_files", roles.task_files.__wrapped__)
    listed = (matrix.ListedRole("baseline", ()), matrix.ListedRole("shares", ("file_servers",)))
    monkeypatch.setattr(matrix, "listed_roles", lambda: listed)


@pytest.mark.usefixtures("files")
def test_the_matrix_of_a_market() -> None:
    found = matrix.role_matrix(load_market(PROJECT / "inventories" / "jurancon"))
    assert list(found.lines()) == [
        "role      windows (47)  aruba_aoss (5)  debian (2)",
        "baseline  0/47          0/5             2",
        "shares    -             -               2",
        "not yet on windows: baseline",
        "not yet on aruba_aoss: baseline",
    ]


@pytest.mark.usefixtures("files")
def test_a_task_file_of_the_platform_comes_before_that_of_its_family() -> None:
    of = roles.task_files.__wrapped__
    assert of("debian", "linux") == {
        "baseline": "debian.yml",
        "shares": "linux.yml",
        "shares_resume": "resume_debian.yml",
    }
    assert of("ubuntu", "linux") == {"shares": "linux.yml"}
    assert of("windows", "windows") == {}


def test_the_lists_of_roles_can_be_read() -> None:
    """Each condition is about groups of kinds, task files, or the accounts to rotate: others are not in the matrix."""
    listed = matrix.listed_roles()
    names = [one.role for one in listed]
    assert names[:2] == ["baseline", "accounts"] and {"observe", "patch"} <= set(names)
    condition = re.compile(
        r"'(\w+)' in cartable_kind_groups|cartable_task_files\.\w+ is defined|not ansible_check_mode"
        r"|'\w+' in rotation_accounts"
    )
    for path in matrix.LISTS.glob("*.yml"):
        for task in yaml.safe_load(path.read_text()):
            conditions = task.get("when", [])
            for text in conditions if isinstance(conditions, list) else [conditions]:
                found = condition.fullmatch(text)
                assert found and (found[1] is None or found[1] in kind_table().groups), text
            assert set(task) <= {"name", "when", "vars", "tags", matrix.INCLUDE}


def test_without_lists_there_is_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix, "listed_roles", lambda: ())
    assert list(matrix.role_matrix(load_market(PROJECT / "inventories" / "demo")).lines()) == []
