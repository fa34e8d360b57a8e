"""A bundle with planted Python modules: no way of verification may load them."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.bundle.judges import VERIFIER

BIN = Path(sys.executable).parent


def imported() -> set[str]:
    """The modules that the stand-alone verifier imports, by its own words."""
    tree = ast.parse(VERIFIER.read_text(encoding="utf-8"))
    return {
        (alias.name if isinstance(node, ast.Import) else str(node.module)).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }


# What these modules import in their turn could be shadowed as well, so every module of the library is.
SHADOWS = sorted(imported() | {"__future__", "sitecustomize", "usercustomize"} | set(sys.stdlib_module_names))


@pytest.fixture
def shadowed(bag: Path, tmp_path: Path) -> Path:
    """A bundle with a file for each module, all of which say that they ran, and that all is well."""
    for name in SHADOWS:
        shadow = f"open({str(tmp_path / 'ran')!r}, 'a').write({name!r} + ' ')\nprint('INTACT')\nraise SystemExit(0)\n"
        (bag / f"{name}.py").write_text(shadow, encoding="utf-8")
    return bag


def run(command: list[str | Path], folder: Path, **options: object) -> subprocess.CompletedProcess[str]:
    """Run without what the developer's environment says of Python."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        command, cwd=folder, env=environment | {"PYTHONUTF8": "1"}, capture_output=True, text=True,
        encoding="utf-8", check=False, **options,  # type: ignore[call-overload]
    )  # fmt: skip


def test_what_the_verifier_imports_is_shadowed() -> None:
    assert {"argparse", "hashlib", "os", "re", "subprocess"} < imported() <= set(SHADOWS)


@pytest.mark.parametrize("option", [[], ["-I"]], ids=["plain", "isolated"])
@pytest.mark.parametrize("where", ["beside", "inside"])
def test_the_verifier_runs_no_shadow(shadowed: Path, tmp_path: Path, option: list[str], where: str) -> None:
    name, folder = (
        ("verifier.py", shadowed) if where == "inside" else (f"{shadowed.name}/verifier.py", tmp_path)
    )
    done = run([sys.executable, *option, name], folder)
    assert not (tmp_path / "ran").exists(), (tmp_path / "ran").read_text()
    assert done.returncode == 1, done.stdout + done.stderr
    for shadow in SHADOWS:
        assert f"REFUSÉ  {shadow}.py\u00a0: ajouté" in done.stdout


def test_nor_does_a_trusted_copy_on_the_standard_input(shadowed: Path, tmp_path: Path) -> None:
    """Python searches the current folder then; without a name, that folder is also the one to verify."""
    done = run([sys.executable, "-"], shadowed, input=VERIFIER.read_text(encoding="utf-8"))
    assert not (tmp_path / "ran").exists()
    assert done.returncode == 1 and "REFUSÉ  hashlib.py" in done.stdout


def test_nor_does_the_command(shadowed: Path, tmp_path: Path) -> None:
    done = run([BIN / "reversibility", "verify", "."], shadowed)
    assert not (tmp_path / "ran").exists()
    assert done.returncode == 1
    for shadow in SHADOWS:
        assert f"REFUSED  {shadow}.py was added" in done.stdout


def test_nor_does_bagit_which_does_not_see_them(shadowed: Path, tmp_path: Path) -> None:
    for folder, name in ((tmp_path, shadowed.name), (shadowed, ".")):
        done = run([BIN / "bagit.py", "--validate", name], folder)
        assert done.returncode == 0, done.stderr
    assert not (tmp_path / "ran").exists()
