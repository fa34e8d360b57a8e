"""Unreadable files allow no verdict: both programs exit with 2 and name the file."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reversibility.bundle.verify import verify
from reversibility.cli import main
from reversibility.errors import CartableError
from tests.unit.bundle.judges import principal_of_the_file

NOBODY = 65534
Run = Callable[[list[str]], int]


def command(arguments: list[str]) -> int:
    return main(
        ["verify", *(argument.replace("--signataires", "--allowed-signers") for argument in arguments)]
    )


BOTH = pytest.mark.parametrize("run", [command, principal_of_the_file], ids=["command", "file"])


@contextmanager
def nobody() -> Iterator[None]:
    """Be somebody to whom permissions apply: the tests may run as root."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if before == 0:
            os.seteuid(0)


@pytest.fixture
def open_bag(sealed: Path) -> Iterator[Path]:
    """A bag that nobody may read, in a folder that nobody may enter (pytest's own are for their owner alone)."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(shutil.copytree(sealed, Path(folder) / sealed.name))


@BOTH
def test_a_readable_bag_is_verified_by_anybody(
    open_bag: Path, run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    with nobody():
        assert run([str(open_bag)]) == 3
    capfd.readouterr()


@pytest.mark.parametrize(
    "name",
    [
        "", "data", "data/01-inventaire", "data/completude.json", "data/11-documents/gros.bin", "verifier.py",
        "manifest-sha256.txt", "tagmanifest-sha512.txt", "tagmanifest-sha256.txt.sig", "allowed_signers",
    ],
)  # fmt: skip
@BOTH
def test_what_may_not_be_read_is_named(
    open_bag: Path, run: Run, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (open_bag / name).chmod(0)
    with nobody():
        assert run([str(open_bag)]) == 2
    said = capfd.readouterr()
    assert str(open_bag / name) in said.err and said.err.count("\n") == 1, said.err
    assert said.out == ""


@BOTH
def test_a_bundle_in_a_folder_that_may_not_be_entered(
    open_bag: Path, run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    open_bag.parent.chmod(0o700)
    with nobody():
        assert run([str(open_bag)]) == 2
    said = capfd.readouterr()
    assert str(open_bag) in said.err and said.err.count("\n") == 1, said.err


@BOTH
def test_a_list_of_signers_that_may_not_be_read_refuses_nobody(
    open_bag: Path, keys: Path, run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    listed = Path(shutil.copy(keys / "town.allowed", open_bag.parent))
    listed.chmod(0)
    with nobody():
        assert run([str(open_bag), "--signataires", str(listed)]) == 2
    said = capfd.readouterr()
    assert str(listed) in said.err, said.err


def test_the_library_raises_what_its_callers_expect(open_bag: Path) -> None:
    (open_bag / "data").chmod(0)
    with nobody(), pytest.raises(CartableError, match=r"/data cannot be read \(Permission denied\)"):
        verify(open_bag)


def test_a_comparison_that_cannot_read_does_not_say_that_they_differ(
    open_bag: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    state = open_bag.parent / "state"
    (state / ".git").mkdir(parents=True)
    (state / "ecole").mkdir(mode=0)
    with nobody():
        assert main(["compare", str(state), str(state)]) == 2
    assert str(state / "ecole") in capfd.readouterr().err
