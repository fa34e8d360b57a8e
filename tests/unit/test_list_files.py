"""The list by which Molecule knows that check mode has written nothing: what is not in it is not noticed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.molecule import list_files


@pytest.mark.parametrize(
    "folder",
    ["/boot", "/etc/ssh", "/home", "/opt", "/root", "/srv", "/usr/bin", "/usr/local", "/var/lib", "/var/tmp"],
)
def test_a_role_that_writes_in_it_is_noticed(folder: str) -> None:
    assert any(Path(folder).is_relative_to(root) for root in list_files.ROOTS)


@pytest.mark.parametrize("read", [True, False])
def test_a_file_that_is_written_has_another_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: bool
) -> None:
    monkeypatch.setattr(list_files, "NOT_READ", Path("/usr") if read else tmp_path)
    file = tmp_path / "made" / "file"
    file.parent.mkdir()
    lines = set()
    for text, mode, time in (("one", 0o644, 1), ("two", 0o644, 1 if read else 2), ("two", 0o600, 2)):
        file.write_text(text)
        file.chmod(mode)
        os.utime(file, ns=(time, time))
        lines.add(list_files.describe(file))
    assert len(lines) == 3
    assert set(list_files.below(tmp_path)) == {file, file.parent}


@pytest.mark.parametrize(
    ("path", "excluded"),
    [
        ("/var/tmp/systemd-private-1-a.service-x", True),
        ("/var/tmp/systemd", False),
        ("/var/lib/systemd", True),
        ("/var/lib/systemd2", False),
        ("/srv/var/lib/systemd", False),
    ],
)
def test_what_the_system_writes_by_itself_is_left_out_and_nothing_beside_it(
    path: str, excluded: bool
) -> None:
    assert bool(list_files.EXCLUSION.match(path)) is excluded
