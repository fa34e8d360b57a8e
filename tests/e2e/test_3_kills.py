"""kill -9 at random moments of provision, observe, hand-over: the records verify, and the next run completes."""

from __future__ import annotations

import random

from tests.e2e import kills
from tests.e2e.conftest import DemoRun, School

KILLS = 2


def test_a_killed_run_loses_nothing_and_the_next_one_completes(school: School, demo: DemoRun) -> None:
    print(f"CARTABLE_KILLS_SEED={kills.SEED}")
    generator = random.Random(kills.SEED)
    met = 0
    for killed in kills.series(school, KILLS, generator):
        assert killed.problems == (), str(killed)
        met += 1
    assert met == KILLS
    # An observation does not mend what was disturbed before it, and later tests want the school whole.
    kills.run(school, "provision.yml")
