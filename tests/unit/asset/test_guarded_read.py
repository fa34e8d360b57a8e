"""The collector does not lend root's eyes to who owns a home folder."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.asset.configuration import collect

PUPIL = 12345
SECRET = b"root's own\n"
KEYS = "/home/*/.ssh/authorized_keys"

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another user")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A pupil's home folder beside what only root may read."""
    for folder in ("etc", "root/.ssh", "home/eleve/.ssh"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("etc/shadow", "root/.ssh/authorized_keys"):
        (tmp_path / name).write_bytes(SECRET)
        (tmp_path / name).chmod(0o600)
    for folder in ("home/eleve", "home/eleve/.ssh"):
        os.chown(tmp_path / folder, PUPIL, PUPIL)
    return tmp_path


def seen(machine: Path, pattern: str = KEYS) -> dict[str, Any]:
    files, _ = collect(str(machine), [pattern])
    return {file["path"]: file.get("link") or base64.b64decode(file["content_b64"]) for file in files}


@needs_root
def test_what_a_pupil_owns_is_read(machine: Path) -> None:
    keys = machine / "home/eleve/.ssh/authorized_keys"
    keys.write_bytes(b"ssh-ed25519 AAAA\n")
    keys.chmod(0o600)
    os.chown(keys, PUPIL, PUPIL)
    assert seen(machine) == {"/home/eleve/.ssh/authorized_keys": b"ssh-ed25519 AAAA\n"}
    assert os.geteuid() == 0 and os.getegid() == 0


def linked_folder(machine: Path, keys: Path) -> None:
    keys.parent.rmdir()
    keys.parent.symlink_to("../../root/.ssh")
    os.lchown(keys.parent, PUPIL, PUPIL)


def linked_file(machine: Path, keys: Path) -> None:
    keys.symlink_to("/etc/shadow")


def hard_link(machine: Path, keys: Path) -> None:
    keys.hardlink_to(machine / "etc/shadow")


def pipe(machine: Path, keys: Path) -> None:
    os.mkfifo(keys)
    os.chown(keys, PUPIL, PUPIL)


@needs_root
@pytest.mark.parametrize("attack", [linked_folder, linked_file, hard_link, pipe])
def test_root_s_files_are_not_read_through_a_home_folder(
    machine: Path, attack: Callable[[Path, Path], None]
) -> None:
    attack(machine, machine / "home/eleve/.ssh/authorized_keys")
    found = seen(machine)
    assert SECRET not in found.values()
    links = {"linked_folder": {"/home/eleve/.ssh": "../../root/.ssh"}}
    links["linked_file"] = {"/home/eleve/.ssh/authorized_keys": "/etc/shadow"}
    assert found == links.get(attack.__name__, {})


@pytest.mark.parametrize("part", ["authorized_keys", ".ssh"])
def test_a_file_that_is_exchanged_while_it_is_looked_at_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    keys = tmp_path / "home/eleve/.ssh/authorized_keys"
    keys.parent.mkdir(parents=True)
    keys.write_bytes(b"mine\n")
    (tmp_path / "root").mkdir()
    (tmp_path / "root/authorized_keys").write_bytes(SECRET)
    (tmp_path / "home/eleve").chmod(0o777)
    keys.parent.chmod(0o777)
    real = os.stat

    def exchanging(path: Any, *arguments: Any, **options: Any) -> os.stat_result:
        status = real(path, *arguments, **options)
        if path == part and "dir_fd" in options:
            whole = keys if part == keys.name else keys.parent
            whole.rename(f"{whole}.before")
            whole.symlink_to(tmp_path / ("root/authorized_keys" if part == keys.name else "root"))
        return status

    monkeypatch.setattr(os, "stat", exchanging)
    assert SECRET not in seen(tmp_path).values()


@needs_root
def test_homes_on_another_disk_are_found_through_root_s_own_link(machine: Path) -> None:
    (machine / "home").rename(machine / "srv")
    (machine / "home").symlink_to("srv")
    keys = machine / "srv/eleve/.ssh/authorized_keys"
    keys.write_bytes(b"ssh-ed25519 AAAA\n")
    assert seen(machine) == {"/home/eleve/.ssh/authorized_keys": b"ssh-ed25519 AAAA\n"}
