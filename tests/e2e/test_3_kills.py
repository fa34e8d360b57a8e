"""kill -9 at random moments of provision, observe, hand-over: the records verify, and the next run completes."""

from __future__ import annotations

import os
import random

import pytest

from tests.e2e import kills
from tests.e2e.conftest import DemoRun, School

KILLS = 5


def test_a_killed_run_loses_nothing_and_the_next_one_completes(
    school: School, demo: DemoRun, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("CARTABLE_KILLS_SEED", random.SystemRandom().randrange(2**32)))
    with capsys.disabled():
        print(f"\nseed of the kills: CARTABLE_KILLS_SEED={seed}")
    generator = random.Random(seed)
    met = 0
    for killed in kills.series(school, KILLS, generator):
        assert killed.problems == (), f"seed {seed}: {killed}"
        met += 1
    assert met == KILLS
    # An observation does not mend what was disturbed before it, and later tests want the school whole.
    kills.run(school, "provision.yml")
