"""Logs off the machine: counted, completed, sealed, and checked by the journal's own code."""

from __future__ import annotations

import csv
import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils import log_store
from reversibility.cli import main
from reversibility.market.paths import MarketPaths
from reversibility.records.log_archive import LogArchive
from reversibility.records.state import State
from tests import project
from tests.project import PROJECT

DEMO = PROJECT / "inventories" / "demo"
DAY, TODAY = "2026-11-29", date(2026, 11, 30)
PC = "UC250001"


def source(*messages: str) -> bytes:
    """The file of a day, as an asset writes it."""
    return "".join(f"2026-11-29T08:00:00+00:00 auth.info sshd[7]: {text}\n" for text in messages).encode()


def arrive(folder: Path, content: bytes, *numbers: int, asset: str = PC, day: str = DAY) -> None:
    """Write lines of ``content`` to the store, by their number, as they would arrive."""
    place, rows = 0, []
    for line in content.split(b"\n")[:-1]:
        rows.append(b"198.51.100.74 %d %d %s\n" % (place, len(line), line))
        place += len(line) + 1
    path = folder / "hosts" / asset / f"{day}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as stream:
        stream.write(b"".join(rows[number] for number in numbers))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "demo" / "logs" / "NA250001"
    folder.mkdir(parents=True)
    return folder


CONTENT = source(
    "session opened for user direction", "é à ü", "Accepted password for eleve2", "user eleve left", "end"
)


def test_what_is_missing_doubled_or_cut_shows_by_its_place(store: Path) -> None:
    arrive(store, CONTENT, 3, 0, 3, 2)
    with (store / "hosts" / PC / f"{DAY}.log").open("ab") as stream:
        stream.write(b"198.51.100.74 9000 80 cut by a full\n")
    row = log_store.status(store, {PC: {DAY: len(CONTENT)}, "UC250002": {DAY: 7}})["assets"]
    lines = CONTENT.split(b"\n")
    second, last = len(lines[0]) + 1, len(CONTENT) - len(lines[4]) - 1
    assert row[PC][DAY] == {
        "lines": 3, "doubled": 1, "damaged": 1,
        "missing": [[second, second + len(lines[1]) + 1], [last, len(CONTENT)]],
    }  # fmt: skip
    assert row["UC250002"][DAY]["missing"] == [[0, 7]], "of which nothing ever arrived"


def test_a_gap_is_filled_from_what_the_source_has_and_once(store: Path) -> None:
    arrive(store, CONTENT, 0, 3)
    gaps = log_store.status(store, {PC: {DAY: len(CONTENT)}})["assets"][PC][DAY]["missing"]
    ranges = [(first, CONTENT[first:end]) for first, end in gaps]
    assert log_store.add(store, PC, DAY, ranges) == 3
    assert log_store.add(store, PC, DAY, ranges) == 0
    assert log_store.status(store, {PC: {DAY: len(CONTENT)}})["assets"][PC][DAY]["missing"] == []
    for asset, day in (("..", DAY), ("a/b", DAY), (PC, "../2026-11-29")):
        with pytest.raises(ValueError, match="no day"):
            log_store.add(store, asset, day, [(0, b"x\n")])


def test_days_that_are_over_are_sealed_and_the_journals_code_verifies_them(store: Path) -> None:
    arrive(store, CONTENT, 4, 1, 1)
    assert log_store.seal(store, date(2026, 11, 29)) == [], "the day is not over"
    [first] = log_store.seal(store, TODAY)
    assert (first["lines"], first["doubled"]) == (2, 1) and len(first["missing"]) == 2
    assert log_store.seal(store, TODAY) == [], "once"
    arrive(store, CONTENT, 0, 1, 2)
    [second] = log_store.seal(store, TODAY)
    assert second["file"].endswith(f"{DAY}.2.log.gz") and second["lines"] == 2, (
        "what came late, and nothing twice"
    )
    archive = LogArchive(store)
    assert archive.verify() == []
    assert len(archive.gaps()[PC, DAY]) == 1
    head = log_store.chain_head(store)
    assert archive.verify({head["count"]: head["hash"]}) == []
    assert len(list(archive.lines(asset=PC))) == 4
    written = datetime(2026, 12, 1, 2, 30).timestamp()
    for path in store.glob("hosts/*/*"):
        os.utime(path, (written, written))
    assert log_store.remove(store, date(2027, 12, 2), 366) == [], "a year is not over"
    removed = log_store.remove(store, date(2028, 1, 1), 366)
    assert [line["event"] for line in removed] == ["logs_removed"]
    assert archive.verify() == [] and not list(archive.lines())


