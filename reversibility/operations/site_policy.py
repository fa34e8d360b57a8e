"""Policy of one site from ``calendar.yml``: class hours, windows, closures, refusals, agreements."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from reversibility.market.model import Market
from reversibility.operations.school_holidays import TIME_ZONES, Holiday, read_holiday, school_year

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CLASS_HOURS = dict.fromkeys(("monday", "tuesday", "thursday", "friday"), "08:30-16:30")
# R31, J 2.3: Wednesday, and after 16:30. Class hours are taken out of them.
WEEKLY: list[dict[str, Any]] = [
    {"days": ["wednesday"], "from": "00:00", "until": "24:00"},
    {"days": ["monday", "tuesday", "thursday", "friday"], "from": "16:30", "until": "24:00"},
]
MARGIN_MINUTES = 60
DEFAULT_TIME_ZONE = "Europe/Paris"
ALSACE_MOSELLE = frozenset({"57", "67", "68"})
SUBDIVISIONS = {
    "guadeloupe": "971",
    "martinique": "972",
    "guyane": "973",
    "reunion": "974",
    "mayotte": "976",
    "nouvelle_caledonie": "NC",
    "polynesie": "PF",
    "saint_pierre_et_miquelon": "PM",
    "wallis_et_futuna": "WF",
}

Minutes = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Days:
    """Days from ``start`` through ``end``, whole or between two times of each day, and why."""

    start: dt.date
    end: dt.date
    minutes: Minutes
    reason: str


@dataclass(frozen=True)
class SitePolicy:
    """Settings of one site that decide its work windows.

    Times of day are minutes since midnight, by weekday (0 is Monday). ``declared`` tells whether the market has a
    calendar of its own: without one the defaults of R31 hold, and nothing is refused.
    """

    site: str
    name: str
    zone: str | None
    time_zone: ZoneInfo
    public_holidays: str | None
    class_hours: Mapping[int, Minutes]
    weekly: tuple[tuple[int, Minutes], ...]
    in_school_holidays: bool = True
    in_public_holidays: bool = False
    margin: dt.timedelta = dt.timedelta(minutes=MARGIN_MINUTES)
    closures: tuple[Days, ...] = ()
    refusals: tuple[Days, ...] = ()
    agreements: tuple[Days, ...] = ()
    own_holidays: tuple[Holiday, ...] = field(default=())
    declared: bool = True


def minutes_of(text: str) -> int:
    """``16:30`` as minutes since midnight; ``24:00`` is the end of the day."""
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def site_policy(market: Market, site: str) -> SitePolicy:
    """The policy of ``site``: its own settings in calendar.yml, else the market's, else the defaults."""
    declared = market.sites[site]
    calendar = market.calendar
    own = calendar.get("sites", {}).get(site, {})
    windows = {**calendar.get("windows", {}), **own.get("windows", {})}
    zone = declared.get("holiday_zone")
    hours = own.get("class_hours", calendar.get("class_hours", CLASS_HOURS))
    return SitePolicy(
        site=site,
        name=declared["name"],
        zone=zone,
        time_zone=ZoneInfo(own.get("time_zone") or TIME_ZONES.get(zone or "", DEFAULT_TIME_ZONE)),
        public_holidays=_subdivision(zone, declared["address"]["postcode"]),
        class_hours={
            WEEKDAYS.index(day): _range(*text.split("-")) for day, text in hours.items() if text != "none"
        },
        weekly=tuple(
            (WEEKDAYS.index(day), _range(entry["from"], entry["until"]))
            for entry in windows.get("weekly", WEEKLY)
            for day in entry["days"]
        ),
        in_school_holidays=windows.get("school_holidays", True),
        in_public_holidays=windows.get("public_holidays", False),
        margin=dt.timedelta(minutes=windows.get("margin_minutes", MARGIN_MINUTES)),
        closures=_days(calendar.get("closures", ()), site),
        refusals=_days(calendar.get("refusals", ()), site),
        agreements=_days(calendar.get("agreements", ()), site),
        own_holidays=tuple(
            holiday
            for entry in calendar.get("school_holidays", ())
            for holiday in read_holiday(entry, school_year(entry["after"]), entry["source"])
        ),
        declared=bool(calendar),
    )


def _days(entries: Sequence[Mapping[str, Any]], site: str) -> tuple[Days, ...]:
    """The entries that concern ``site``; one that names no sites concerns all."""
    return tuple(
        Days(
            entry["from"],
            entry["until"],
            _range(*entry["hours"].split("-")) if "hours" in entry else (0, 24 * 60),
            f"{entry['reason']} ({entry['by']})" if "by" in entry else entry["reason"],
        )
        for entry in entries
        if site in entry.get("sites", (site,))
    )


def _range(start: str, end: str) -> Minutes:
    return minutes_of(start.strip()), minutes_of(end.strip())


def _subdivision(zone: str | None, postcode: str) -> str | None:
    """The subdivision of the library ``holidays`` for the public holidays of a place; None for the common ones."""
    if zone in SUBDIVISIONS:
        return SUBDIVISIONS[zone]
    return "6AE" if postcode[:2] in ALSACE_MOSELLE else None
