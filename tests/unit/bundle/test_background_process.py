"""Work beside the build: its result and its errors come back, and it never outlives the block."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from reversibility.bundle.background_process import in_background
from reversibility.errors import CartableError


def test_the_result_of_another_process_comes_back() -> None:
    with in_background(os.getpid, "asking") as result:
        assert result() not in {os.getpid(), None}


def test_a_large_result_does_not_block() -> None:
    with in_background(lambda: "x" * 10_000_000, "asking") as result:
        assert len(result()) == 10_000_000


def _clear_error() -> None:
    raise CartableError("the sentence")


def test_an_error_for_people_comes_back_as_it_is() -> None:
    with (
        pytest.raises(CartableError, match=r"^the sentence$"),
        in_background(_clear_error, "failing") as result,
    ):
        result()


def test_an_error_of_the_disk_keeps_its_file(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(FileNotFoundError) as caught, in_background(missing.read_text, "reading") as result:
        result()
    assert caught.value.filename == str(missing)


def _bug() -> None:
    raise KeyError("the bug")


def test_a_bug_comes_back_with_its_traceback() -> None:
    with (
        pytest.raises(RuntimeError, match=r"in _bug\n.*\n.*the bug"),
        in_background(_bug, "failing") as result,
    ):
        result()


def test_a_process_that_was_killed_is_told_with_what_it_did() -> None:
    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    with (
        pytest.raises(CartableError, match=r"that was writing the tables ended with status -9"),
        in_background(die, "writing the tables") as result,
    ):
        result()


def test_the_process_ends_with_the_block(tmp_path: Path) -> None:
    started = tmp_path / "started"

    def work() -> None:
        started.write_text(str(os.getpid()))
        signal.pause()

    with pytest.raises(KeyboardInterrupt), in_background(work, "waiting"):
        while not (started.exists() and started.read_text()):
            time.sleep(0.01)
        raise KeyboardInterrupt
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)
