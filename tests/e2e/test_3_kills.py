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
    for kill in kills.schedule(KILLS, generator, kills.durations(school)):
        kills.disturb(school, generator)
        assert kills.kill_once(school, kill) == [], f"seed {seed}: {kill}"
        kills.run(school, kill.playbook)
        assert kills.problems(school) == [], f"seed {seed}: the run after {kill}"
