"""The kills of tests/e2e and scripts/bench: one that came too late does not count."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator

import pytest

from tests.e2e import kills

ENDS, FAILS = (sys.executable, "-c", ""), (sys.executable, "-c", "raise SystemExit(1)")
STAYS = (sys.executable, "-c", "import time; time.sleep(600)")


class School:
    """Instead of playbooks it runs the given commands, one after the other."""

    def __init__(self, *commands: tuple[str, ...]) -> None:
        self.commands: Iterator[tuple[str, ...]] = iter(commands)
        self.environment = os.environ

    def playbook_command(self, _: str) -> tuple[str, ...]:
        return next(self.commands)

    def on_host(self, *_: str, stdin: str = "") -> None:
        """Nothing is disturbed."""


class Moments(random.Random):
    """Draws these moments."""

    def __init__(self, *moments: float) -> None:
        super().__init__(1)
        self.moments = iter(moments)

    def uniform(self, a: float, b: float) -> float:
        return next(self.moments)


def test_a_run_that_had_ended_is_not_counted_and_another_one_is_killed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    school = School(ENDS, FAILS, STAYS)
    kill, found = kills.kill_one(school, "handover.yml", (), 1.0, Moments(60, 60, 0.2))
    assert kill.moment == pytest.approx(0.2 * 0.8**2), "earlier after each that had ended before"
    assert found == ["it FAILED by itself, with status 1"]
    assert capsys.readouterr().out.count("ended before") == 2


def test_runs_that_always_end_before_are_no_kill() -> None:
    school = School(*[ENDS] * kills.DRAWS)
    _, found = kills.kill_one(school, "handover.yml", (), 1.0, Moments(*[60] * kills.DRAWS))
    assert found == [f"it was not killed: it ended before its moment {kills.DRAWS} times"]


def test_every_kind_of_run_is_killed() -> None:
    assert {playbook for playbook, _ in kills.KINDS} == kills.PLAYBOOKS.keys()
    assert [options for playbook, options in kills.KINDS if playbook == "provision.yml"] == [kills.ROTATE, ()]
