"""Spans of time and what can be computed with them: union, difference, cutting to a frame.

Moments are aware; they are compared and measured as UTC, so that a night in which the clock changes has 23 or 25 hours.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From ``start`` (included) to ``end`` (excluded), both UTC, and why it exists."""

    start: dt.datetime
    end: dt.datetime
    reasons: tuple[str, ...] = ()

    @property
    def minutes(self) -> int:
        """Its length in whole minutes."""
        return int((self.end - self.start).total_seconds() // 60)

    def holds(self, moment: dt.datetime) -> bool:
        """Whether ``moment`` lies in it."""
        return self.start <= moment < self.end


def local_span(
    zone: dt.tzinfo, start: dt.datetime, end: dt.datetime, reasons: tuple[str, ...] = ()
) -> Span | None:
    """The span between two local (naive) times of ``zone``; None when it is empty.

    A time that does not exist (the hour that summer time skips) is taken an hour later, one that exists twice the
    first time for a start and the last time for an end: ``fold`` says so.
    """
    first = start.replace(tzinfo=zone, fold=0).astimezone(dt.UTC)
    last = end.replace(tzinfo=zone, fold=1).astimezone(dt.UTC)
    return Span(first, last, reasons) if first < last else None


def union(spans: Iterable[Span]) -> list[Span]:
    """Spans that neither overlap nor touch; each has the reasons of all that it is made of, in order of time."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start <= merged[-1].end:
            last = merged[-1]
            reasons = tuple(dict.fromkeys((*last.reasons, *span.reasons)))
            merged[-1] = Span(last.start, max(last.end, span.end), reasons)
        else:
            merged.append(span)
    return merged


def difference(spans: Iterable[Span], removed: Iterable[Span]) -> list[Span]:
    """``spans`` without what any of ``removed`` covers."""
    holes = union(removed)
    left: list[Span] = []
    for span in spans:
        start = span.start
        for hole in holes:
            if hole.end <= start or hole.start >= span.end:
                continue
            if hole.start > start:
                left.append(Span(start, hole.start, span.reasons))
            start = max(start, hole.end)
        if start < span.end:
            left.append(Span(start, span.end, span.reasons))
    return left


def clipped(spans: Iterable[Span], start: dt.datetime, end: dt.datetime) -> Iterator[Span]:
    """The parts of ``spans`` that lie between ``start`` and ``end``."""
    for span in spans:
        if span.end > start and span.start < end:
            yield Span(max(span.start, start), min(span.end, end), span.reasons)