def test_lines_of_a_clock_that_jumped_back_are_kept_like_all_others(store: Path) -> None:
    """An empty clock battery: the asset writes into the file of a day long ago."""
    day, today = "2015-01-01", datetime.now().date()
    arrive(store, CONTENT, 0, 1, 2, 3, 4, day=day)
    assert [line["lines"] for line in log_store.seal(store, today)] == [5]
    assert log_store.remove(store, today, 366) == []
    assert len(list(LogArchive(store).lines(asset=PC))) == 5
    assert log_store.remove(store, today + timedelta(days=368), 366) != []


@pytest.mark.parametrize("change", ["line", "file", "added", "removed", "end", "rewritten"])
def test_a_change_after_sealing_is_found(store: Path, change: str) -> None:
    for asset in (PC, "UC250002"):
        arrive(store, CONTENT, 0, 1, 2, 3, 4, asset=asset)
    log_store.seal(store, TODAY)
    head = log_store.chain_head(store)
    [chain], target = sorted((store / "chain").glob("*.jsonl")), store / "hosts" / PC / f"{DAY}.log.gz"
    if change == "line":
        chain.write_bytes(chain.read_bytes().replace(b'"lines":5', b'"lines":4', 1))
    elif change == "file":
        target.write_bytes(gzip.compress(gzip.decompress(target.read_bytes()).replace(b"eleve2", b"eleve3")))
    elif change == "added":
        shutil.copy(target, target.with_name("2026-11-28.log.gz"))
    elif change == "removed":
        target.unlink()
    elif change == "end":
        chain.write_bytes(chain.read_bytes().splitlines(keepends=True)[0])
    else:  # the whole store made again, chain and all
        shutil.rmtree(store)
        for asset in (PC, "UC250002"):
            arrive(store, CONTENT, 0, 1, 3, 4, asset=asset)
        log_store.seal(store, TODAY)
    assert LogArchive(store).verify({head["count"]: head["hash"]}) != []


def files_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("file", [f"hosts/{PC}/.{DAY}.log.gz.new", "chain/.head.json.new"])
def test_a_full_disk_is_said_in_a_sentence_and_leaves_nothing_half_written(store: Path, file: str) -> None:
    """The kernel's own "no space left on device": the file is /dev/full."""
    arrive(store, CONTENT, 0, 1)
    (store / "chain").mkdir()
    before = files_of(store)
    (store / file).symlink_to("/dev/full")
    arrive(store, CONTENT, 0, day="2026-11-28") if "hosts" in file else None
    said = log_store.main(store)
    place = store / Path(file).parent
    assert said and said.startswith(f"the disk of {place} is full ("), said
    assert f"1 day is not sealed: {PC}/{DAY};" in said and "Make room, then run 'systemctl start" in said
    if "hosts" in file:  # the day that does fit is sealed all the same
        assert [path.name for path in store.glob("hosts/*/*.gz")] == ["2026-11-28.log.gz"]
    else:
        assert files_of(store) == before
    assert log_store.main(store) is None, "the link is gone, as a disk with room again"
    assert LogArchive(store).verify() == [] and len(list(LogArchive(store).lines(asset=PC))) >= 2


