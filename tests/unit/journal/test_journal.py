"""The journal's chain: sound when written, and any change to it found."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reversibility.errors import CartableError
from reversibility.records.journal import Journal, canonical

OCTOBER = datetime(2026, 10, 31, 23, 59, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 1, 0, 1, tzinfo=UTC)


def filled(
    folder: Path, months: tuple[datetime, ...] = (OCTOBER, OCTOBER, OCTOBER, NOVEMBER, NOVEMBER)
) -> Journal:
    journal = Journal(folder)
    for number, moment in enumerate(months, 1):
        journal.append({"event": "task", "asset": f"UC25000{number}", "task": "Écrire l’été"}, when=moment)
    return journal


def lines_of(journal: Journal) -> list[tuple[Path, int, bytes]]:
    return [
        (path, number, raw)
        for path in journal.files()
        for number, raw in enumerate(path.read_bytes().splitlines(keepends=True))
    ]


def test_a_journal_is_one_chain_across_months(tmp_path):
    journal = filled(tmp_path)
    report = journal.verify()
    assert (report.lines, report.problems, report.notes) == (5, [], [])
    assert [path.name for path in journal.files()] == ["2026-10.jsonl", "2026-11.jsonl"]
    assert [entry["seq"] for entry in journal.entries()] == [1, 2, 3, 4, 5]
    assert [entry["seq"] for entry in journal.entries(since=date(2026, 11, 1))] == [4, 5]
    assert [entry["seq"] for entry in journal.entries(until=date(2026, 10, 31))] == [1, 2, 3]


def test_a_clock_that_was_set_back_keeps_the_order(tmp_path):
    journal = filled(tmp_path, (NOVEMBER, OCTOBER, NOVEMBER))
    assert [path.name for path in journal.files()] == ["2026-11.jsonl"]
    assert journal.verify().problems == []


def test_an_empty_folder_is_an_empty_journal(tmp_path):
    report = Journal(tmp_path / "nothing").verify()
    assert (report.lines, report.problems) == (0, [])
    assert not (tmp_path / "nothing").exists()


def test_what_the_journal_adds_cannot_be_given(tmp_path):
    with pytest.raises(ValueError, match="prev"):
        Journal(tmp_path).append({"prev": "0"})


def test_a_journal_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "journal").write_text("a file, not a folder")
    with pytest.raises(CartableError, match="cannot be opened"):
        Journal(tmp_path / "journal").append({"event": "task"})


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return filled(tmp_path_factory.mktemp("journal")).directory


def changed(original: Path, index: int, replacement: bytes) -> tuple[Journal, str]:
    """Copy the journal with one line replaced; returns it and the name of the file of that line."""
    copy = original.parent / "changed"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(original, copy)
    journal = Journal(copy)
    path, number, _ = lines_of(journal)[index]
    kept = path.read_bytes().splitlines(keepends=True)
    kept[number] = replacement
    path.write_bytes(b"".join(kept))
    return journal, path.name


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(index=st.integers(0, 4), position=st.integers(0, 10_000), byte=st.integers(0, 255))
@example(index=4, position=9_999, byte=0)
def test_any_changed_byte_is_found(original, index, position, byte):
    raw = lines_of(Journal(original))[index][2]
    position %= len(raw)
    if raw[position] == byte:
        byte ^= 1
    journal, name = changed(original, index, raw[:position] + bytes([byte]) + raw[position + 1 :])
    problems = journal.verify().problems
    assert problems
    assert any(problem.startswith((f"{name}:", "2026-11.jsonl:")) for problem in problems)


@settings(deadline=None, max_examples=100)
@given(index=st.integers(0, 4), extra=st.sampled_from([b" ", b"\n", b"{}\n", b"\0"]), before=st.booleans())
def test_anything_added_is_found(original, index, extra, before):
    raw = lines_of(Journal(original))[index][2]
    journal, _ = changed(original, index, extra + raw if before else raw + extra)
    report = journal.verify()
    # An unfinished line at the very end is what a power cut leaves: said, but not called tampering.
    assert report.problems or (index == 4 and report.notes)


@pytest.mark.parametrize("index", range(5))
def test_a_removed_line_is_found_and_its_place_named(original, index):
    journal, name = changed(original, index, b"")
    problems = journal.verify().problems
    assert problems
    assert problems[0].split(":")[0] in (name, "2026-11.jsonl")


@pytest.mark.parametrize("index", range(4))
def test_two_swapped_lines_are_found(original, index):
    journal, _ = changed(original, index, lines_of(Journal(original))[index + 1][2])
    path, number, _ = lines_of(journal)[index + 1]
    kept = path.read_bytes().splitlines(keepends=True)
    kept[number] = lines_of(Journal(original))[index][2]
    path.write_bytes(b"".join(kept))
    assert journal.verify().problems


@pytest.mark.parametrize("index", range(5))
def test_a_rewritten_line_with_a_fitting_hash_is_found(original, index):
    from reversibility.records.journal import line_hash

    entry = json.loads(lines_of(Journal(original))[index][2])
    entry["task"] = "nothing of the kind"
    entry["hash"] = line_hash(entry)
    journal, _ = changed(original, index, canonical(entry) + b"\n")
    assert journal.verify().problems


def test_a_line_moved_to_the_next_month_is_found(original):
    journal, _ = changed(original, 2, b"")
    moved = lines_of(Journal(original))[2][2]
    november = journal.files()[1]
    november.write_bytes(moved + november.read_bytes())
    assert any("moved" in problem for problem in journal.verify().problems)


@pytest.mark.parametrize("name", ["2026-10.jsonl", "2026-11.jsonl", "head.json"])
def test_a_removed_file_is_found(original, tmp_path, name):
    shutil.copytree(original, tmp_path, dirs_exist_ok=True)
    (tmp_path / name).unlink()
    assert Journal(tmp_path).verify().problems


def test_what_was_removed_stays_visible_after_the_next_run(original, tmp_path):
    shutil.copytree(original, tmp_path, dirs_exist_ok=True)
    journal = Journal(tmp_path)
    november = journal.files()[1]
    november.write_bytes(november.read_bytes().splitlines(keepends=True)[0])
    journal.append({"event": "task"}, when=NOVEMBER)
    assert any("2026-11.jsonl:2" in problem for problem in journal.verify().problems)


@pytest.mark.parametrize("damage", [None, b"", b"{}", b"not a head\r\n"])
def test_a_lost_head_stays_a_problem_after_the_next_run(original, tmp_path, damage):
    """It is replaced as a whole, so no crash loses it; whoever removes the last lines must touch it."""
    shutil.copytree(original, tmp_path, dirs_exist_ok=True)
    journal = Journal(tmp_path)
    november = journal.files()[1]
    november.write_bytes(november.read_bytes().splitlines(keepends=True)[0])
    (tmp_path / "head.json").unlink()
    if damage is not None:
        (tmp_path / "head.json").write_bytes(damage)
    assert any("head.json" in problem for problem in journal.verify().problems)
    journal.append({"event": "task"}, when=NOVEMBER)
    (problem,) = journal.verify().problems
    assert problem.startswith("2026-11.jsonl:2: head.json") and "may have been removed" in problem


def test_a_whole_line_after_the_head_is_adopted(tmp_path):
    """A run that was killed between the line and the head."""
    journal = filled(tmp_path)
    head = (tmp_path / "head.json").read_bytes()
    journal.append({"event": "task", "task": "the last one"}, when=NOVEMBER)
    (tmp_path / "head.json").write_bytes(head)
    report = journal.verify()
    assert report.problems == []
    assert "2026-11.jsonl:3" in report.notes[0]
    assert journal.append({"event": "task"}, when=NOVEMBER)["seq"] == 7
    assert (journal.verify().problems, journal.verify().notes) == ([], [])


def test_a_torn_line_is_put_aside_and_said(tmp_path):
    journal = filled(tmp_path)
    november = journal.files()[1]
    with november.open("ab") as file:
        file.write(b'{"event":"task","se')
    report = journal.verify()
    assert report.problems == []
    assert "2026-11.jsonl:3: an unfinished last line" in report.notes[0]
    assert journal.append({"event": "task"}, when=NOVEMBER)["seq"] == 7
    report = journal.verify()
    assert report.problems == []
    assert "put aside as torn/" in report.notes[0]
    assert [path.read_bytes() for path in (tmp_path / "torn").iterdir()] == [b'{"event":"task","se']


APPENDER = """
import sys
from pathlib import Path
from reversibility.records.journal import Journal
for number in range(int(sys.argv[2])):
    Journal(Path(sys.argv[1])).append({"event": "task", "number": number, "who": sys.argv[3]})
    print(number, flush=True)
