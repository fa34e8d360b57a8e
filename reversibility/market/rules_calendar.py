"""Rules about calendar.yml: sites that exist, spans in order, time zones that exist."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import available_timezones

from reversibility.market.findings import Finding, one_of
from reversibility.market.market_files import MarketFiles

LISTS = ("closures", "refusals", "agreements")


def sites_of_calendar_exist(market: MarketFiles) -> Iterator[Finding]:
    """Every site that the calendar names is declared."""
    known, calendar = market.sites, market.content("calendar")
    if known is None or not calendar:
        return
    document = market.files["calendar"]
    named: list[tuple[tuple[str | int, ...], str]] = [
        (("sites", site), site) for site in calendar.get("sites") or {}
    ]
    named += [
        ((key, index, "sites", place), site)
        for key in LISTS
        for index, entry in enumerate(calendar.get(key) or [])
        for place, site in enumerate(entry.get("sites") or [])
    ]
    for steps, site in named:
        if site not in known:
            yield document.finding(
                steps, f'the calendar names the site "{site}", which is not declared', one_of(site, known)
            )


def days_in_order(market: MarketFiles) -> Iterator[Finding]:
    """No span ends before it begins."""
    calendar = market.content("calendar")
    for key, first, last in (
        *((key, "from", "until") for key in LISTS),
        ("school_holidays", "after", "resumes"),
    ):
        for index, entry in enumerate(calendar.get(key) or []):
            start, end = entry.get(first), entry.get(last)
            if start and end and end < start:
                problem = f"{last} {end} comes before {first} {start}"
                yield market.files["calendar"].finding((key, index, last), problem, f"a day from {start} on")


def time_zones_exist(market: MarketFiles) -> Iterator[Finding]:
    """A site's own time zone is one of the world's."""
    calendar = market.content("calendar")
    for site, entry in (calendar.get("sites") or {}).items():
        zone = (entry or {}).get("time_zone")
        if zone is not None and zone not in available_timezones():
            problem = f'there is no time zone "{zone}"'
            expected = "a name such as Indian/Reunion"
            yield market.files["calendar"].finding(("sites", site, "time_zone"), problem, expected)


RULES = (sites_of_calendar_exist, days_in_order, time_zones_exist)
