"""The table of school holidays against two libraries: every difference between them and us is listed here."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import holidays as public
from vacances_scolaires_france import SchoolHolidayDates

from reversibility.operations.school_holidays import holiday_table

FIRST, LAST = dt.date(2025, 9, 1), dt.date(2028, 8, 31)
DAY = dt.timedelta(days=1)


def differences(theirs: dict[str, set[dt.date]]) -> dict[str, list[str]]:
    """Class days (Monday to Friday) on which a library and the table disagree, by zone; ``+`` is free here only."""
    found = {}
    for zone in "ABC":
        ours = {
            day for holiday in holiday_table().of_zone(zone) for day in span(holiday.after + DAY, holiday.end)
        }
        differing = sorted((ours ^ theirs[zone]) & {day for day in span(FIRST, LAST) if day.weekday() < 5})
        found[zone] = [f"{'+' if day in ours else '-'}{day}" for day in differing]
    return found


def span(start: dt.date, end: dt.date) -> list[dt.date]:
    return [start + DAY * number for number in range((end - start).days)]


def test_the_table_against_vacances_scolaires_france() -> None:
    library = SchoolHolidayDates()
    theirs = {
        zone: {day for day in span(FIRST, LAST) if library.is_holiday_for_zone(day, zone)} for zone in "ABC"
    }
    # It has no bridge of the Ascension in 2026, and takes Tuesday 4 July 2028 for a day without class.
    same = ["+2026-05-14", "+2026-05-15", "-2028-07-04"]
    # 2028: it ends the bridge with Friday and Saturday, so that Thursday, a public holiday, is ours only.
    same = sorted([*same, "+2028-05-25"], key=lambda text: text[1:])
    assert differences(theirs) == {"A": same, "B": same, "C": same}


def test_the_table_against_holidays() -> None:
    theirs = {}
    for zone in "ABC":
        library = public.country_holidays(
            "FR", subdiv=f"Zone {zone}", categories=("school",), years=range(2025, 2029), language="fr"
        )
        theirs[zone] = {day for day in library if FIRST <= day < LAST}
    # Its pupils return on Thursday 2 September 2027; the table keeps the earlier day, and says that it is not sure.
    same = ["-2027-09-01"]
    found = differences(theirs)
    assert found == {"A": same, "B": same, "C": same}


def test_every_holiday_has_a_source_and_order() -> None:
    for zone in {holiday.zone for holiday in holiday_table().holidays}:
        ordered = holiday_table().of_zone(zone)
        for before, after in pairwise(ordered):
            assert before.end <= after.after, (before, after)
        for holiday in ordered:
            assert holiday.source
            assert holiday.after < holiday.end
            assert (holiday.resumes is None) != (holiday.certain_until is None)
