"""Runs random task files the ordinary way and in batches, and compares the results.

    .venv/bin/python scripts/bench/batch_random.py --cases 500 --seed 1

Prints the seed and the result; each file that differs, with what differs. Exit status 1 when any does.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ansible.release import __version__ as core

from tests.batch.both_ways import Corpus, differences, local_targets
from tests.batch.grammar import PARTS, some_files

AT_ONCE = 50  # files in one run of ansible-playbook
MODES = (("--diff",), ("--check", "--diff"))  # in turns


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    begun = time.monotonic()
    texts = list(some_files(wanted.cases, wanted.seed).items())
    different = 0
    for number, start in enumerate(range(0, len(texts), AT_ONCE)):
        some = dict(texts[start : start + AT_ONCE])
        with tempfile.TemporaryDirectory(prefix="batch-random-") as name:
            corpus = Corpus(Path(name), some, PARTS, shards=2)
            corpus.lay_out()
            seen = corpus.run(local_targets(Path(name), list(some)), *MODES[number % len(MODES)])
            told = differences(seen)
            told |= {case: ["it was not reached"] for case in some if case not in seen["batch"].events}
        for case, lines in told.items():
            different += 1
            print(f"\n=== {case}\n{some.get(case, '')}\n" + "\n".join(lines), flush=True)
        print(f"{start + len(some)} of {len(texts)}: {different} differ", flush=True)
    print(
        f"{len(texts)} task files, seed {wanted.seed}, ansible-core {core}: "
        f"{different or 'none'} differ ({time.monotonic() - begun:.0f} s)"
    )
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
