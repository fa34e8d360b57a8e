"""Many writers, killed writers, full and read-only disks: nothing that was saved is ever lost."""

from __future__ import annotations

import contextlib
import multiprocessing
import random
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reversibility.records.vault import Vault, VaultError

SAID = {"username": "cartable", "password": "Kd7m-Tq6w-Rz9b", "policy": "user"}
SEED = random.SystemRandom().randrange(2**32)
KILLS = 12

# Adds entries for ever and says after each transaction which one is saved.
WRITER = """
import sys
from pathlib import Path
from reversibility.records.vault import Vault
vault = Vault.open(Path(sys.argv[1]), sys.stdin.readline().rstrip("\\n"))
start = len(vault.entries())
for number in range(start, start + 100_000):
    with vault.transaction() as change:
        change.put_current("s", f"UC{number:06d}", "cartable", username="u", password="Kd7m-Tq6w-Rz9b")
    print(number, flush=True)
"""

# Tries one transaction and says what went wrong.
ONE_CHANGE = """
import sys
from pathlib import Path
from reversibility.records.vault import Vault, VaultError
vault = Vault.open(Path(sys.argv[1]), sys.stdin.readline().rstrip("\\n"))
try:
    with vault.transaction() as change:
        change.put_current("s", "UC000001", "cartable", username="u", password="Kd7m-Tq6w-Rz9b")
except Exception as error:
    print(type(error).__mro__[-4].__name__, error)
"""


def add_ten(path: Path, passphrase: str, number: int, start: multiprocessing.synchronize.Barrier) -> None:
    """One of twenty processes that write at the same time."""
    vault = Vault.open(path, passphrase)
    start.wait()
    for index in range(10):
        with vault.transaction() as change:
            change.put_current("s", f"UC{number:02d}{index:04d}", "cartable", **SAID)


def test_twenty_processes_that_add_ten_entries_each_lose_none(vault_path: Path, passphrase: str) -> None:
    context = multiprocessing.get_context("fork")
    start = context.Barrier(20)
    processes = [context.Process(target=add_ten, args=(vault_path, passphrase, n, start)) for n in range(20)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 20
    entries = Vault.open(vault_path, passphrase).entries()
    assert {entry.asset for entry in entries} == {f"UC{n:02d}{i:04d}" for n in range(20) for i in range(10)}
    assert len(entries) == 200


def test_a_vault_whose_writer_is_killed_opens_with_all_that_was_saved(
    vault_path: Path, passphrase: str
) -> None:
    print(f"seed {SEED}")  # shown by pytest when the test fails
    chance = random.Random(SEED)
    saved = -1
    for _kill in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(vault_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as writer:
            assert writer.stdin is not None
            assert writer.stdout is not None
            writer.stdin.write(f"{passphrase}\n")
            writer.stdin.close()
            saved = int(writer.stdout.readline())  # it is in its loop now
            with contextlib.suppress(subprocess.TimeoutExpired):
                writer.wait(chance.uniform(0, 0.1))
            writer.send_signal(signal.SIGKILL)
            lines = writer.stdout.read().split("\n")
            whole = [int(line) for line in lines[:-1]]
            saved = whole[-1] if whole else saved
        count = len(Vault.open(vault_path, passphrase).entries())
        assert count >= saved + 1
        previous = vault_path.with_name("vault.kdbx.previous")
        assert len(Vault.open(previous, passphrase).entries()) >= saved
    with (vault := Vault.open(vault_path, passphrase)).transaction() as change:
        change.put_current("s", "last", "cartable", **SAID)
    assert vault.verify() == []
    names = {path.name for path in vault_path.parent.iterdir()}
    assert names == {"vault.kdbx", "vault.kdbx.previous", "vault.kdbx.lock"}  # no left-overs of the killed


def one_change(path: Path, passphrase: str, *before: str, **options: object) -> str:
    """Try one transaction in a process of its own, prefixed by the command ``before``; what it printed."""
    result = subprocess.run(
        [*before, sys.executable, "-c", ONE_CHANGE, str(path)],
        input=f"{passphrase}\n",
        text=True,
        capture_output=True,
        check=True,
        **options,  # type: ignore[call-overload]
    )
    return str(result.stdout)


def test_a_full_disk_is_said_and_nothing_is_lost(vault_path: Path, passphrase: str) -> None:
    before = vault_path.read_bytes()

    def full() -> None:  # no file may grow beyond a few bytes, as on a disk without space
        resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16))

    answer = one_change(vault_path, passphrase, preexec_fn=full)
    assert answer.startswith("CartableError The vault was not saved and is as it was: ")
    assert answer.count("\n") == 1
    assert vault_path.read_bytes() == before
    assert Vault.open(vault_path, passphrase).verify() == []


@pytest.mark.parametrize("locked_before", [False, True])
def test_a_read_only_folder_is_said_and_nothing_is_lost(
    vault_path: Path, passphrase: str, locked_before: bool
) -> None:
    setpriv = shutil.which("setpriv")
    assert setpriv, "setpriv (package util-linux) is needed"
    if locked_before:
        vault_path.with_name("vault.kdbx.lock").touch()
    before = vault_path.read_bytes()
    vault_path.parent.chmod(0o555)
    try:
        # root writes anywhere: without its capabilities it is bound by the rights like anybody else
        answer = one_change(vault_path, passphrase, setpriv, "--bounding-set=-all", "--inh-caps=-all")
    finally:
        vault_path.parent.chmod(0o755)
    assert answer.startswith("CartableError ")
    assert "Permission denied" in answer
    assert "check the" in answer
    assert answer.count("\n") == 1
    assert vault_path.read_bytes() == before


@pytest.mark.parametrize("locked_before", [False, True])
def test_a_read_only_disk_is_said_and_nothing_is_lost(
    vault_path: Path, passphrase: str, locked_before: bool
) -> None:
    """A mount that cannot be written, by root neither; only the process that tries sees it, and it is gone with it."""
    alone = ("unshare", "--mount", "--propagation", "private")
    if (refused := subprocess.run([*alone, "true"], capture_output=True, text=True, check=False)).returncode:
        pytest.skip(f"only root may mount: {refused.stderr.strip()}")
    if locked_before:
        vault_path.with_name("vault.kdbx.lock").touch()
    before = vault_path.read_bytes()
    read_only = 'mount --bind "$0" "$0"; mount -o remount,bind,ro "$0"; exec "$@"'
    answer = one_change(vault_path, passphrase, *alone, "sh", "-euc", read_only, str(vault_path.parent))
    assert answer.startswith("CartableError ")
    assert "(Read-only file system); check the folder's rights and its disk." in answer
    assert answer.count("\n") == 1
    assert vault_path.read_bytes() == before
    assert Vault.open(vault_path, passphrase).verify() == []
    assert {path.name for path in vault_path.parent.iterdir()} - {"vault.kdbx.lock"} == {"vault.kdbx"}


def test_an_unreadable_vault_is_said(vault: Vault) -> None:
    vault.path.unlink()
    vault.path.mkdir()
    with pytest.raises(VaultError, match=r"cannot be read \(Is a directory\)"):
        vault.refresh()
