"""A handful of task files at random, both ways.

They are the same in each run, as long as Hypothesis is: what fails here fails because of a change.
``scripts/bench/batch_random.py`` runs as many others as one wants.
"""

from __future__ import annotations

from pathlib import Path

from tests.batch.both_ways import Corpus, differences, local_targets
from tests.batch.grammar import PARTS, some_files


def test_random_files_do_the_same(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path, some_files(8, start=3), PARTS, pipelining=False)
    corpus.lay_out()
    seen = corpus.run(local_targets(tmp_path, list(corpus.cases)), "--diff")
    told = differences(seen)
    assert set(corpus.cases) <= set(seen["batch"].events)
    assert not told, "\n".join(
        f"{corpus.cases[case]}\n{line}" for case, lines in told.items() for line in lines
    )
