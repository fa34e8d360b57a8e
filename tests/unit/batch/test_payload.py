"""The program that is sent, run here by a bare Python as a target would, with a home folder of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.cartable.fleet.plugins.module_utils import batch_bootstrap
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.payload import (
    AnswerReader,
    Payload,
    answers,
    program,
)

Run = Callable[..., tuple[list[dict[str, Any]], subprocess.CompletedProcess[str]]]

# Stands for the runner, which test_runner.py tests: says where it stands and what it got.
STAND_IN = b"""
def main(jobs, modules, write):
    print('greeting', end=' ')
    write({"jobs": jobs, "modules": modules})
"""


def prefixed(own: str, script: bytes) -> bytes:
    """The program after lines of the test's own."""
    return f"{own}exec(compile({script!r}, 'program', 'exec'))".encode()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(
        sys, "pycache_prefix", None
    )  # the target compiles beside its files, wherever the tests do
    return tmp_path


@pytest.fixture
def run(home: Path) -> Run:
    # The home folder is looked up as the account's, not in the environment, which sudo may keep.
    own = f"import pwd\nclass Account:\n    pw_dir = {str(home)!r}\npwd.getpwuid = lambda _: Account\n"

    def start(payload: Payload, *, with_files: bool, keep: bool = True, before: str = "") -> Any:
        message = payload.message([{"number": 0}], with_files=with_files, keep=keep)
        script = prefixed(own + before, program(message, stays=False))
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
    assert said["jobs"] == [{"number": 0}]
    assert said["modules"] == str(folder(home) / made.key)
    [again], _ = run(made, with_files=False)
    assert again == said
    assert list((folder(home) / made.key).glob("**/*.pyc")), "not compiled"


def test_a_check_keeps_nothing(run: Run, home: Path) -> None:
    made = payload()
    [said], _ = run(made, with_files=False, keep=False)
    assert said == {"missing": made.key}
    [said], _ = run(made, with_files=True, keep=False)
    assert not list(home.iterdir())
    assert not Path(said["modules"]).exists(), "a temporary folder is left"
    run(made, with_files=True)
    before = {path: path.lstat().st_mtime_ns for path in home.rglob("*")}
    [said], _ = run(made, with_files=False, keep=False)
    assert said["modules"] == str(folder(home) / made.key)
    assert {path: path.lstat().st_mtime_ns for path in home.rglob("*")} == before


def test_what_another_tree_has_is_linked_and_nothing_else_is_there(run: Run, home: Path) -> None:
    first, second, third = payload(), payload(), payload("changed")
    second.add({"ansible/more.py": b"1"})
    one, two, three = (Path(run(made, with_files=True)[0][0]["modules"]) for made in (first, second, third))
    name = Path("ansible") / "extra.py"
    compiled = Path(importlib.util.cache_from_source(str(name)))
    assert (one / name).samefile(two / name)
    assert (one / compiled).samefile(two / compiled)
    assert (three / name).read_text() == "changed"
    assert not (one / name).samefile(three / name)
    assert not (three / "ansible" / "more.py").exists()
    [again], _ = run(first, with_files=True)
    assert not (Path(again["modules"]) / "ansible" / "more.py").exists(), (
        "a module may look whether it is there"
    )


def test_another_tree_is_not_written_where_its_compiled_files_are_missing(run: Run, home: Path) -> None:
    first, second = payload(), payload()
    second.add({"ansible/more.py": b"1"})
    one = Path(run(first, with_files=True)[0][0]["modules"])
    name = Path("ansible") / "extra.py"
    (one / importlib.util.cache_from_source(str(name))).unlink()
    before = (one / name).stat()
    two = Path(run(second, with_files=True)[0][0]["modules"])
    assert (two / name).read_bytes() == (one / name).read_bytes()
    assert not (one / name).samefile(two / name), "the other tree's file was written"
    assert (one / name).stat().st_mtime_ns == before.st_mtime_ns


