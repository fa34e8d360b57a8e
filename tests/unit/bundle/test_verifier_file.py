"""The single file that travels in the bundle, as a stranger runs it."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.bundle.judges import VERIFIER, run_file


def fingerprint(public: Path) -> str:
    done = subprocess.run(["ssh-keygen", "-lf", str(public)], check=True, capture_output=True, text=True)
    return done.stdout.split()[1]


def test_it_travels_in_the_bag_and_finds_it_by_itself(sealed: Path, keys: Path) -> None:
    assert (sealed / "verifier.py").read_bytes() == VERIFIER.read_bytes()
    command = [sys.executable, "-I", "verifier.py", "--empreinte", fingerprint(keys / "town.pub")]
    done = subprocess.run(command, cwd=sealed, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "INTACT, signé par la clé attendue" in done.stdout
    assert not list(sealed.rglob("__pycache__"))


def test_exit_statuses(bag: Path, keys: Path, tmp_path: Path) -> None:
    town, stranger = fingerprint(keys / "town.pub"), fingerprint(keys / "stranger.pub")
    status, words = run_file(bag)
    assert status == 3 and town in words and "N'A PAS ÉTÉ CONTRÔLÉ" in words
    assert run_file(bag, "--signataires", str(keys / "town.allowed"))[0] == 0
    assert run_file(bag, "--signataires", str(keys / "stranger.allowed"))[0] == 1
    status, words = run_file(bag, "--empreinte", stranger)
    assert status == 1 and "mauvais signataire" in words
    assert run_file(tmp_path / "nowhere")[0] == 2
    (bag / "data/completude.json").write_bytes(b"[]\n")
    status, words = run_file(bag, "--empreinte", town)
    assert status == 1 and "REFUSÉ  data/completude.json\u00a0: modifié" in words


def test_without_ssh_keygen_it_says_what_to_install(
    sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    status, words = run_file(sealed)
    assert status == 2 and "client OpenSSH" in words


def test_it_needs_the_standard_library_only_and_python_3_8() -> None:
    tree = ast.parse(VERIFIER.read_text(encoding="utf-8"), feature_version=(3, 8))
    names = {
        (alias.name if isinstance(node, ast.Import) else str(node.module)).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert names <= set(sys.stdlib_module_names)
    assert not re.search(r"\b(http|socket|urllib)\b", VERIFIER.read_text(encoding="utf-8"))


def pythons() -> list[str]:
    """Every Python that this machine has, also those of pyenv, which are on no path; the oldest first."""
    places = [*os.environ["PATH"].split(os.pathsep), *map(str, Path.home().glob(".pyenv/versions/*/bin"))]
    found: dict[tuple[int, int], str] = {}
    for minor in range(8, 16):
        for candidate in (f"{place}/python3.{minor}" for place in places):
            works = [candidate, "-c", "import ssl, subprocess"]
            if (
                os.access(candidate, os.X_OK)
                and subprocess.run(works, check=False, capture_output=True).returncode == 0
            ):
                found.setdefault((3, minor), candidate)
    return list(found.values())


@pytest.mark.parametrize("python", pythons())
def test_it_runs_on_the_pythons_of_this_machine(sealed: Path, keys: Path, python: str) -> None:
    """At least on the one that runs this test; on those that are not here, the language test above stands alone."""
    assert run_file(sealed, "--signataires", str(keys / "town.allowed"), python=python)[0] == 0
