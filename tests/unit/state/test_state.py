"""The state: atomic, stable, and whole after any interruption."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reversibility.errors import CartableError
from reversibility.records.atomic import remove_leftovers, write_atomically
from reversibility.records.locking import file_lock
from reversibility.records.state import State, encode

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@pytest.fixture
def state(tmp_path):
    return State.create(tmp_path / "market" / "state")


def git(state, *arguments):
    return subprocess.run(
        ["git", "-C", state.directory, *arguments], check=True, capture_output=True, text=True
    ).stdout


def test_opening_creates_nothing(tmp_path):
    state = State(tmp_path / "state")
    assert state.read_json("a", "UC250001", "inventory.json") is None
    assert (list(state.assets()), state.files("a", "UC250001"), state.volatile("a", "UC250001")) == (
        [],
        [],
        {},
    )
    assert not state.directory.exists()


def test_a_second_write_of_the_same_changes_nothing(state):
    assert state.would_change("a", "UC250001", "inventory.json", {"b": 1, "a": [2, 1]})
    assert state.write("a", "UC250001", "inventory.json", {"b": 1, "a": [2, 1]})
    assert not state.would_change("a", "UC250001", "inventory.json", {"a": [2, 1], "b": 1})
    assert not state.write("a", "UC250001", "inventory.json", {"a": [2, 1], "b": 1})
    assert state.commit("first")
    assert state.commit("second") is None
    State.create(state.directory)
    assert git(state, "status", "--porcelain") == ""
    assert git(state, "log", "--format=%s") == "first\n"


@given(st.dictionaries(st.text(), VALUES))
def test_data_is_written_as_it_is_read(content):
    assert json.loads(encode(content)) == content
    assert encode(json.loads(encode(content))) == encode(content)


@pytest.mark.parametrize(
    "name", ["", "/etc/passwd", "../UC250002/x", "config/../../x", ".git/config", "config/.gitignore", "a\0b"]
)
def test_a_record_stays_in_its_folder(state, name):
    with pytest.raises(CartableError, match="cannot be a record"):
        state.write("a", "UC250001", name, "x")


@pytest.mark.parametrize("folder", ["..", ".git", "a/b", "", "journal"])
def test_a_folder_is_a_site_or_an_asset(state, folder):
    with pytest.raises(CartableError, match="cannot be a folder"):
        state.write(folder, "UC250001", "x.json", {})


def test_volatile_values_are_merged_and_not_committed(state):
    state.write("a", "UC250001", "inventory.json", {})
    state.note_volatile("a", "UC250001", {"uptime_seconds": 1})
    state.note_seen("a", "UC250001", NOW, True)
    state.commit("first")
    state.note_seen("a", "UC250001", NOW, False, "no route")
    assert state.commit("second") is None
    assert state.volatile("a", "UC250001") == {
        "uptime_seconds": 1,
        "last_seen": "2026-11-22T14:03:00Z",
        "last_attempt": {"time": "2026-11-22T14:03:00Z", "reachable": False, "detail": "no route"},
    }
    assert state.files("a", "UC250001") == ["inventory.json"]
    assert list(state.assets()) == [("a", "UC250001")]
    assert state.find("UC250001") == ("a", "UC250001")


def test_the_difference_is_shown_as_ansible_shows_it(state):
    state.write("a", "UC250001", "config/etc/hostname", "one\n")
    shown = state.diff("a", "UC250001", "config/etc/hostname", "two\n")["prepared"]
    assert "-one\n+two\n" in shown
    assert "a/UC250001/config/etc/hostname" in shown
    assert state.read_bytes("a", "UC250001", "config/etc/hostname") == b"one\n"


def test_damage_is_found_and_named(state):
    state.write("a", "UC250001", "inventory.json", {"x": 1})
    state.write("a", "UC250001", "config.age", b"age-encryption.org/v1\n...")
    state.commit("first")
    assert state.verify() == []
    folder = state.directory / "a" / "UC250001"
    (folder / "inventory.json").write_text('{"x": ')
    (folder / "config.age").write_bytes(b"")
    assert [problem.split(":")[0] for problem in state.verify()] == [
        "a/UC250001/config.age",
        "a/UC250001/inventory.json",
    ]


def test_a_damaged_git_object_is_found(state):
    state.write("a", "UC250001", "inventory.json", {"x": 1})
    state.commit("first")
    blob = git(state, "rev-parse", "HEAD:a/UC250001/inventory.json").strip()
    path = state.directory / ".git" / "objects" / blob[:2] / blob[2:]
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-3])
    assert any(blob in problem for problem in state.verify())


def test_what_a_killed_git_leaves_does_not_stop_the_next_run(state):
    state.write("a", "UC250001", "inventory.json", {"x": 1})
    state.commit("first")
    for name in ("index.lock", "HEAD.lock", "refs/heads/main.lock", "config.lock"):
        (state.directory / ".git" / name).touch()
    (state.directory / ".tmp" / ".inventory.json.0123456789abcdef.tmp").write_bytes(b"half")
    state.write("a", "UC250001", "inventory.json", {"x": 2})
    assert state.commit("second")
    assert list((state.directory / ".tmp").iterdir()) == []
    assert state.verify() == []


def test_the_operators_git_settings_do_not_matter(state, tmp_path, monkeypatch):
    (tmp_path / "gitconfig").write_text(
        "[commit]\ngpgsign = true\n[core]\nautocrlf = true\nhooksPath = /nowhere\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    state.write("a", "UC250001", "config/etc/hostname", "one\r\n")
    assert state.commit("first")
    monkeypatch.delenv("GIT_DIR")
    show = ["git", "-C", state.directory, "show", "HEAD:a/UC250001/config/etc/hostname"]
    assert subprocess.run(show, check=True, capture_output=True).stdout == b"one\r\n"


def test_a_living_writers_file_is_not_a_leftover(tmp_path):
    import fcntl

    dead, living = tmp_path / ".a.tmp", tmp_path / ".b.tmp"
    dead.touch()
    with living.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert remove_leftovers(tmp_path) == 1
    assert [path.name for path in tmp_path.iterdir()] == [".b.tmp"]


@settings(max_examples=20)
@given(data=st.binary(max_size=2000))
def test_an_atomic_write_holds_what_was_given(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("atomic") / "deep" / "file"
    write_atomically(path, data, mode=0o600)
    assert path.read_bytes() == data
    assert path.stat().st_mode & 0o777 == 0o600
    assert [other.name for other in path.parent.iterdir()] == ["file"]


def test_a_file_that_cannot_be_written_is_one_clear_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CartableError, match="cannot be written"):
        write_atomically(tmp_path / "file" / "below", b"x")


def test_a_lock_that_is_held_too_long_is_one_clear_sentence(tmp_path):
    lock = tmp_path / "lock"
    with (
        file_lock(lock),
        pytest.raises(CartableError, match=r"has held .*lock"),
        file_lock(lock, timeout=0.05),
    ):
        pass
    with file_lock(lock, timeout=0):
        pass


def test_a_child_that_inherits_the_lock_keeps_it(tmp_path):
    lock = tmp_path / "lock"
    with file_lock(lock) as descriptor:
        child = subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[descriptor]
        )
    with pytest.raises(CartableError), file_lock(lock, timeout=0.05):
        pass
    child.communicate(b"\n")
    with file_lock(lock, timeout=5):
        pass


WRITER = """
import sys
from pathlib import Path
from reversibility.records.state import State
state = State.create(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    for asset in ("UC250001", "UC250002", "UC250003"):
        state.write("a", asset, "inventory.json", {"number": number, "who": sys.argv[3]})
    state.write("a", sys.argv[3], "inventory.json", {"number": number})
    state.commit(f"{sys.argv[3]} {number}")
    print(number, flush=True)
"""


def writer(folder: Path, count: int, who: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(folder), str(count), who]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)


def test_processes_in_parallel_lose_nothing(tmp_path):
    running = [writer(tmp_path / "state", 6, f"PC25000{number}") for number in range(4)]
    assert [process.wait(120) for process in running if process.communicate()] == [0, 0, 0, 0]
    state = State(tmp_path / "state")
    assert state.verify() == []
    for number in range(4):
        assert state.read_json("a", f"PC25000{number}", "inventory.json") == {"number": 5}
    assert git(state, "status", "--porcelain") == ""


def test_kill_9_at_any_moment_leaves_a_whole_state(tmp_path):
    seed = int(os.environ.get("CARTABLE_SEED", random.randrange(2**32)))
    print(f"seed {seed} (CARTABLE_SEED={seed} repeats it)")
    chance = random.Random(seed)
    state = State(tmp_path / "state")
    for turn in range(6):
        process = writer(state.directory, 100_000, "PC250001")
        assert process.stdout is not None
        for _ in range(chance.randrange(1, 5)):
            process.stdout.readline()
        for _ in range(chance.randrange(1_000_000)):
            pass  # somewhere inside the next commit
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert state.verify() == []
        state.write("a", "UC250009", "inventory.json", {"turn": turn})
        assert state.commit(f"after kill {turn}")
        assert state.verify() == []
        assert git(state, "status", "--porcelain") == ""
