"""A state that somebody else wrote to: on a found stick, of another user, or pushed by another controller."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reversibility.errors import CartableError
from reversibility.records.journals import Journals
from reversibility.records.state import State

WHEN = datetime(2026, 11, 22, 14, tzinfo=UTC)


def git(directory: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(directory), *arguments], check=True, capture_output=True)


def make_state(directory: Path) -> State:
    state = State.create(directory)
    for second in range(4):
        Journals(directory / "journal", "poste7").own.append(
            {"event": "task"}, when=WHEN.replace(second=second)
        )
        state.commit(f"run {second}")
    return state


def cut_journal(state: State, lines: int = 2) -> None:
    """Take the last lines away together with the head, as somebody would who knows how the chain is made."""
    [path] = Journals(state.directory / "journal", "poste7").own.files()
    kept = path.read_bytes().splitlines(keepends=True)[:-lines]
    path.write_bytes(b"".join(kept))
    last = json.loads(kept[-1])
    head = {"count": last["seq"], "hash": last["hash"], "file": path.name, "size": path.stat().st_size}
    (path.parent / "head.json").write_text(json.dumps(head))


COMMANDS = {
    "core.fsmonitor": "touch MARKER",
    "core.sshCommand": "touch MARKER",
    "diff.external": "touch MARKER",
    "filter.taken.clean": "touch MARKER; cat",
    "filter.taken.process": "touch MARKER",
    "core.pager": "touch MARKER; cat",
    "include.path": "/tmp/elsewhere",
    "alias.log": "!touch MARKER",
    "gpg.program": "MARKER",
}


@pytest.mark.parametrize("setting", sorted(COMMANDS))
def test_what_a_states_own_settings_say_is_not_run(tmp_path: Path, setting: str) -> None:
    state, marker = make_state(tmp_path / "state"), tmp_path / "taken"
    git(state.directory, "config", setting, COMMANDS[setting].replace("MARKER", str(marker)))
    (state.directory / ".gitattributes").write_text("* filter=taken diff=taken\n")
    for attempt in (
        lambda: state.commit("again"),
        lambda: Journals(state.directory / "journal").committed_heads(),
        state.repository.check,
    ):
        with pytest.raises(CartableError, match="settings that a state does not need"):
            attempt()
    assert Journals(state.directory / "journal").verify().problems, "what was not compared is not verified"
    assert not marker.exists()


def test_hooks_are_not_run(tmp_path: Path) -> None:
    state, marker = make_state(tmp_path / "state"), tmp_path / "taken"
    for name in ("pre-commit", "post-commit", "post-index-change", "reference-transaction"):
        hook = state.directory / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {marker}\n")
        hook.chmod(0o755)
    (state.directory / "new").write_text("x")
    state.commit("with hooks")
    assert not marker.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_state_of_another_user_is_not_an_empty_one(tmp_path: Path) -> None:
    state = make_state(tmp_path / "state")
    cut_journal(state)
    for path in (state.directory, *state.directory.rglob("*")):
        os.chown(path, 1234, 1234, follow_symlinks=False)
    report = Journals(state.directory / "journal").verify()
    assert any("belongs to user 1234" in problem for problem in report.problems)
    with pytest.raises(CartableError, match="belongs to user 1234"):
        state.repository.has_commits()


def test_lines_that_git_is_told_to_forget_are_missed(tmp_path: Path) -> None:
    """`git replace` and grafts hide the commits that had more lines; the heads in them still count."""
    state = make_state(tmp_path / "state")
    first = subprocess.run(
        ["git", "-C", str(state.directory), "rev-list", "--max-parents=0", "HEAD"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    cut_journal(state)
    state.commit("cut")
    git(state.directory, "replace", "--graft", "HEAD", first)
    (state.directory / ".git" / "info").mkdir(exist_ok=True)
    assert any("poste7" in problem for problem in Journals(state.directory / "journal").verify().problems)


def test_a_shallow_state_is_not_verified(tmp_path: Path) -> None:
    state = make_state(tmp_path / "state")
    shallow = tmp_path / "shallow"
    subprocess.run(
        ["git", "clone", "-q", "--depth=1", f"file://{state.directory}", str(shallow)],
        check=True,
        capture_output=True,
    )
    assert any("not compared" in problem for problem in Journals(shallow / "journal").verify().problems)
