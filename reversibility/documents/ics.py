"""Calendar files (RFC 5545) that a director imports into any calendar program."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from icalendar import Calendar
from icalendar import Event as Component

PRODUCT = "-//Cartable//reversibility//FR"


@dataclass(frozen=True, slots=True)
class Event:
    """One entry; ``uid`` stays the same when the entry is published again, so that it is replaced and not doubled."""

    uid: str
    start: dt.datetime
    end: dt.datetime
    summary: str
    description: str = ""
    location: str = ""


def ics(name: str, events: Iterable[Event], stamp: dt.datetime) -> bytes:
    """The file with all ``events``; times are written as UTC, which every program shows by its own clock."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    for event in events:
        component = Component()
        component.add("uid", event.uid)
        component.add("dtstamp", stamp.astimezone(dt.UTC))
        component.add("dtstart", event.start.astimezone(dt.UTC))
        component.add("dtend", event.end.astimezone(dt.UTC))
        component.add("summary", event.summary)
        if event.description:
            component.add("description", event.description)
        if event.location:
            component.add("location", event.location)
        component.add("transp", "TRANSPARENT")  # the director's own time stays free
        calendar.add_component(component)
    return bytes(calendar.to_ical())
