"""Work windows: the day and the minute at which they open and close."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reversibility.errors import CartableError
from reversibility.operations.permission import Emergency, permission
from reversibility.operations.spans import Span, difference, union
from reversibility.operations.windows import SiteCalendar
from tests.unit.operations.conftest import small_market

PARIS = ZoneInfo("Europe/Paris")
DAYS = {"hours": "08:00-12:00", "reason": "x", "by": "y", "sites": ["tilleuls"]}
HOLIDAYS_ONLY = {"windows": {"weekly": [], "margin_minutes": 60}}


def calendar(own: dict[str, Any], **site: Any) -> SiteCalendar:
    return SiteCalendar.of(small_market(own, {"tilleuls": site}), "tilleuls")


def windows(found: SiteCalendar, start: str, end: str) -> list[str]:
    zone = found.policy.time_zone
    first, last = (dt.datetime.fromisoformat(text).replace(tzinfo=zone) for text in (start, end))
    return [
        f"{found.local(span.start):%a %d %b %H:%M} - {found.local(span.end):%a %d %b %H:%M}"
        for span in found.windows(first, last)
    ]


@pytest.mark.parametrize(
    ("own", "site", "between", "expected"),
    [
        # The listed day is a Saturday: from Friday after class where there is none on Saturday.
        ({}, {}, ("2026-12-10", "2027-01-10"), ["Fri 18 Dec 16:30 - Sun 03 Jan 23:00"]),
        (
            {"class_hours": {"friday": "08:30-16:30", "saturday": "08:30-12:00"}},
            {},
            ("2026-12-10", "2027-01-10"),
            ["Sat 19 Dec 12:00 - Sun 03 Jan 23:00"],
        ),
        # After class of a Tuesday; nobody has published the return: through 31 August and not a day longer.
        ({}, {}, ("2028-07-01", "2028-12-01"), ["Tue 04 Jul 16:30 - Thu 31 Aug 23:00"]),
        # The bridge of the Ascension begins after the last class before the Thursday.
        ({}, {}, ("2026-05-08", "2026-05-25"), ["Tue 12 May 16:30 - Sun 17 May 23:00"]),
        # Reprise on a Tuesday after a public holiday (zone A: 9 May 2028).
        ({}, {}, ("2028-04-18", "2028-05-20"), ["Fri 21 Apr 16:30 - Mon 08 May 23:00"]),
        # Toulouse is zone C and open in winter 2027; Corsica decides by itself.
        ({}, {"holiday_zone": "C"}, ("2027-02-01", "2027-03-15"), ["Fri 05 Feb 16:30 - Sun 21 Feb 23:00"]),
        ({}, {"holiday_zone": "corse"}, ("2027-02-01", "2027-03-15"), ["Fri 12 Feb 16:30 - Sun 28 Feb 23:00"]),
        # No window on the morning of the return.
        ({}, {}, ("2027-03-01T06:55", "2027-03-05"), []),
        # By the clock of Réunion.
        ({}, {"holiday_zone": "reunion"}, ("2026-12-10", "2027-02-10"), ["Fri 18 Dec 16:30 - Sun 31 Jan 23:00"]),
        # No data for this zone and year: no window.
        ({}, {"holiday_zone": "wallis_et_futuna"}, ("2026-12-10", "2027-02-10"), []),
        # A director refuses two mornings, and agrees to a Saturday.
        (
            {"refusals": [{**DAYS, "from": dt.date(2026, 12, 21), "until": dt.date(2026, 12, 22)}]},
            {},
            ("2026-12-10", "2027-01-10"),
            [
                "Fri 18 Dec 16:30 - Mon 21 Dec 08:00",
                "Mon 21 Dec 12:00 - Tue 22 Dec 08:00",
                "Tue 22 Dec 12:00 - Sun 03 Jan 23:00",
            ],
        ),
        (
            {"agreements": [{**DAYS, "from": dt.date(2026, 12, 5), "until": dt.date(2026, 12, 5)}]},
            {},
            ("2026-12-01", "2026-12-10"),
            ["Sat 05 Dec 08:00 - Sat 05 Dec 12:00"],
        ),
        # The market knows better than the table: it replaces the holidays of the same name and year.
        (
            {
                "school_holidays": [
                    {"name": "noel", "zones": ["A"], "source": "arrêté"}
                    | {"after": dt.date(2026, 12, 16), "resumes": dt.date(2027, 1, 4)}
                ]
            },
            {},
            ("2026-12-10", "2027-01-10"),
            ["Tue 15 Dec 16:30 - Sun 03 Jan 23:00"],
        ),
    ],
)  # fmt: skip
def test_windows_of_holidays(
    own: dict[str, Any], site: Any, between: tuple[str, str], expected: list[str]
) -> None:
    assert windows(calendar({**HOLIDAYS_ONLY, **own}, **site), *between) == expected


def test_ordinary_weeks_by_default() -> None:
    """R31: Wednesday and after 16:30; not on the morning of a school day, nor at the weekend."""
    assert windows(calendar({"class_hours": {
        "monday": "08:30-16:30", "tuesday": "08:30-15:45", "wednesday": "08:30-11:30", "thursday": "08:30-17:00",
        "friday": "08:30-16:30"}}), "2026-11-30", "2026-12-07") == [
        "Mon 30 Nov 16:30 - Tue 01 Dec 00:00",
        "Tue 01 Dec 16:30 - Wed 02 Dec 07:30",  # until an hour before class on Wednesday
        "Wed 02 Dec 11:30 - Thu 03 Dec 00:00",
        "Thu 03 Dec 17:00 - Fri 04 Dec 00:00",  # class ends later than the window opens
        "Fri 04 Dec 16:30 - Sat 05 Dec 00:00",
    ]  # fmt: skip


def test_a_night_in_which_the_clock_changes_is_measured_in_real_time() -> None:
    weekly = [
        {"days": ["saturday"], "from": "20:00", "until": "24:00"},
        {"days": ["sunday"], "from": "00:00", "until": "04:00"},
    ]
    nights = {"windows": {"weekly": weekly, "school_holidays": False}}
    found = calendar(nights)
    lengths = {
        start: found.windows(
            dt.datetime.fromisoformat(start).replace(tzinfo=PARIS),
            dt.datetime.fromisoformat(start).replace(tzinfo=PARIS) + dt.timedelta(days=2),
        )[0].minutes
        for start in ("2027-03-20", "2027-03-27", "2027-10-30")
    }
    assert lengths == {"2027-03-20": 480, "2027-03-27": 420, "2027-10-30": 540}


def test_the_next_window_that_is_long_enough() -> None:
    found = calendar({})
    monday = dt.datetime(2026, 11, 30, 10, tzinfo=PARIS)
    answer = found.at(monday, 8 * 60)
    assert not answer.allowed
    assert answer.next is not None
    assert found.local(answer.next.start) == dt.datetime(2026, 12, 1, 16, 30, tzinfo=PARIS)
    assert answer.next == found.next_window(monday, 8 * 60)
    late = found.at(dt.datetime(2026, 11, 30, 23, 30, tzinfo=PARIS), 60)
    assert not late.allowed, "30 minutes are left of it"
    assert "30 minutes, and 60 are needed" in late.sentence
    assert found.at(dt.datetime(2026, 11, 30, 22, 30, tzinfo=PARIS), 60).allowed


@pytest.mark.parametrize(
    ("site", "when", "said"),
    [
        ({"holiday_zone": None}, "2026-12-01", "has no holiday_zone"),
        ({"holiday_zone": "C"}, "2030-12-01", "No school holidays are known for zone C in 2030-2031"),
        ({"holiday_zone": "corse"}, "2027-02-10", "are not confirmed"),
        ({"holiday_zone": "A"}, "2027-08-20", "2 September in holidays"),
        ({"holiday_zone": "A"}, "2026-12-01", ""),
    ],
)
def test_what_the_calendar_does_not_know_is_said(site: Any, when: str, said: str) -> None:
    warnings = " ".join(
        calendar({}, **site).at(dt.datetime.fromisoformat(when).replace(tzinfo=PARIS)).warnings
    )
    assert said in warnings if said else not warnings


def test_permission_to_change_machines() -> None:
    class_time = dt.datetime(2026, 12, 1, 10, tzinfo=PARIS)
    strict, lax = small_market({"windows": {}}), small_market({})
    assert permission(strict, ["tilleuls"], class_time).refused
    assert not permission(strict, ["tilleuls"], class_time.replace(hour=18)).refused
    assert not permission(lax, ["tilleuls"], class_time).refused
    assert "no calendar.yml" in " ".join(permission(lax, ["tilleuls"], class_time).warnings)
    emergency = Emergency.read({"reason": "exploited on the internet", "reference": "CVE-2026-1234"})
    allowed = permission(strict, ["tilleuls"], class_time, emergency=emergency)
    assert (allowed.refused, allowed.used, allowed.closed_sites) == ((), emergency, ("tilleuls",))
    unneeded = permission(strict, ["tilleuls"], class_time.replace(hour=18), emergency=emergency)
    assert unneeded.used is None, "an emergency inside a window is none"
    wrong_clock = dt.datetime(2019, 1, 1, tzinfo=dt.UTC)
    assert "clock" in permission(strict, ["tilleuls"], wrong_clock, emergency=emergency).refused[0]
    with pytest.raises(CartableError):
        Emergency.read({"reason": "urgent", "reference": "CVE-2026-1234"})


def test_a_freeze_of_the_transition_is_refused_by_its_operation() -> None:
    """Also where the window is open, or where nobody has declared any; an emergency is let through and told."""
    day = dt.date(2026, 12, 1)
    freeze = {
        "from": day,
        "until": day,
        "operations": ["patch"],
        "reason": "la bascule",
        "author": "Dominique",
    }
    contract = {"transition": {"from": day, "until": day, "freeze": freeze}}
    evening = dt.datetime(2026, 12, 1, 18, tzinfo=PARIS)
    emergency = Emergency.read({"reason": "exploited on the internet", "reference": "CVE-2026-1234"})
    for market in (small_market({"windows": {}}), small_market({})):
        frozen = replace(market, contract=contract)
        assert "la bascule" in permission(frozen, ["tilleuls"], evening, operation="patch").refused[0]
        assert not permission(frozen, ["tilleuls"], evening, operation="rotate").refused
        allowed = permission(frozen, ["tilleuls"], evening, operation="patch", emergency=emergency)
        assert (allowed.refused, allowed.used, allowed.closed_sites) == ((), emergency, ("tilleuls",))
        assert "la bascule" in " ".join(allowed.warnings)
    class_time = evening.replace(hour=10)
    lax = permission(
        replace(small_market({}), contract=contract), ["tilleuls"], class_time, operation="patch"
    )
    assert len(lax.refused) == 2, "what has no calendar is still only warned about its windows"


START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
PAIRS = st.tuples(st.integers(0, 200), st.integers(0, 200)).filter(lambda pair: pair[0] < pair[1])
SPANS = st.lists(PAIRS.map(lambda pair: Span(*(START + dt.timedelta(hours=h) for h in pair))), max_size=6)


@given(SPANS, SPANS)
def test_union_and_difference_hold_the_right_hours(first: list[Span], second: list[Span]) -> None:
    left = difference(union(first), second)
    for hour in range(201):
        moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(hours=hour)
        expected = any(s.holds(moment) for s in first) and not any(s.holds(moment) for s in second)
        assert any(s.holds(moment) for s in left) == expected
    assert all(before.end <= after.start for before, after in pairwise(left))
