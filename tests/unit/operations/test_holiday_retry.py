"""When what was off is tried again, and what a window's end and a changed clock do to a run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from reversibility.errors import CartableError
from reversibility.market.model import Market
from reversibility.operations.holiday.plan import Plan, make_plan
from reversibility.operations.holiday.progress import Progress
from reversibility.operations.holiday.retry import Off, next_try
from reversibility.operations.holiday.stages import stage
from reversibility.operations.permission import Emergency
from reversibility.records.state import State

HOUR = 3600.0
URGENT = Emergency("exploited on the internet", "CVE-2026-1234")


@pytest.mark.parametrize(
    ("off", "waited", "patience", "expected"),
    [
        ([], 0, None, None),
        ([Off("A", HOUR, 10 * HOUR)], 0, None, 300),
        ([Off("A", HOUR, 10 * HOUR)], 4 * HOUR, None, HOUR),  # a quarter of the time waited so far
        ([Off("A", HOUR, HOUR + 60)], 0, None, 60),  # a last time, just before it is too late
        ([Off("A", HOUR, HOUR - 60)], 0, None, None),  # it could not be finished any more
        ([Off("A", HOUR, HOUR - 60), Off("B", 60, HOUR)], 0, None, 300),  # of another school
        ([Off("A", HOUR, 10 * HOUR)], 500, 600, 100),  # the operator's patience
        ([Off("A", HOUR, 10 * HOUR)], 600, 600, None),
        ([Off("A", HOUR, HOUR - 60)], 0, 600, None),  # patience makes no window longer
        ([Off("A", HOUR, None)], 0, None, 300),  # an emergency has no end
        ([Off("A", HOUR, None)], HOUR, None, None),
    ],
)
def test_next_try(off: list[Off], waited: float, patience: float | None, expected: float | None) -> None:
    assert next_try(off, waited, 300, patience) == expected


def test_two_weeks_of_waiting_are_some_thirty_tries() -> None:
    waited, tries = 0.0, 0
    while seconds := next_try([Off("A", 0, 14 * 24 * HOUR - waited)], waited, 300, None):
        waited, tries = waited + seconds, tries + 1
    assert waited == 14 * 24 * HOUR, "to the end of the window"
    assert tries < 40


def test_an_emergency_lifts_the_window_where_none_is_open(
    market_of: Callable[..., Market], tmp_path: Path
) -> None:
    market, state = market_of({"windows": {}}), State(tmp_path)
    lesson = dt.datetime(2026, 12, 1, 10, tzinfo=dt.UTC)
    planned = make_plan(market, state, market.assets, lesson)
    assert planned.sites[0].start > lesson, "it waits for the window"
    assert (planned.sites[0].end, planned.emergencies) != (None, ())
    urgent = make_plan(market, state, market.assets, lesson, emergency=URGENT)
    assert (urgent.sites[0].start, urgent.sites[0].end) == (lesson, None)
    assert urgent.emergencies[0]["sites"] == ["tilleuls"]
    joined = planned.joined(Plan.from_json(urgent.to_json()))
    assert joined.sites[0].end is None, "a run that was planned before goes on under the emergency"
    assert joined.emergencies == urgent.emergencies
    evening = make_plan(market, state, market.assets, lesson.replace(hour=18), emergency=URGENT)
    assert evening.sites[0].end is not None and not evening.emergencies, "inside a window it is none"
    assert joined.joined(evening).sites[0].end == evening.sites[0].end, "and lifts nothing later"
    closed = market_of(
        {"refusals": [{"from": dt.date(2026, 1, 1), "until": dt.date(2030, 1, 1), "reason": "travaux"}]}
    )
    with pytest.raises(CartableError):
        make_plan(closed, state, closed.assets, lesson)
    assert make_plan(closed, state, closed.assets, lesson, emergency=URGENT).sites[0].end is None


def test_stages_wait_for_those_before_them_and_for_time(tmp_path: Path) -> None:
    progress = Progress(State(tmp_path), "tilleuls", "UC260001", "essai")
    assert progress.blocked_by(stage("wake")) is None
    assert progress.blocked_by(stage("system")) == "wake"
    for name in ("wake", "precheck", "restore_point"):
        progress.note(name, "done")
    needed = progress.remaining("linux", "system")
    assert not progress.begin(stage("system"), "linux", needed - 1)
    assert progress.outcome() == "window"
    assert progress.begin(stage("system"), "linux", needed)
    assert progress.blocked_by(stage("software")) == "system", "which is at work"
    progress.note("system", "failed")
    assert progress.blocked_by(stage("postcheck")) == "system"


def test_a_clock_that_is_set_back_in_the_middle_of_a_stage_spoils_no_duration(tmp_path: Path) -> None:
    progress = Progress(State(tmp_path), "tilleuls", "UC260001", "essai")
    noon = dt.datetime(2026, 12, 21, 12, tzinfo=dt.UTC)
    progress.note("system", "begun", now=noon)
    progress.note("system", "done", now=noon - dt.timedelta(hours=2))
    assert progress.results["system"]["seconds"] == 0
    assert progress.content["durations"] == {}, "the next plan is not made of it"


def test_a_night_in_which_summer_time_ends_is_an_hour_longer(
    market_of: Callable[..., Market], tmp_path: Path
) -> None:
    market, state = (
        market_of({"windows": {}}),
        State(tmp_path),
    )  # 25 October 2026 lies in the holidays of All Saints
    before = dt.datetime(2026, 10, 24, 12, tzinfo=dt.UTC)
    end = make_plan(market, state, market.assets, before).sites[0].end
    assert end is not None
    assert Plan.from_json(make_plan(market, state, market.assets, before).to_json()).sites[0].end == end
    local = dt.datetime.fromisoformat("2026-10-24T14:00")  # the site's clock at that moment
    by_the_clock = (end + dt.timedelta(hours=1)).replace(tzinfo=None) - local  # it is UTC+1 at the end
    assert end - before == by_the_clock + dt.timedelta(hours=1)


def test_files_to_be_read_are_those_of_every_attempt(tmp_path: Path) -> None:
    progress = Progress(State(tmp_path), "tilleuls", "UC260001", "essai")
    for result, files in (
        ("begun", []),
        ("failed", ["/etc/a.dpkg-dist"]),
        ("begun", []),
        ("done", ["/etc/b.dpkg-dist"]),
    ):
        progress.note("system", result, data={"conffiles": files} if result != "begun" else None)
    assert progress.results["system"]["data"]["conffiles"] == ["/etc/a.dpkg-dist", "/etc/b.dpkg-dist"]