def test_a_line_of_the_chain_that_fits_in_part_is_taken_back(store: Path) -> None:
    arrive(store, CONTENT, 0, day="2026-11-28")
    log_store.seal(store, TODAY)
    arrive(store, CONTENT, 0, 1)
    before = files_of(store)
    [chain] = (store / "chain").glob("*.jsonl")
    most = chain.stat().st_size + 20  # more than the day's file needs
    limit = ["prlimit", f"--fsize={most}:{most}", sys.executable, log_store.__file__, store]
    done = subprocess.run([str(word) for word in limit], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr and f"{PC}/{DAY}" in done.stderr
    assert files_of(store) == before
    assert len(log_store.seal(store, TODAY)) == 1 and LogArchive(store).verify() == []


def without_places(folder: Path, *numbers: int) -> None:
    """As ``arrive``, of a network device: it says no place, and the same text may be there twice."""
    lines = CONTENT.split(b"\n")
    path = folder / "hosts" / PC / f"{DAY}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as stream:
        stream.write(b"".join(b"198.51.100.3 - %d %s\n" % (len(lines[n]), lines[n]) for n in numbers))


def test_lines_of_a_device_are_numbered_as_they_arrived(store: Path) -> None:
    without_places(store, 0, 0, 3)
    with (store / "hosts" / PC / f"{DAY}.log").open("ab") as stream:
        stream.write(b"198.51.100.3 - 80 cut by a full\n")
    row = log_store.status(store, {})["assets"][PC][DAY]
    assert row == {"lines": 3, "doubled": 0, "damaged": 1, "missing": []}
    [first] = log_store.seal(store, TODAY)
    without_places(store, 1, 0)
    [second] = log_store.seal(store, TODAY)
    assert (first["lines"], second["lines"], second["missing"]) == (3, 2, [])
    said = [line.message for line in LogArchive(store).lines(asset=PC)]
    words = ["session opened for user direction"] * 2 + [
        "user eleve left",
        "é à ü",
        "session opened for user direction",
    ]
    assert sorted(said) == sorted(words) and LogArchive(store).verify() == []


@pytest.mark.parametrize(
    "write", [lambda store: arrive(store, CONTENT, 0, 2), lambda store: without_places(store, 0, 2)]
)
@pytest.mark.parametrize("cut", ["before the line", "after the line"])
def test_a_crash_between_a_day_and_its_line_is_completed_by_the_next_time(
    store: Path, cut: str, write: Callable[[Path], None]
) -> None:
    arrive(store, CONTENT, 0, asset="UC250002")
    log_store.seal(store, TODAY)
    write(store)
    before = files_of(store)
    [line] = log_store.seal(store, TODAY)
    for path, content in before.items():
        if cut == "before the line" or "hosts" in path.parts:
            path.write_bytes(content)
    again = log_store.seal(store, TODAY)
    assert [row["sha256"] for row in again] == ([line["sha256"]] if cut == "before the line" else [])
    assert LogArchive(store).verify() == [] and not list(store.glob("hosts/*/*.log"))
    assert len(list(LogArchive(store).lines(asset=PC))) == 2


@pytest.mark.parametrize("cut", ["head", "line"])
def test_a_crash_while_sealing_is_completed_by_the_next_time(store: Path, cut: str) -> None:
    arrive(store, CONTENT, 0)
    log_store.seal(store, TODAY)
    before = (store / "chain/head.json").read_bytes()
    arrive(store, CONTENT, 0, asset="UC250002")
    if cut == "head":
        log_store.seal(store, TODAY)
        (store / "chain/head.json").write_bytes(before)
    else:
        [chain] = (store / "chain").glob("*.jsonl")
        with chain.open("ab") as stream:
            stream.write(b'{"asset":"UC2500')
        log_store.seal(store, TODAY)
    arrive(store, CONTENT, 0, asset="UC250003")
    log_store.seal(store, TODAY)
    assert LogArchive(store).verify() == []


def test_an_extract_of_one_asset_or_account(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CARTABLE_DATA_DIR", str(tmp_path / "data"))
    for asset in (PC, "UC250002"):
        arrive(store, CONTENT, 0, 1, 2, 3, 4, asset=asset)
    log_store.seal(store, TODAY)
    state = State.create(MarketPaths.for_inventory(DEMO).state)
    state.write("trois_platanes", "NA250001", "logs.json", {"chain": log_store.chain_head(store)})
    assert main(["logs", "verify", "-i", str(DEMO)]) == 0
    out = tmp_path / "extrait.jsonl"
    assert main(["logs", "extract", "-i", str(DEMO), "--asset", PC, "--out", str(out)]) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["message"] for row in rows][:2] == ["session opened for user direction", "é à ü"]
    assert {row["asset"] for row in rows} == {PC} and rows[0]["program"] == "sshd[7]"
    table = tmp_path / "extrait.csv"
    assert main(["logs", "extract", "-i", str(DEMO), "--account", "eleve", "--out", str(table)]) == 0
    found = list(csv.DictReader(table.open(encoding="utf-8-sig"), delimiter=";"))
    assert [row["message"] for row in found] == ["user eleve left"] * 2, "eleve2 is somebody else"
    assert main(["logs", "extract", "-i", str(DEMO), "--account", "eleve", "--since", "2026-11-30"]) == 1
    (store / "hosts" / PC / f"{DAY}.log.gz").unlink()
    assert main(["logs", "verify", "-i", str(DEMO)]) == 1
    assert main(["logs", "extract", "-i", str(DEMO)]) == 2
    assert "--asset" in capsys.readouterr().err


def module(name: str, arguments: dict[str, object], *options: str) -> dict[str, Any]:
    """Run a module as Ansible does; what it returns."""
    local = ["-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"]
    run = ["-m", name, "-a", json.dumps(arguments), *options]
    plain = {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json", "ANSIBLE_LOAD_CALLBACK_PLUGINS": "false"}
    done = project.ansible("ansible", "localhost", *local, *run, environment=plain)
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    return answer


@pytest.mark.playbook
def test_the_modules_find_a_gap_and_fill_it(store: Path, tmp_path: Path) -> None:
    source_folder = tmp_path / "source"
    source_folder.mkdir()
    (source_folder / f"{DAY}.log").write_bytes(CONTENT)
    (source_folder / "2020-01-01.log").write_bytes(CONTENT)
    arrive(store, CONTENT, 0, 4)
    asked: dict[str, object] = {"folder": str(source_folder)}
    sizes = module("cartable.fleet.log_source", asked)["sizes"]
    assert sizes[DAY] == len(CONTENT)
    counted = module(
        "cartable.fleet.log_store", {"folder": str(store), "sizes": {PC: {DAY: sizes[DAY]}}}, "--check"
    )
    gaps = counted["assets"][PC][DAY]["missing"]
    content = module("cartable.fleet.log_source", {**asked, "ranges": {DAY: gaps}})["content"]
    filled = {"folder": str(store), "sizes": {PC: {DAY: sizes[DAY]}}, "content": {PC: content}, "seal": True}
    done = module("cartable.fleet.log_store", filled)
    assert done["added"] == 3 and done["record"]["assets"][PC]["missing"] == {}
    assert [entry["event"] for entry in done["sealed"]] == ["logs_sealed"]
    assert done["record"]["chain"] == log_store.chain_head(store)
    again = module("cartable.fleet.log_store", filled)
    assert again["changed"] is False, "and its text is there already"
    assert (source_folder / "2020-01-01.log").exists(), "nothing is removed before the server has it"
    assert module("cartable.fleet.log_source", {**asked, "today": "2020-02-29"})["changed"] is False
    assert module("cartable.fleet.log_source", {**asked, "today": "2020-03-02"})["changed"] is True
    assert {path.stem for path in source_folder.iterdir()} == {DAY}


# ---- the real rsyslog, with the templates of cartable.fleet.logs
