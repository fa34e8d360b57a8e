"""The fast path of apt, where something of apt is missing or another than expected: the module decides."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import ansible
import pytest

from tests.unit.batch.apt_target import STATUS, command, run, run_all


def missing_lists(target: Path) -> None:
    (target / "lists").rmdir()


def missing_status(target: Path) -> None:
    (target / "status").unlink()


def apt_config_fails(target: Path) -> None:
    command(target, "apt-config", "exit 100")


def apt_config_says_nothing(target: Path) -> None:
    command(target, "apt-config", "exit 0")


def no_version(target: Path) -> None:
    (target / "status").write_text(STATUS.replace("Version: 1.0-1\n", ""), encoding="utf-8")


def fast_path_fails(target: Path) -> None:
    path = target / "modules" / "cartable_batch_apt.py"
    path.write_text("raise RuntimeError('on purpose')\n", encoding="utf-8")


@pytest.mark.parametrize(
    "spoil",
    [missing_lists, missing_status, apt_config_fails, apt_config_says_nothing, no_version, fast_path_fails],
)
def test_in_doubt_the_module_decides(spoil: Callable[[Path], None], target: Path) -> None:
    spoil(target)
    said = run(target, name="plain")
    assert said.opened
    assert not said.errors


def test_without_a_list_of_the_automatic_ones(target: Path) -> None:
    (target / "extended_states").unlink()
    assert not run(target, name="automatic").opened


def test_without_apt_mark_the_module_warns(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {**os.environ, "PATH": "/nonexistent"})
    (target / "bin" / "apt-mark").unlink()
    assert run(target, name="plain").opened
    assert not run(target, name="plain", _ansible_check_mode=True).opened


def test_without_python_apt_the_module_decides(target: Path) -> None:
    """What it then does depends on this machine: with one half of python-apt it fails, here or in another Python."""
    (target / "modules" / "apt_pkg.py").unlink()
    assert json.loads(run(target, name="plain", _ansible_check_mode=True).text)["failed"]


def test_another_module_is_let_alone(target: Path) -> None:
    """A role's own apt.py is packed as ansible.legacy.apt."""
    shutil.copy(target / "modules" / "ansible" / "modules" / "apt.py", target / "modules" / "own.py")
    assert run_all(target, {"it": {"name": "plain"}}, fqn="own")["it"].opened


def test_a_module_that_has_changed_is_let_alone(target: Path) -> None:
    """What is used of the module is asked for before: with a newer Ansible the time is lost, and not the task."""
    package, copied = Path(ansible.__file__).parent, target / "modules" / "ansible"
    copied.unlink()
    copied.mkdir()
    for path in package.iterdir():
        if path.name != "modules":
            (copied / path.name).symlink_to(path)
    (copied / "modules").mkdir()
    text = (package / "modules" / "apt.py").read_text(encoding="utf-8")
    text = text.replace("get_updated_cache_time", "renamed")
    (copied / "modules" / "apt.py").write_text(text, encoding="utf-8")
    said = run(target, name="plain")
    assert said.opened
    assert json.loads(said.text)["changed"] is False
