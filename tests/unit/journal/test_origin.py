"""From where somebody works, also behind sudo, which takes SSH_CONNECTION out of the environment."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from reversibility.records.origin import person
from tests.project import PROJECT

SAY = "from reversibility.records.origin import person; print(person().get('from'))"


def shell(*command: str) -> list[str]:
    """A shell that runs ``command`` as its child: with something left to do it cannot become that program itself."""
    return ["sh", "-c", f"{shlex.join(command)}; exit $?"]


def said_in(*chain: str) -> str:
    """What the last of a chain of real processes says; all of them have an empty environment to begin with."""
    command = ["env", "-i", *chain]
    return subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout.strip()


def test_the_address_is_found_behind_processes_without_it() -> None:
    say = ["env", "-i", sys.executable, "-c", SAY]
    outer, inner = (f"SSH_CONNECTION=192.0.2.{last} 50000 192.0.2.1 22" for last in (7, 8))
    path = f"PATH={os.environ['PATH']}"
    assert said_in(path, outer, *shell("env", "-i", path, *shell(*say))) == "192.0.2.7"
    assert said_in(path, outer, *shell("env", "-i", path, inner, *shell(*say))) == "192.0.2.8"


def test_its_own_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "2001:db8::9 50000 2001:db8::1 22")
    assert person()["from"] == "2001:db8::9"


def test_a_process_that_may_not_be_read_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    never = int(Path("/proc/sys/kernel/pid_max").read_text()) + 1
    monkeypatch.setattr(os, "getppid", lambda: never)
    assert "from" not in person()
