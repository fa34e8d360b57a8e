"""A Git command that fails is a failure: what was not committed does not pass for committed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from reversibility.errors import CartableError
from reversibility.records.state import State
from reversibility.records.state_git import StateRepository


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State.create(tmp_path / "state")
    state.write("a", "UC250001", "accounts.json", {"accounts": []})
    state.commit("first")
    return state


def branch(state: State) -> Path:
    name = (state.directory / ".git/HEAD").read_text().removeprefix("ref: ").strip()
    return state.directory / ".git" / name


def no_place_for_the_branch(state: State) -> None:
    place, commit = branch(state), branch(state).read_text().strip()
    place.unlink()
    place.mkdir()
    (place / "in the way").write_text("x")
    packed = state.directory / ".git/packed-refs"
    packed.write_text(f"{commit} refs/heads/{place.name}\n")


def index_that_is_none(state: State) -> None:
    (state.directory / ".git/index").write_bytes(b"DIRC" + bytes(40))


def objects_that_are_no_folder(state: State) -> None:
    objects = state.directory / ".git/objects"
    shutil.rmtree(objects)
    objects.mkdir()
    for number in range(256):
        (objects / f"{number:02x}").write_text("in the way")


@pytest.mark.parametrize(
    "break_it", [no_place_for_the_branch, index_that_is_none, objects_that_are_no_folder]
)
def test_a_commit_that_fails_is_an_error(state: State, break_it: Callable[[State], None]) -> None:
    break_it(state)
    state.write("a", "UC250001", "accounts.json", {"accounts": [{"login": "new"}]})
    with pytest.raises(CartableError, match="failed in the state"):
        state.commit("second")


@pytest.mark.parametrize(
    "arguments", [("no-such-command",), ("cat-file", "blob", "0" * 40), ("rev-parse", "--verify", "x")]
)
def test_any_command_that_fails_is_an_error(state: State, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CartableError, match=f"git {arguments[0]} failed in the state"):
        state.repository.run(*arguments)


@pytest.mark.parametrize("missing", ["HEAD", "objects", "refs"])
def test_a_repository_that_was_half_made_is_completed(tmp_path: Path, missing: str) -> None:
    state = State.create(tmp_path / "state")
    path = state.directory / ".git" / missing
    path.unlink() if path.is_file() else shutil.rmtree(path)
    if missing != "refs":
        assert not state.repository.exists()
        with pytest.raises(CartableError, match="is not a state"):
            state.commit("too early")
        state = State.create(tmp_path / "state")
    else:
        (state.directory / ".gitignore").unlink()
        state = State.create(tmp_path / "state")
    state.write("a", "UC250001", "accounts.json", {"accounts": []})
    assert state.commit("first") and state.repository.has_commits()
    assert state.verify() == []


def test_a_state_without_commits_has_none(tmp_path: Path) -> None:
    state = State.create(tmp_path / "state")
    assert state.repository.has_commits() is False
    state.commit("first")
    assert state.repository.has_commits() is True


def test_each_of_many_blobs_is_read_whole(state: State) -> None:
    contents = {f"config/{number}": b"x" * number + b"\n\n" for number in range(5)}
    for name, content in contents.items():
        state.write("a", "UC250001", name, content)
    state.commit("second")
    names = {
        state.repository.run("rev-parse", f"HEAD:a/UC250001/{name}").strip(): content
        for name, content in contents.items()
    }
    assert state.repository.blobs(names) == names
    assert state.repository.blobs([]) == {}


@pytest.mark.parametrize("status", [-9, -15, 1, 128])
def test_a_check_that_was_killed_is_no_good_news(
    state: State, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    killed = subprocess.CompletedProcess([], status, b"", b"ended early")
    monkeypatch.setattr(StateRepository, "_call", lambda *_, **__: killed)
    assert state.repository.check() == [".git: ended early"]
