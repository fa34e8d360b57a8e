"""The chains of several controllers in one state: merged by Git without a conflict, and compared with its history."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reversibility.records.journal import Journal
from reversibility.records.journals import NOT_COMPARED, Journals, controller_name
from reversibility.records.state import State

NOVEMBER = datetime(2026, 11, 22, 14, tzinfo=UTC)


def journals(state: State, controller: str = "poste7") -> Journals:
    return Journals(state.directory / "journal", controller)


def run(state: State, controller: str, lines: int = 3, minute: int = 0) -> None:
    """Leave what a run leaves: lines and a commit."""
    for second in range(lines):
        when = NOVEMBER.replace(minute=minute, second=second)
        journals(state, controller).own.append({"event": "task", "controller": controller}, when=when)
    state.commit(f"a run of {controller}")


def clone(state: State, folder: Path) -> State:
    subprocess.run(["git", "clone", "-q", str(state.directory), str(folder)], check=True, capture_output=True)
    return State(folder)


@pytest.fixture
def state(tmp_path):
    state = State.create(tmp_path / "state")
    run(state, "poste7")
    run(state, "poste7", minute=1)
    return state


def drop_last_lines(chain: Journal, count: int) -> None:
    """Remove lines and rewrite the head, as somebody would who knows how the chain is made."""
    path = chain.files()[-1]
    kept = path.read_bytes().splitlines(keepends=True)[:-count]
    path.write_bytes(b"".join(kept))
    last = json.loads(kept[-1])
    head = {"count": last["seq"], "hash": last["hash"], "file": path.name, "size": path.stat().st_size}
    (chain.directory / "head.json").write_text(json.dumps(head))


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("Poste7.ville.example", "poste7.ville.example"),
        ("../état de Marie", "tat-de-marie"),
        ("", "controller"),
        (".", "controller"),
    ],
)
def test_a_host_name_is_made_a_safe_folder(host, name):
    assert controller_name(host) == name


def test_two_controllers_merge_without_a_conflict(state, tmp_path):
    here, there = clone(state, tmp_path / "here"), clone(state, tmp_path / "there")
    for turn in range(1, 3):  # what was merged once is added to on both sides
        run(here, "poste7", minute=10 * turn)
        run(there, "poste8", minute=10 * turn + 1)
        there.repository.run("pull", "--quiet", "--no-rebase", "--no-edit", str(here.directory), "main")
        here.repository.run("pull", "--quiet", "--no-rebase", "--no-edit", str(there.directory), "main")
    for merged in (here, there):
        report = journals(merged).verify()
        assert (report.lines, report.problems, report.notes) == (18, [], [])
        entries = list(journals(merged).entries())
        assert [entry["time"] for entry in entries] == sorted(entry["time"] for entry in entries)
        assert [entry["controller"] for entry in entries] == ["poste7"] * 9 + ["poste8"] * 3 + [
            "poste7"
        ] * 3 + ["poste8"] * 3


def test_a_problem_names_controller_file_and_line(state):
    run(state, "poste8")
    path = journals(state, "poste8").own.files()[0]
    path.write_bytes(path.read_bytes().replace(b'"task"', b'"tusk"'))
    problems = journals(state).verify().problems
    assert [problem.split(": ")[0] for problem in problems] == [
        f"poste8/2026-11.jsonl:{line}" for line in (1, 2, 3)
    ]


def test_last_lines_that_were_removed_with_their_count_are_missed_in_gits_history(state):
    drop_last_lines(journals(state).own, 2)
    assert journals(state).own.verify().problems == []  # the chain alone cannot show it
    (problem,) = journals(state).verify().problems
    assert problem.startswith("poste7/2026-11.jsonl:4: ") and "line number 6" in problem


@pytest.mark.parametrize("minutes", [[2], [2, 3]])
def test_they_are_missed_after_the_next_runs_as_well(state, minutes):
    """The next run commits what is there, so the last commit alone would not show it."""
    drop_last_lines(journals(state).own, 2)
    for minute in minutes:
        run(state, "poste7", minute=minute)
    (problem,) = journals(state).verify().problems
    assert problem.startswith("poste7/2026-11.jsonl:6: Git's history of the state has another line number 6")


def test_they_are_missed_when_another_controller_merges(state, tmp_path):
    there = clone(state, tmp_path / "there")
    run(there, "poste8")
    drop_last_lines(journals(state).own, 2)
    state.commit("tidied")
    there.repository.run("pull", "--quiet", "--no-rebase", "--no-edit", str(state.directory), "main")
    problems = journals(there).verify().problems
    assert len(problems) == 1 and problems[0].startswith("poste7/")


def test_a_chain_that_was_removed_or_begun_anew_is_missed(state):
    shutil.rmtree(journals(state).own.directory)
    assert any("head.json" in problem for problem in journals(state).verify().problems)
    run(state, "poste7", lines=6, minute=5)
    assert journals(state).own.verify().problems == []
    assert any("another line number 3" in problem for problem in journals(state).verify().problems)


def test_a_damaged_head_in_gits_history_is_the_head_of_nothing(state):
    head = journals(state).own.directory / "head.json"
    whole = head.read_bytes()
    for damage in (b"\r\n{}\r\n", b"\xff", b""):
        head.write_bytes(damage)
        state.commit("damaged")
    head.write_bytes(whole)
    assert journals(state).verify().problems == []


def test_outside_of_a_state_it_is_said_that_the_end_was_not_compared(state, tmp_path):
    copy = tmp_path / "copy" / "journal"
    shutil.copytree(state.directory / "journal", copy)
    report = Journals(copy).verify()
    assert (report.lines, report.problems) == (6, [NOT_COMPARED])
    drop_last_lines(Journals(copy, "poste7").own, 2)
    assert Journals(copy).verify().problems == [NOT_COMPARED]
    assert Journals(copy).verify(journals(state).committed_heads()).problems != []


def test_a_line_outside_of_all_chains_is_found(state):
    path = journals(state).own.files()[0]
    shutil.copy(path, state.directory / "journal")
    assert [p.split(": ")[0] for p in journals(state).verify().problems] == ["2026-11.jsonl"]


def test_lines_of_a_run_that_did_not_commit_are_no_problem(state):
    journals(state).own.append({"event": "task"}, when=NOVEMBER.replace(minute=30))
    assert journals(state).verify().problems == []


def test_git_commits_neither_locks_nor_unfinished_files(state):
    folder = journals(state).own.directory
    for left in (folder / ".head.json.0.tmp", folder / "torn" / ".x.0.tmp"):
        left.parent.mkdir(exist_ok=True)
        left.write_bytes(b"unfinished")
    state.commit("after a crash")
    kept = state.repository.run("ls-files", "journal").split()
    assert kept == ["journal/poste7/2026-11.jsonl", "journal/poste7/head.json"]
    assert not (folder / ".head.json.0.tmp").exists()
