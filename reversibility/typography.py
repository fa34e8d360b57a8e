"""French typography: dates, numbers, sizes and plurals, with the spaces that French wants.

No-break spaces are written as escapes so that nobody mistakes them for ordinary ones.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

NBSP = "\u00a0"  # no-break space: before a colon, inside a date
NNBSP = "\u202f"  # narrow no-break space: before ; ! ? and between thousands

MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip
PARIS = ZoneInfo("Europe/Paris")


def long_date(day: date) -> str:
    """Write ``1er mars 2026``; a datetime is first taken to Paris."""
    day = day.astimezone(PARIS) if isinstance(day, datetime) else day
    return f"{'1er' if day.day == 1 else day.day}{NBSP}{MONTHS[day.month - 1]}{NBSP}{day.year}"


def month_name(day: date) -> str:
    """Write ``mars 2026``."""
    day = day.astimezone(PARIS) if isinstance(day, datetime) else day
    return f"{MONTHS[day.month - 1]}{NBSP}{day.year}"


def long_moment(moment: datetime) -> str:
    """Write ``1er mars 2026 à 9 h 05``, in Paris time."""
    local = moment.astimezone(PARIS)
    return f"{long_date(local)} à {local.hour}{NBSP}h{NBSP}{local.minute:02d}"


def number(value: int) -> str:
    """Write ``25 000``, with narrow no-break spaces."""
    return f"{value:,}".replace(",", NNBSP)


def percent(share: float) -> str:
    """Write ``98,2 %``, rounded down to a tenth: a total is never better than its rows."""
    tenths = int(share * 1000 + 1e-9)
    return f"{tenths // 10},{tenths % 10}{NBSP}%"


def size(octets: int) -> str:
    """Write a size in the units that people in France read: ``12,4 Mo``."""
    if octets < 1000:
        return f"{octets}{NBSP}octets"
    value = float(octets)
    for unit in ("ko", "Mo", "Go", "To"):
        value /= 1000
        if value < 1000 or unit == "To":
            break
    return f"{value:.1f}".replace(".", ",") + f"{NBSP}{unit}"


def plural(count: int, singular: str, several: str | None = None) -> str:
    """Write ``1 fichier``, ``3 fichiers``."""
    word = singular if count < 2 else several or f"{singular}s"
    return f"{number(count)}{NBSP}{word}"
