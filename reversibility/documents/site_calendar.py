"""The work windows of a school year: as rows, a page and a calendar file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reversibility.documents import french
from reversibility.documents.completeness import market_title, party_name
from reversibility.documents.ics import Event, ics
from reversibility.documents.render import render_html
from reversibility.market.model import Market
from reversibility.operations.school_holidays import holiday_table, school_year
from reversibility.operations.spans import Span
from reversibility.operations.windows import SiteCalendar

HOLIDAYS = {
    "toussaint": "vacances de la Toussaint",
    "noel": "vacances de Noël",
    "hiver": "vacances d’hiver",
    "printemps": "vacances de printemps",
    "ascension": "pont de l’Ascension",
    "ete": "vacances d’été",
    "carnaval": "vacances de carnaval",
    "paques": "vacances de Pâques",
    "ete_austral": "vacances de l’été austral",
    "hiver_austral": "vacances de l’hiver austral",
    "fin_d_ete": "vacances de fin d’été",
    "mai": "vacances de mai",
    "mars": "vacances de mars",
    "fin_des_cours": "fin des cours",
}
WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the year: a window other than the weekly ones, or a refusal."""

    span: Span
    start: dt.datetime
    end: dt.datetime
    what: str
    allowed: bool
    confirmed: bool = True


@dataclass(frozen=True)
class SchoolYear:
    """The year of one school. ``unknown`` says in French what the calendar lacks, empty when it has all."""

    calendar: SiteCalendar
    year: str
    rows: Sequence[Row]
    weekly: Sequence[str]
    unknown: str = ""

    @property
    def name(self) -> str:
        """The school's name."""
        return self.calendar.policy.name


def school_year_of(market: Market, site: str, year: str) -> SchoolYear:
    """The windows of ``site`` in the school year ``year`` (``2026-2027``), from September to the end of August."""
    calendar = SiteCalendar.of(market, site)
    policy = calendar.policy
    first = int(year[:4])
    start = dt.datetime(first, 9, 1, tzinfo=policy.time_zone)
    end = dt.datetime(first + 1, 9, 1, tzinfo=policy.time_zone)
    unconfirmed = {
        holiday.name for holiday in calendar.holidays if not holiday.confirmed and holiday.school_year == year
    }
    rows = [
        Row(
            span,
            calendar.local(span.start),
            calendar.local(span.end),
            ", ".join(words),
            True,
            not any(reason.removeprefix("holiday:") in unconfirmed for reason in span.reasons),
        )
        for span in calendar.windows(start, end)
        if (words := reason_words(span.reasons))
    ]
    rows += [
        Row(span, calendar.local(span.start), calendar.local(span.end), reason, False)
        for entry in policy.refusals
        for span, reason in ((span, entry.reason) for span in calendar.spans_of(entry, start, end))
    ]
    return SchoolYear(
        calendar,
        year,
        sorted(rows, key=lambda row: (row.start, row.allowed)),
        [
            f"{WEEKDAYS[weekday]} de {clock(minutes[0])} à {clock(minutes[1])}, hors heures de classe"
            for weekday, minutes in sorted(policy.weekly)
        ],
        _unknown(calendar, year),
    )


def _unknown(calendar: SiteCalendar, year: str) -> str:
    if calendar.policy.zone is None:
        return "La zone de vacances de cette école n’est pas déclarée\u00a0: aucun créneau de vacances."
    if all(holiday.school_year != year for holiday in calendar.holidays):
        return f"Le calendrier scolaire {year} de cette zone n’est pas encore connu\u00a0: aucun créneau de vacances."
    return ""


def reason_words(reasons: Iterable[str]) -> list[str]:
    """Why a window opens, in French, without the weekly times; empty where these are the only reason."""
    words = []
    for reason in reasons:
        kind, _, name = reason.partition(":")
        if kind == "holiday":
            words.append(HOLIDAYS.get(name, name.replace("_", " ")))
        elif kind == "public_holiday":
            words.append(name)
        elif kind != "weekly":
            words.append(reason)
    return words


def clock(minutes: int) -> str:
    """Write ``16 h 30``."""
    return f"{minutes // 60}{french.NBSP}h{french.NBSP}{minutes % 60:02d}"


def day_and_clock(moment: dt.datetime) -> str:
    """Write ``vendredi 18 décembre 2026 à 16 h 30``, by the clock that ``moment`` has."""
    day = french.long_date(moment.date())
    return f"{WEEKDAYS[moment.weekday()]}{french.NBSP}{day} à {clock(moment.hour * 60 + moment.minute)}"


def year_events(market: Market, years: Iterable[SchoolYear], stamp: dt.datetime) -> bytes:
    """The calendar file of several schools: windows other than the weekly ones, and refusals."""
    events = [
        Event(
            uid=f"{row.span.start:%Y%m%dT%H%M}-{year.calendar.policy.site}-{int(row.allowed)}@{market.name}.cartable",
            start=row.span.start,
            end=row.span.end,
            summary=f"{'Intervention possible' if row.allowed else 'Pas d’intervention'} – {year.name}",
            description=row.what[:1].upper()
            + row.what[1:]
            + ("" if row.confirmed else " (dates à confirmer)"),
            location=year.name,
        )
        for year in years
        for row in year.rows
    ]
    return ics(f"Interventions – {market_title(market)}", events, stamp)


def year_page(market: Market, years: Sequence[SchoolYear], moment: dt.datetime) -> str:
    """The page of several schools."""
    return render_html(
        "calendrier.html.j2",
        {
            "market_title": market_title(market),
            "contractor": party_name(market, "contractor"),
            "moment": moment,
            "years": years,
            "year": years[0].year if years else school_year(moment.date()),
            "checked": holiday_table().checked,
            "when": day_and_clock,
        },
    )
