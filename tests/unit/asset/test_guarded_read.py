"""The collector reads home folders with their owners' rights, never with root's."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.asset import configuration
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


@pytest.fixture
def two_files(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    for name in ("fast", "slow"):
        (tmp_path / "etc" / name).write_bytes(name.encode())
    return tmp_path


@pytest.fixture
def waiting() -> Iterator[int]:
    """Reading from this waits; for eight seconds only, so that a test without a time limit fails."""
    reader, writer = os.pipe()
    timer = threading.Timer(8, os.close, [writer])
    timer.start()
    yield reader
    timer.cancel()


@pytest.mark.parametrize("when", ["when it is read", "byte by byte"])
def test_a_file_that_does_not_answer_is_left_out_and_said(
    two_files: Path, monkeypatch: pytest.MonkeyPatch, waiting: int, when: str
) -> None:
    """As on a file system of a machine that is off, or of a program that gives a byte now and then."""
    slow = (two_files / "etc/slow").stat().st_ino
    real, began = os.read, time.monotonic()

    def read(descriptor: int, size: int) -> bytes:
        if os.fstat(descriptor).st_ino != slow:
            return real(descriptor, size)
        if when == "byte by byte":
            time.sleep(0.02)
            return b"x" if time.monotonic() < began + 8 else b""
        return real(waiting, size)  # this system call does not come back by itself

    monkeypatch.setattr(os, "read", read)
    monkeypatch.setattr(configuration, "PATIENCE", 0.2)
    files, left_out = collect(str(two_files), ["/etc/*"])
    assert time.monotonic() - began < 5
    assert ([file["path"] for file in files], left_out) == (["/etc/fast"], ["/etc/slow"])


def test_a_folder_that_is_never_listed_holds_nobody_up(
    two_files: Path, monkeypatch: pytest.MonkeyPatch, waiting: int
) -> None:
    real = os.scandir

    def scandir(path: Any = ".") -> Any:
        if str(path).rstrip("/").endswith("nfs"):
            os.read(waiting, 1)
        return real(path)

    (two_files / "etc/nfs").mkdir()
    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(configuration, "PATIENCE", 0.2)
    files, left_out = collect(str(two_files), ["/etc/nfs/**", "/etc/fast"])
    assert ([file["path"] for file in files], left_out) == (["/etc/fast"], ["/etc/nfs/**"])


def test_a_file_under_a_lease_of_its_owner_is_said_and_not_waited_for(two_files: Path) -> None:
    """Opening such a file waits for 45 seconds, and nothing of it can be read meanwhile."""
    lease = (
        "import fcntl, sys; file = open(sys.argv[1], 'r+'); fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK);"
        "import signal; signal.signal(signal.SIGIO, signal.SIG_IGN); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", lease, str(two_files / "etc/slow")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None and owner.stdin is not None
        assert owner.stdout.readline() == b"held\n"
        began = time.monotonic()
        files, left_out = collect(str(two_files), ["/etc/*"])
        assert time.monotonic() - began < 5
        owner.stdin.close()
    assert ([file["path"] for file in files], left_out) == (["/etc/fast"], ["/etc/slow"])


def test_thousands_of_files_do_not_fill_the_state(two_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration, "LARGEST_WHOLE", 100)
    for number in range(9):
        (two_files / f"etc/{number}").write_bytes(b"x" * 30)
    files, left_out = collect(str(two_files), ["/etc/[0-9]", "/etc/[0-9]"])
    assert len(files) == 3 and len(left_out) == 6
