"""An ansible.cfg that somebody else put into the current folder names no command that is run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reversibility.records.passphrase import configured_source


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("ANSIBLE_CONFIG", "CARTABLE_VAULT_PASSPHRASE_COMMAND", "CARTABLE_VAULT_PASSPHRASE_FD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    found = tmp_path / "outer" / "inner"
    found.mkdir(parents=True)
    (found / "ansible.cfg").write_text("[cartable]\nvault_passphrase_command = the-command\n")
    monkeypatch.chdir(found)
    return found


def test_that_of_a_folder_of_ones_own_is_used(folder: Path) -> None:
    assert configured_source().command == "the-command"


def test_the_environment_names_it_wherever_it_lies(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.chmod(0o777)
    monkeypatch.setenv("ANSIBLE_CONFIG", str(folder / "ansible.cfg"))
    assert configured_source().command == "the-command"


@pytest.mark.parametrize("place", ["folder", "file", "bundle", "inside a bundle"])
def test_that_of_somebody_else_is_not(folder: Path, place: str) -> None:
    if place == "folder":
        folder.chmod(0o777)
    elif place == "file":
        (folder / "ansible.cfg").chmod(0o666)
    else:
        ((folder if place == "bundle" else folder.parent) / "bagit.txt").write_text("BagIt-Version: 1.0\n")
    assert configured_source().command is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_that_of_another_user_is_not(folder: Path) -> None:
    os.chown(folder / "ansible.cfg", 1234, 1234)
    assert configured_source().command is None
