"""Each case of the corpus, the ordinary way and in a batch: the same machine, the same said.

.venv/bin/python -m pytest tests/batch/test_equivalence.py
CARTABLE_BATCH_CASES=loop,when .venv/bin/python -m pytest tests/batch/test_equivalence.py
CARTABLE_BATCH_ALL=1 .venv/bin/python -m pytest tests/batch/test_equivalence.py
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.batch.both_ways import HERE, Corpus, Seen, differences, local_targets

RUNS = ("check", "first", "second")
# An ordinary task costs half a second of CPU: in check mode and a second time run only those to which it matters,
# unless the variable CARTABLE_BATCH_ALL is set.
FILES = {
    "blockinfile", "command", "copy_content", "copy_options", "copy_src", "diff", "file", "lineinfile", "notify",
    "template", "when_register",
}  # fmt: skip
ALSO_IN = {
    "check": FILES
    | {
        "async", "block_rescue", "check_mode", "check_when", "failed_when", "register_args", "register_failed",
        "slurp_find", "until",
    },
    "second": FILES | {"block_conditional_register", "copy_links", "loop"},
}  # fmt: skip


def texts(folder: str) -> dict[str, str]:
    """Name → text of the task files in ``folder``, those that the variable CARTABLE_BATCH_CASES names."""
    wanted = [name for name in os.environ.get("CARTABLE_BATCH_CASES", "").split(",") if name]
    found = {path.stem: path.read_text(encoding="utf-8") for path in sorted((HERE / folder).glob("*.yml"))}
    return {name: text for name, text in found.items() if not wanted or folder == "parts" or name in wanted}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, Seen]]:
    """Run → way → what was seen. In check mode on targets of their own, at the same time as the others."""
    parts = [(tmp_path_factory.mktemp("batch"), some) for some in (RUNS[:1], RUNS[1:])]
    with ThreadPoolExecutor() as pool:
        made = pool.map(lambda part: _run(*part), parts)
        return {run: seen for part in made for run, seen in part.items()}


def _run(folder: Path, names: Sequence[str]) -> dict[str, dict[str, Seen]]:
    corpus = Corpus(folder, texts("cases"), texts("parts"))
    corpus.lay_out()
    targets = local_targets(folder, list(corpus.cases))
    arguments = {"check": ("--check", "--diff")}
    return {
        name: corpus.run(targets, *arguments.get(name, ("--diff",)), only=taken_by(name)) for name in names
    }


def taken_by(run: str) -> list[str]:
    """The cases of a run."""
    everywhere = run == "first" or os.environ.get("CARTABLE_BATCH_ALL")
    return [name for name in texts("cases") if everywhere or name in ALSO_IN[run]]


def test_the_corpus_has_not_shrunk() -> None:
    assert len(list((HERE / "cases").glob("*.yml"))) >= 60


@pytest.mark.parametrize(("case", "run"), [(name, run) for run in RUNS for name in taken_by(run)])
def test_same(case: str, run: str, runs: Mapping[str, Mapping[str, Seen]]) -> None:
    seen = runs[run]
    for way, one in seen.items():
        assert case in one.events, f"{way} did not come to this case:\n{one.output[-3000:]}"
    told = differences(seen).get(case, [])
    assert not told, "\n".join(told)


@pytest.mark.parametrize("run", ALSO_IN)
def test_the_runs_name_cases_that_exist(run: str) -> None:
    assert {path.stem for path in (HERE / "cases").glob("*.yml")} >= ALSO_IN[run]


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