"""


def appender(folder: Path, count: int, who: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", APPENDER, str(folder), str(count), who]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)


def test_processes_in_parallel_make_one_valid_chain(tmp_path):
    running = [appender(tmp_path, 25, who) for who in "abcd"]
    assert [process.wait(60) for process in running if process.communicate()] == [0, 0, 0, 0]
    journal = Journal(tmp_path)
    report = journal.verify()
    assert (report.lines, report.problems) == (100, [])
    for who in "abcd":
        assert [entry["number"] for entry in journal.entries() if entry["who"] == who] == list(range(25))


def test_kill_9_at_any_moment_leaves_a_valid_chain(tmp_path):
    seed = int(os.environ.get("CARTABLE_SEED", random.randrange(2**32)))
    print(f"seed {seed} (CARTABLE_SEED={seed} repeats it)")
    chance = random.Random(seed)
    journal = Journal(tmp_path)
    confirmed = 0
    for _ in range(8):
        process = appender(tmp_path, 100_000, "victim")
        assert process.stdout is not None
        for _ in range(chance.randrange(1, 40)):
            process.stdout.readline()
            confirmed += 1
        for _ in range(chance.randrange(20_000)):
            pass  # somewhere inside the next line
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        report = journal.verify()
        assert report.problems == []
        assert report.lines >= confirmed
        journal.append({"event": "task", "number": -1, "who": "next run"})
        assert journal.verify().problems == []
        confirmed = journal.verify().lines


@pytest.mark.parametrize("unreadable", [b"not JSON\n", b"[1]\n", b"\xff\xfe\n"])
def test_what_is_wrong_after_an_unreadable_line_is_found_as_well(tmp_path, unreadable):
    journal = filled(tmp_path, (OCTOBER,) * 6)
    [path] = journal.files()
    lines = path.read_bytes().splitlines(keepends=True)
    entry = json.loads(lines[4])
    entry["prev"] = "0" * 64
    del entry["hash"]
    entry["hash"] = hashlib.sha256(canonical(entry)).hexdigest()
    path.write_bytes(b"".join([*lines[:1], unreadable, *lines[2:4], canonical(entry) + b"\n", lines[5]]))
    problems = "\n".join(journal.verify().problems)
    assert f"{path.name}:2: the line is not a JSON object" in problems
    assert f"{path.name}:5: the line does not follow the line before it" in problems
    assert f"{path.name}:3:" not in problems, "there is nothing to compare the next line with"
