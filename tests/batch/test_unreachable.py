"""A host that becomes unreachable during a batch: no further task runs, and earlier results are reported."""

from __future__ import annotations

from pathlib import Path

from tests.batch.both_ways import Corpus, differences, local_targets
from tests.batch.test_equivalence import texts


def test_same(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path, texts("unreachable"), shards=1)
    corpus.lay_out()
    seen = corpus.run(local_targets(tmp_path, list(corpus.cases)), "--diff")
    for one in seen.values():
        assert "unreachable=1" in one.output
        assert list(one.tree["ignored"]) == ["", "goes_on"]
    told = differences(seen)
    assert not told, "\n".join(line for lines in told.values() for line in lines)
