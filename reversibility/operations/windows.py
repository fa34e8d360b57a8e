"""Work windows of a site: the open one, and the next one that is long enough.

One window is a span in which machines may be changed. It ends a margin before class comes back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import holidays

from reversibility.market.model import Market
from reversibility.operations.school_holidays import Holiday, holiday_table, school_year
from reversibility.operations.site_policy import Days, Minutes, SitePolicy, site_policy
from reversibility.operations.spans import Span, clipped, difference, local_span, union

ALL_DAY: Minutes = (0, 24 * 60)
SEARCHED = dt.timedelta(days=400)  # how far ahead the next window is looked for
DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether the site may be worked on now; the window that is open, or the next one that is long enough."""

    allowed: bool
    window: Span | None
    next: Span | None
    sentence: str
    warnings: tuple[str, ...] = ()


class SiteCalendar:
    """The calendar of one site. All moments that go in and come out are aware."""

    def __init__(self, policy: SitePolicy) -> None:
        self.policy = policy
        self.holidays: list[Holiday] = (
            holiday_table().of_zone(policy.zone, policy.own_holidays) if policy.zone else []
        )

    @classmethod
    def of(cls, market: Market, site: str) -> SiteCalendar:
        """The calendar of a declared site."""
        return cls(site_policy(market, site))

    # -- windows ----

    def windows(self, start: dt.datetime, end: dt.datetime) -> list[Span]:
        """The windows between two moments, joined where they touch, cut at both ends."""
        # A day more on each side: a window that began before, and the eve of a holiday.
        first, last = self._day(start) - DAY, self._day(end) + DAY
        open_spans = [*self._holiday_spans(first, last), *self._weekly_spans(first, last)]
        open_spans += self._day_spans(self.policy.closures, first, last)
        open_spans += self._day_spans(self.policy.agreements, first, last)
        refused = list(self._day_spans(self.policy.refusals, first, last))
        return list(clipped(difference(union(open_spans), refused), start, end))

    def at(self, moment: dt.datetime, minutes: int = 0) -> Answer:
        """Whether a window of at least ``minutes`` is open at ``moment`` (``allowed``)."""
        moment = moment.astimezone(dt.UTC)
        ahead = self.windows(moment, moment + SEARCHED)
        now = ahead[0] if ahead and ahead[0].holds(moment) else None
        later = next(
            (span for span in ahead if span is not now and span.minutes >= max(minutes, 1)),
            None,
        )
        allowed = now is not None and now.minutes >= minutes
        return Answer(allowed, now, later, self._sentence(moment, now, later, minutes), self.warnings(moment))

    def next_window(self, moment: dt.datetime, minutes: int) -> Span | None:
        """The first window from ``moment`` on that is at least ``minutes`` long, from now on if it is open."""
        moment = moment.astimezone(dt.UTC)
        return next((s for s in self.windows(moment, moment + SEARCHED) if s.minutes >= minutes), None)

    def warnings(self, moment: dt.datetime) -> tuple[str, ...]:
        """Missing and unconfirmed dates of the school year of ``moment``."""
        policy, day = self.policy, self._day(moment)
        if policy.zone is None:
            return (f"{policy.site} has no holiday_zone in sites.yml: no window opens for school holidays.",)
        year = school_year(day)
        if all(holiday.school_year != year for holiday in self.holidays):
            return (
                f"No school holidays are known for zone {policy.zone} in {year}; add them to calendar.yml "
                "(school_holidays) with their source. Until then only the other windows open.",
            )
        soon = [holiday for holiday in self.holidays if holiday.after - DAY * 14 <= day < holiday.end]
        return tuple(
            f"The dates of {holiday.name} {holiday.after} in zone {holiday.zone} are not confirmed"
            f"{': ' + holiday.note if holiday.note else ''}; ask the school."
            for holiday in soon
            if not holiday.confirmed
        )

    # -- days ----

    def local(self, moment: dt.datetime) -> dt.datetime:
        """``moment`` by the site's clock."""
        return moment.astimezone(self.policy.time_zone)

    def holiday_of(self, day: dt.date) -> Holiday | None:
        """The holidays in which ``day`` lies: after its listed day, before class resumes."""
        return next((holiday for holiday in self.holidays if holiday.after < day < holiday.end), None)

    def public_holiday(self, day: dt.date) -> str | None:
        """The name of the public holiday in French; None on any other day."""
        return _public_holidays(self.policy.public_holidays, day.year).get(day)

    def class_hours(self, day: dt.date) -> Minutes | None:
        """When there is class on ``day``; None without class."""
        hours = self.policy.class_hours.get(day.weekday())
        closed = any(span.start <= day <= span.end for span in self.policy.closures)
        if hours is None or closed or self.holiday_of(day) or self.public_holiday(day):
            return None
        return hours

    # -- spans ----

    def _holiday_spans(self, first: dt.date, last: dt.date) -> Iterator[Span]:
        if not self.policy.in_school_holidays:
            return
        for holiday in self.holidays:
            if holiday.end < first or holiday.after > last + DAY * 7:
                continue
            end = dt.datetime.combine(holiday.end, dt.time()) - self.policy.margin
            span = local_span(self.policy.time_zone, self.leaving(holiday), end, (f"holiday:{holiday.name}",))
            if span is not None:
                yield span

    def leaving(self, holiday: Holiday) -> dt.datetime:
        """The local time at which pupils leave: the end of class of the last class day up to the listed one.

        Where the listed day is a Saturday and the school has no class on Saturday, that is the Friday.
        """
        day = holiday.after
        for _ in range(7):
            if hours := self.class_hours(day):
                return dt.datetime.combine(day, dt.time()) + dt.timedelta(minutes=hours[1])
            day -= DAY
        return dt.datetime.combine(holiday.after + DAY, dt.time())

    def _weekly_spans(self, first: dt.date, last: dt.date) -> Iterator[Span]:
        day = first
        while day <= last:
            taught = self.class_hours(day)
            for weekday, minutes in self.policy.weekly:
                if weekday == day.weekday():
                    yield from self._without_class(day, minutes, taught, f"weekly:{weekday}")
            if self.policy.in_public_holidays and (name := self.public_holiday(day)):
                yield from self._without_class(day, ALL_DAY, None, f"public_holiday:{name}")
            day += DAY

    def _without_class(
        self, day: dt.date, minutes: Minutes, taught: Minutes | None, reason: str
    ) -> Iterator[Span]:
        """The part of a day before and after class; the margin comes before class."""
        parts = [minutes]
        if taught is not None:
            margin = int(self.policy.margin.total_seconds() // 60)
            parts = [
                (minutes[0], min(minutes[1], taught[0] - margin)),
                (max(minutes[0], taught[1]), minutes[1]),
            ]
        for start, end in parts:
            if span := self._part(day, (start, end), reason):
                yield span

    def _day_spans(self, entries: tuple[Days, ...], first: dt.date, last: dt.date) -> Iterator[Span]:
        for entry in entries:
            day = max(entry.start, first)
            while day <= min(entry.end, last):
                if span := self._part(day, entry.minutes, entry.reason):
                    yield span
                day += DAY

    def _part(self, day: dt.date, minutes: Minutes, reason: str) -> Span | None:
        midnight = dt.datetime.combine(day, dt.time())
        start, end = (midnight + dt.timedelta(minutes=minute) for minute in minutes)
        return local_span(self.policy.time_zone, start, end, (reason,)) if start < end else None

    def _day(self, moment: dt.datetime) -> dt.date:
        return self.local(moment).date()

    def spans_of(self, entry: Days, start: dt.datetime, end: dt.datetime) -> list[Span]:
        """The days of a closure, a refusal or an agreement between two moments, joined where they touch."""
        days = self._day_spans((entry,), self._day(start), self._day(end))
        return list(clipped(union(days), start, end))

    # -- words ----

    def _sentence(self, moment: dt.datetime, now: Span | None, later: Span | None, minutes: int) -> str:
        name, here = self.policy.site, self.local(moment)
        clock = f"{here:%Y-%m-%d %H:%M} ({self.policy.time_zone.key})"
        if now is not None and now.minutes >= minutes:
            return f"{name} may be worked on now, {clock}, until {self.local(now.end):%Y-%m-%d %H:%M}."
        if later is None:
            opening = "no later window is known"
        else:
            opening = f"the next window opens on {self.local(later.start):%Y-%m-%d at %H:%M}"
        if now is not None:
            return (
                f"{name} may be worked on until {self.local(now.end):%Y-%m-%d %H:%M} only, which is "
                f"{now.minutes} minutes, and {minutes} are needed, {clock}; {opening}."
            )
        return f"{name} may not be worked on now, {clock}; {opening}."


@cache
def _public_holidays(subdivision: str | None, year: int) -> dict[dt.date, str]:
    return dict(holidays.country_holidays("FR", subdiv=subdivision, years=year, language="fr").items())
