"""Problems of a file server's shares, tested on real folders with this machine's real accounts."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.asset import shares
from plugins.module_utils.asset.machine import Machine
from plugins.module_utils.asset.room import room

READER, WRITER = "daemon", "bin"  # accounts that every Linux has, each with a group of its own
SPACES: list[dict[str, Any]] = [{"name": "eleves", "read": [READER], "write": [WRITER]}]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="becomes other users")


class Server(Machine):
    """Has these accounts of Samba."""

    def __init__(self, *logins: str) -> None:
        super().__init__("/")
        self.logins = logins

    def run(self, *command: str, accept: range | None = None) -> str | None:
        assert command[0] == "pdbedit"
        return "".join(f"{login}:1001:Espaces\n" for login in self.logins)


@pytest.fixture
def root() -> Iterator[Path]:
    """A space that everybody may use; not below pytest's folder, which any other run of pytest closes again."""
    with tempfile.TemporaryDirectory(prefix="partages-") as name:
        Path(name).chmod(0o755)
        space = Path(name) / "eleves"
        (space / "cp").mkdir(parents=True)
        (space / "cp" / "lettre.odt").write_text("x")
        for path in (space, space / "cp", space / "cp" / "lettre.odt"):
            path.chmod(0o777 if path.is_dir() else 0o666)
        yield Path(name)


def found(root: Path, *logins: str, spaces: list[dict[str, Any]] | None = None) -> list[str]:
    said = shares.findings(Server(*logins), str(root), SPACES if spaces is None else spaces, [READER, WRITER])
    return [sentence for sentence in said if "file system" not in sentence]  # this machine's own may be full


@needs_root
def test_nothing_is_said_where_all_is_well(root: Path) -> None:
    (root / "lost+found").mkdir()
    (root / "note.txt").write_text("no space")
    assert found(root, READER, WRITER) == []


@needs_root
@pytest.mark.parametrize(
    ("path", "mode", "who"),
    [
        ("cp/lettre.odt", 0o644, [WRITER]),  # may read and not write
        ("cp/lettre.odt", 0o600, [READER, WRITER]),
        ("cp", 0o700, [READER, WRITER]),
        ("cp", 0o755, [WRITER]),
        ("cp", 0o766, [READER, WRITER]),  # listed, and nothing in it reached
    ],
)
def test_a_file_that_an_account_cannot_use_is_said_with_the_remedy(
    root: Path, path: str, mode: int, who: list[str]
) -> None:
    (root / "eleves" / path).chmod(mode)
    said = found(root)
    assert [sentence.split()[0] for sentence in said] == who
    for sentence in said:
        assert f"{root}/eleves/{path}" in sentence
        assert (
            f"setfacl --recursive --modify g:{READER}:r-X,g:{WRITER}:rwX,m::rwX,d:g:{READER}:r-X" in sentence
        )


@needs_root
def test_another_owner_alone_takes_nothing_away(root: Path) -> None:
    """Rights are the groups'; only what does not work is said."""
    for path in (root / "eleves", root / "eleves/cp", root / "eleves/cp/lettre.odt"):
        os.chown(path, 12345, 12345)
    assert found(root) == []


@needs_root
def test_a_space_that_is_too_large_is_tried_in_part(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "PATIENCE", 0.0)
    (root / "eleves").chmod(0o700)
    assert "cannot use at least 1 of its files" in found(root)[0]


@pytest.mark.parametrize(("files", "words"), [(0, "is empty"), (1, "has 1 file;"), (3, "has 3 files;")])
def test_a_space_that_nobody_declares_is_listed_and_left(root: Path, files: int, words: str) -> None:
    (root / "ancien espace").mkdir()
    for number in range(files):
        (root / "ancien espace" / str(number)).write_text("x")
    [said] = found(root, spaces=[{"name": "eleves", "read": [], "write": []}])
    assert "nobody declares the space ancien espace" in said and words in said
    assert said.endswith(f"rm --recursive --one-file-system -- '{root}/ancien espace'")
    assert (root / "ancien espace").is_dir()


@pytest.mark.parametrize("login", ["parti", "an.other"])
def test_a_share_account_that_nobody_declares_is_listed(root: Path, login: str) -> None:
    [said] = found(root, READER, login, spaces=[{"name": "eleves", "read": [], "write": []}])
    assert f"nobody declares the share account {login}" in said
    assert said.endswith(f"smbpasswd -x {login} && userdel {login}")


def test_a_root_or_a_space_that_is_no_folder_is_said(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert "is no folder" in found(tmp_path / "file")[0]
    assert "is not there" in found(tmp_path / "absent")[0]
    (root / "direction").write_text("x")
    [said] = found(
        root,
        spaces=[{"name": "eleves", "read": [], "write": []}, {"name": "direction", "read": [], "write": []}],
    )
    assert f"{root}/direction is no folder" in said


@pytest.mark.parametrize(
    ("bavail", "favail", "said"),
    [
        (50, 50, []),
        (5, 5, []),
        (4, 50, ["less than 5 % of its room"]),
        (0, 50, ["less than 5 % of its room"]),
        (50, 1, ["less than 5 % of the files that"]),
        (0, 0, ["of its room", "of the files"]),
    ],
)
def test_a_full_place_is_said(
    monkeypatch: pytest.MonkeyPatch, bavail: int, favail: int, said: list[str]
) -> None:
    status = os.statvfs_result((4096, 4096, 100, bavail, bavail, 100, favail, favail, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: status)
    found = room("/srv")
    assert len(found) == len(said) and all(
        words in sentence for words, sentence in zip(said, found, strict=True)
    )