def test_nothing_is_imported_from_the_working_directory(run: Run, home: Path, tmp_path: Path) -> None:
    for name in ("json", "zipfile", "tempfile"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported')\n")
    made = payload()
    ended = subprocess.run(
        [sys.executable, "-"],
        input=program(made.message([], with_files=False, keep=False), stays=False),
        cwd=tmp_path,
        env={**os.environ, "HOME": str(home)},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert b"imported" not in ended.stderr
    assert list(answers(ended.stdout.decode())) == [{"missing": made.key}]


def test_a_user_without_an_account(run: Run, home: Path) -> None:
    own = "import pwd\ndef nobody(_):\n    raise KeyError\npwd.getpwuid = nobody\n"
    ended = subprocess.run(
        [sys.executable, "-I", "-"],
        input=prefixed(own, program(payload().message([], with_files=True), stays=False)),
        env={"HOME": str(home)},
        capture_output=True,
        check=True,
        timeout=60,
    )
    [said] = answers(ended.stdout.decode())
    assert Path(said["modules"]).parent == folder(home)


def test_a_tree_that_is_used_is_not_the_next_to_go(run: Run, home: Path) -> None:
    made = payload()
    tree = Path(run(made, with_files=True)[0][0]["modules"])
    os.utime(tree, (0, 0))
    run(made, with_files=False, keep=False)
    assert tree.stat().st_mtime == 0, "a check changes nothing"
    run(made, with_files=False)
    assert tree.stat().st_mtime > 0


def test_a_folder_above_that_others_may_write_is_not_used(run: Run, home: Path) -> None:
    made = payload()
    run(made, with_files=True)
    (home / ".ansible").chmod(0o777)
    [said], _ = run(made, with_files=False)
    assert said == {"missing": made.key}


def test_a_run_that_was_cut_short_leaves_nothing_that_is_used(run: Run, home: Path) -> None:
    made = payload()
    script = program(made.message([], with_files=True), stays=False).decode()
    cut = script.replace("        os.rename(aside, tree)\n", "        os._exit(9)\n")
    assert cut != script
    own = f"import pwd\nclass Account:\n    pw_dir = {str(home)!r}\npwd.getpwuid = lambda _: Account\n"
    ended = subprocess.run(
        [sys.executable, "-I", "-"], input=prefixed(own, cut.encode()), check=False, timeout=60
    )
    assert ended.returncode == 9
    [said], _ = run(made, with_files=False)
    assert said == {"missing": made.key}
    [half] = folder(home).iterdir()
    os.utime(half, (0, 0))
    [said], _ = run(made, with_files=True)
    assert said["modules"] == str(folder(home) / made.key)
    assert not half.exists(), "what is long dead goes"


def test_many_at_once_make_one_tree(run: Run, home: Path) -> None:
    made = payload()
    with ThreadPoolExecutor(max_workers=8) as pool:
        said = list(pool.map(lambda _: run(made, with_files=True)[0], range(8)))
    assert all(answer == said[0] for answer in said)
    assert [path.name for path in folder(home).iterdir()] == [made.key]


@pytest.mark.parametrize("name", [".new-renamed", "removed"])
def test_what_another_run_takes_away_meanwhile_is_no_matter(run: Run, home: Path, name: str) -> None:
    # os.listdir still tells of it; it is gone where one looks.
    lists = f"import os\nlisted = os.listdir\nos.listdir = lambda path: [{name!r}, *listed(path)]\n"
    made = payload()
    [said], _ = run(made, with_files=True, before=lists)
    assert said["modules"] == str(folder(home) / made.key), "filled for this time only"


@pytest.mark.parametrize("mode", [0o777, 0o775])
def test_a_folder_that_others_may_write_is_not_run(run: Run, home: Path, mode: int) -> None:
    made = payload()
    run(made, with_files=True)
    (folder(home) / made.key).chmod(mode)
    for with_files in (False, True):
        heard, ended = run(made, with_files=with_files)
        assert not heard
        assert "not safe to run" in ended.stderr


def test_a_link_to_elsewhere_is_not_run(run: Run, home: Path, tmp_path: Path) -> None:
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


def test_old_trees_go(run: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = Path(batch_bootstrap.__file__).read_text().replace("MOST_TREES = 64", "MOST_TREES = 3")
    (tmp_path / "few.py").write_text(text)
    monkeypatch.setattr(batch_bootstrap, "__file__", str(tmp_path / "few.py"))
    made = [payload(str(number)) for number in range(5)]
    for one in made:
        run(one, with_files=True)
    assert {path.name for path in folder(home).iterdir()} == {one.key for one in made[-3:]}


def test_answers_skip_the_rest() -> None:
    said = 'Welcome!\ncartable-batch:{"job": 1}\nrubbish\n  cartable-batch:{"end": true}\ncartable-batch:{"job": 2, "cu'
    assert list(answers(said)) == [{"job": 1}, {"end": True}]


def test_surrogates_travel(run: Run) -> None:
    odd = {"params": json.dumps("\udcff")}
    message = payload().message([odd], with_files=False)
    assert json.loads(message)["jobs"] == [odd]
    assert "\\udcff" in program(message, stays=False).decode("ascii")


def test_what_comes_in_pieces_is_told_when_its_line_is_whole() -> None:
    said = 'Bienvenue à l’école\ncartable-batch:{"job": 1}\ncartable-batch:{"job": 2, "said": "é"}\n'.encode()
    for first in range(len(said)):
        for second in range(first, len(said), 7):
            heard = AnswerReader()
            pieces = [said[:first], said[first:second], said[second:]]
            told = [answer for piece in pieces for answer in heard.read(piece)]
            assert told == [{"job": 1}, {"job": 2, "said": "é"}]
    heard = AnswerReader()
    assert list(heard.read(said[:-1])) == [{"job": 1}]
    assert list(heard.read(b"\n")) == [{"job": 2, "said": "é"}]
