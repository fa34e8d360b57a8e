"""Hours of an SSID as network.yml has them (``mon-fri 07:30-18:30``), and as systemd and cron write them."""

from __future__ import annotations

import re
from dataclasses import dataclass

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"([a-z]{3})(?:-([a-z]{3}))? (\d\d):(\d\d)-(\d\d):(\d\d)")
_CALENDAR = re.compile(r"OnCalendar=(\w{3})(?:\.\.(\w{3}))? \*-\*-\* (\d\d:\d\d)")


@dataclass(frozen=True)
class Hours:
    """Days from ``first`` to ``last`` (the same for one day), and times as ``07:30``."""

    first: str
    last: str
    on: str
    off: str

    @classmethod
    def read(cls, text: str) -> Hours:
        """Read the hours of an SSID. Raises ValueError."""
        match = _HOURS.fullmatch(text)
        if match is None or not {match[1], match[2] or match[1]} <= set(DAYS):
            raise ValueError(f"{text!r} are no hours such as mon-fri 07:30-18:30")
        return cls(match[1], match[2] or match[1], f"{match[3]}:{match[4]}", f"{match[5]}:{match[6]}")

    def __str__(self) -> str:
        days = self.first if self.first == self.last else f"{self.first}-{self.last}"
        return f"{days} {self.on}-{self.off}"

    def calendar(self, time: str) -> str:
        """The line of a systemd timer for a time of these days."""
        days = [day.capitalize() for day in dict.fromkeys((self.first, self.last))]
        return f"OnCalendar={'..'.join(days)} *-*-* {time}"

    @property
    def days(self) -> list[str]:
        """The days, in their order."""
        first, last = DAYS.index(self.first), DAYS.index(self.last)
        return [DAYS[(first + step) % 7] for step in range((last - first) % 7 + 1)]

    def cron(self, time: str) -> str:
        """The first five fields of a line of cron for a time of these days."""
        hour, minute = time.split(":")
        return (
            f"{int(minute)} {int(hour)} * * {','.join(str((DAYS.index(day) + 1) % 7) for day in self.days)}"
        )


def from_timers(on: str, off: str) -> Hours | None:
    """The hours that two systemd timers say; None when they do not say any."""
    started, stopped = _CALENDAR.search(on), _CALENDAR.search(off)
    if started is None or stopped is None or started.group(1, 2) != stopped.group(1, 2):
        return None
    first = started[1].lower()
    return Hours(first, (started[2] or started[1]).lower(), started[3], stopped[3])
