"""Each case of the corpus, the ordinary way and in a batch: the same machine, the same said.

.venv/bin/python -m pytest tests/batch/test_equivalence.py
CARTABLE_BATCH_CASES=loop,when .venv/bin/python -m pytest tests/batch/test_equivalence.py
CARTABLE_BATCH_ALL=1 .venv/bin/python -m pytest tests/batch/test_equivalence.py
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.batch.both_ways import HERE, Corpus, Seen, differences, local_targets

RUNS = ("check", "first")
# An ordinary task costs half a second of CPU: in check mode run only those to which it matters, unless the variable
# CARTABLE_BATCH_ALL is set.
IN_CHECK_MODE = {
    "async", "block_rescue", "check_mode", "check_when", "command", "copy_content", "diff", "failed_when", "file",
    "lineinfile", "notify", "register_failed", "slurp_find", "template", "until", "when_register",
}  # fmt: skip

# How often a case goes to the target, by what docs/batch.md says of segments; tasks that run the ordinary way, in their
# place, are not counted.
ROUND_TRIPS = {
    "failure_ends": 1,
    "file": 1,
    "environment": 1,
    "misbehave_killed": 1,  # lost, and not run again
    "async": 1,  # only what reads the result of the task in the background
    "changed_when": 4,  # after each of the three expressions
    "block_rescue": 4,  # block, rescue, always, and what is after it
    "calculating": 6,  # before each of three facts is read, after that, and in two blocks; debug and assert are none
}


def texts(folder: str) -> dict[str, str]:
    """Name → text of the task files in ``folder``, those that the variable CARTABLE_BATCH_CASES names."""
    wanted = [name for name in os.environ.get("CARTABLE_BATCH_CASES", "").split(",") if name]
    found = {path.stem: path.read_text(encoding="utf-8") for path in sorted((HERE / folder).glob("*.yml"))}
    return {name: text for name, text in found.items() if not wanted or folder == "parts" or name in wanted}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, Seen]]:
    """Run → way → what was seen; at the same time, on targets of their own."""
    # Not in the threads: the first of these makes pytest's own folder, and two that do fail.
    folders = [tmp_path_factory.mktemp("batch") for _ in RUNS]
    with ThreadPoolExecutor() as pool:
        seen = pool.map(_run, folders, RUNS)
        return dict(zip(RUNS, seen, strict=True))


def _run(folder: Path, name: str) -> dict[str, Seen]:
    corpus = Corpus(folder, texts("cases"), texts("parts"))
    corpus.lay_out()
    arguments = {"check": ["--check", "--diff"], "first": ["--diff"]}[name]
    return corpus.run(local_targets(folder, list(corpus.cases)), *arguments, only=taken_by(name))


def taken_by(run: str) -> list[str]:
    """The cases of a run."""
    everywhere = run == "first" or os.environ.get("CARTABLE_BATCH_ALL")
    return [name for name in texts("cases") if everywhere or name in IN_CHECK_MODE]


def test_the_corpus_has_not_shrunk() -> None:
    assert len(list((HERE / "cases").glob("*.yml"))) >= 60


@pytest.mark.parametrize(("case", "run"), [(name, run) for run in RUNS for name in taken_by(run)])
def test_same(case: str, run: str, runs: Mapping[str, Mapping[str, Seen]]) -> None:
    seen = runs[run]
    for way, one in seen.items():
        assert case in one.events, f"{way} did not come to this case:\n{one.output[-3000:]}"
    told = differences(seen).get(case, [])
    assert not told, "\n".join(told)


def _counted(seen: Seen) -> dict[str, tuple[int, Seen]]:
    return {
        case: (sum(event["round_trips"] or 0 for event in events if event["event"] == "batch"), seen)
        for case, events in seen.events.items()
        if case in ROUND_TRIPS
    }


@pytest.fixture(scope="module")
def round_trips(
    runs: Mapping[str, Mapping[str, Seen]], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, tuple[int, Seen]]:
    """Case → round trips, and the run in which they were counted, where the target has kept the module files.

    Where it has not, each segment costs one more. A target keeps those of 64 segments, and the corpus has more: what
    took longer than it should is run alone, a second time if need be, so that they are there.
    """
    found = _counted(runs["first"]["batch"])
    for _ in range(2):
        longer = [case for case, (number, _) in found.items() if number > ROUND_TRIPS[case]]
        if longer:
            folder = tmp_path_factory.mktemp("again")
            corpus = Corpus(folder, {case: texts("cases")[case] for case in longer}, texts("parts"))
            corpus.lay_out()
            batch = local_targets(folder, longer)["batch"]
            found |= _counted(corpus.run({"batch": batch}, "--diff")["batch"])
    return found


@pytest.mark.parametrize("case", [name for name in ROUND_TRIPS if name in texts("cases")])
def test_tasks_run_together(case: str, round_trips: Mapping[str, tuple[int, Seen]]) -> None:
    number, seen = round_trips[case]
    assert number == ROUND_TRIPS[case], f"{seen.events[case]}\n{seen.output[-3000:]}"


def test_the_cases_in_check_mode_exist() -> None:
    assert {path.stem for path in (HERE / "cases").glob("*.yml")} >= IN_CHECK_MODE


@pytest.mark.parametrize("run", RUNS)
def test_nothing_else(run: str, runs: Mapping[str, Mapping[str, Seen]]) -> None:
    seen = runs[run]
    others = {case: told for case, told in differences(seen).items() if case not in texts("cases")}
    assert not others


@pytest.mark.parametrize(
    "arguments", [("--tags", "red"), ("--skip-tags", "red"), ("--tags", "blue,never")], ids=" ".join
)
def test_tags(arguments: tuple[str, ...], tmp_path: Path) -> None:
    corpus = Corpus(tmp_path, texts("tagged"), texts("parts"))
    corpus.lay_out()
    seen = corpus.run(local_targets(tmp_path, list(corpus.cases)), *arguments)
    assert set(corpus.cases) == set(seen["ordinary"].events) == set(seen["batch"].events)
    told = differences(seen)
    assert not told, "\n".join(line for lines in told.values() for line in lines)


def test_diff_without_the_option(tmp_path: Path) -> None:
    """``--diff`` shows all differences, so that only without it ``diff: true`` decides something."""
    corpus = Corpus(tmp_path, {"diff": (HERE / "cases" / "diff.yml").read_text(encoding="utf-8")})
    corpus.lay_out()
    seen = corpus.run(local_targets(tmp_path, list(corpus.cases)))
    told = differences(seen).get("diff", [])
    assert not told, "\n".join(told)
    shown = [event["what"] for event in seen["batch"].events["diff"] if event["event"] == "diff"]
    assert shown == ["corpus : Shown", "corpus : Lines"]


# What a task file may say, and both ways have to do the same with. (run_once is in test_run_once.py.)
KEYWORDS = {
    "always", "async", "become", "become_user", "block", "changed_when", "check_mode", "delegate_to", "diff",
    "environment", "failed_when", "ignore_errors", "import_tasks", "include_role", "include_tasks", "loop",
    "loop_control", "module_defaults", "no_log", "notify", "reboot", "register", "rescue", "retries", "tags", "timeout",
    "until", "vars", "wait_for_connection", "when",
}  # fmt: skip


def _said(entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The keywords and actions of tasks and blocks, without their collections."""
    for entry in entries:
        yield from (key.rpartition(".")[2] for key in entry)
        for inner in ("block", "rescue", "always"):
            yield from _said(entry.get(inner, []))


def test_every_keyword_is_in_some_case() -> None:
    files = [
        file
        for name in ("cases", "connections", "containers", "tagged")
        for file in (HERE / name).glob("*.yml")
    ]
    said = {key for file in files for key in _said(yaml.safe_load(file.read_text(encoding="utf-8")))}
    assert said >= KEYWORDS
