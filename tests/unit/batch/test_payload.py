"""The program that is sent, run here by a bare Python as a target would, with a home folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.payload import KEPT, Payload, answers

Run = Callable[..., tuple[list[dict[str, Any]], subprocess.CompletedProcess[str]]]

# Stands for the runner, which test_runner.py tests: says where it stands and what it got.
STAND_IN = b"""
def main(spec, modules):
    print('greeting cartable-batch:' + __import__('json').dumps({"spec": spec, "modules": modules}))
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def run(home: Path) -> Run:
    # The home folder is looked up as the account's, not in the environment, which sudo may keep.
    own = f"import pwd\nclass Account:\n    pw_dir = {str(home)!r}\npwd.getpwuid = lambda _: Account\n"

    def start(payload: Payload, *, with_files: bool) -> Any:
        script = own.encode() + payload.script([{"number": 0}], with_files=with_files)
        ended = subprocess.run(
            [sys.executable, "-I", "-"], input=script, capture_output=True, check=False, timeout=60
        )
        text = subprocess.CompletedProcess(
            ended.args, ended.returncode, ended.stdout.decode(), ended.stderr.decode()
        )
        return list(answers(text.stdout)), text

    return start


def payload(extra: str = "") -> Payload:
    made = Payload()
    made.add({"cartable_batch_runner.py": STAND_IN, "ansible/extra.py": extra.encode()})
    return made


def folder(home: Path) -> Path:
    return home / ".ansible" / "cartable-batch"


def test_the_key_is_of_the_content() -> None:
    assert payload().key == payload().key
    assert payload("a").key != payload("b").key


def test_missing_then_kept(run: Run, home: Path) -> None:
    made = payload()
    [said], _ = run(made, with_files=False)
    assert said == {"missing": made.key}
    [said], _ = run(made, with_files=True)
    assert said["spec"] == {"jobs": [{"number": 0}]}
    assert said["modules"] == str(folder(home) / made.key)
    [again], _ = run(made, with_files=False)
    assert again == said
    assert list((folder(home) / made.key).glob("**/*.pyc")), "not compiled"


@pytest.mark.parametrize("mode", [0o777, 0o775])
def test_a_folder_that_others_may_write_is_not_run(run: Run, home: Path, mode: int) -> None:
    made = payload()
    run(made, with_files=True)
    (folder(home) / made.key).chmod(mode)
    [said], _ = run(made, with_files=False)
    assert said == {"missing": made.key}
    heard, ended = run(made, with_files=True)
    assert not heard
    assert "not safe to run" in ended.stderr


def test_a_link_is_not_run(run: Run, home: Path, tmp_path: Path) -> None:
    made = payload()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder(home).mkdir(parents=True, mode=0o700)
    (folder(home) / made.key).symlink_to(elsewhere)
    heard, ended = run(made, with_files=True)
    assert not heard
    assert ended.returncode != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another owner")
def test_a_folder_of_somebody_else_is_not_run(run: Run, home: Path) -> None:
    made = payload()
    run(made, with_files=True)
    os.chown(folder(home) / made.key, 65534, 65534)
    heard, ended = run(made, with_files=True)
    assert not heard
    assert "not safe to run" in ended.stderr


def test_a_root_that_others_may_write_is_not_used(run: Run, home: Path) -> None:
    folder(home).mkdir(parents=True)
    folder(home).chmod(0o777)
    made = payload()
    [said], _ = run(made, with_files=True)
    assert not said["modules"].startswith(str(home))
    assert not Path(said["modules"]).exists(), "a temporary folder is left"
    assert not list(folder(home).iterdir())


def test_another_run_was_faster(home: Path, run: Run) -> None:
    made = payload()
    script = made.script([], with_files=True).decode()
    # Between the look and the renaming, another run puts its folder there.
    start = script.index("    compileall.compile_dir")
    script = (
        script[:start]
        + "    os.makedirs(tree, 0o755); open(os.path.join(tree, 'theirs'), 'w').close()\n"
        + script[start:]
    )
    own = f"import pwd\nclass Account:\n    pw_dir = {str(home)!r}\npwd.getpwuid = lambda _: Account\n"
    subprocess.run(
        [sys.executable, "-I", "-"],
        input=(own + script).encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert [path.name for path in folder(home).iterdir()] == [made.key]
    assert (folder(home) / made.key / "theirs").exists()


def test_old_folders_go(run: Run, home: Path) -> None:
    for number in range(KEPT + 3):
        run(payload(str(number)), with_files=True)
    assert len(list(folder(home).iterdir())) == KEPT


def test_answers_skip_the_rest() -> None:
    said = 'Welcome!\ncartable-batch:{"job": 1}\nrubbish\n  cartable-batch:{"end": true}\ncartable-batch:{"job": 2, "cu'
    assert list(answers(said)) == [{"job": 1}, {"end": True}]


def test_surrogates_travel(run: Run) -> None:
    made = payload()
    script = made.script([{"params": json.dumps("\udcff")}], with_files=False)
    assert isinstance(script, bytes)
