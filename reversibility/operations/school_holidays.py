"""School holidays by zone, as decided: the project's own table, with the source and the date of check of each year."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TABLE = Path(__file__).with_name("school_holidays.yml")
MAINLAND = frozenset({"A", "B", "C"})
TIME_ZONES = {
    "A": "Europe/Paris",
    "B": "Europe/Paris",
    "C": "Europe/Paris",
    "corse": "Europe/Paris",
    "guadeloupe": "America/Guadeloupe",
    "guyane": "America/Cayenne",
    "martinique": "America/Martinique",
    "mayotte": "Indian/Mayotte",
    "nouvelle_caledonie": "Pacific/Noumea",
    "polynesie": "Pacific/Tahiti",
    "reunion": "Indian/Reunion",
    "saint_pierre_et_miquelon": "America/Miquelon",
    "wallis_et_futuna": "Pacific/Wallis",
}


@dataclass(frozen=True, slots=True)
class Holiday:
    """Holidays of one zone: from after class of the day ``after`` to the morning of the day ``resumes``.

    ``resumes`` is None where nobody has published it; they then certainly last through the day ``certain_until``.
    ``confirmed`` is False where the decision itself was not read; ``source`` says what was.
    """

    zone: str
    name: str
    school_year: str
    after: dt.date
    resumes: dt.date | None
    certain_until: dt.date | None = None
    confirmed: bool = True
    source: str = ""
    note: str = ""

    @property
    def end(self) -> dt.date:
        """The first day that is no longer certainly theirs."""
        if self.resumes is not None:
            return self.resumes
        return (self.certain_until or self.after) + dt.timedelta(days=1)


@dataclass(frozen=True)
class HolidayTable:
    """All published holidays. ``checked`` is the day of the last comparison with the sources."""

    holidays: tuple[Holiday, ...]
    checked: dt.date

    def of_zone(self, zone: str, extra: Iterable[Holiday] = ()) -> list[Holiday]:
        """The holidays of ``zone`` in order. One of ``extra`` replaces that of the same name and school year."""
        own = [holiday for holiday in extra if holiday.zone == zone]
        replaced = {(holiday.school_year, holiday.name) for holiday in own}
        kept = [
            holiday
            for holiday in self.holidays
            if holiday.zone == zone and (holiday.school_year, holiday.name) not in replaced
        ]
        return sorted([*kept, *own], key=lambda holiday: holiday.after)

    def years(self, zone: str) -> list[str]:
        """The school years with data for ``zone``, such as ``2026-2027``."""
        return sorted({holiday.school_year for holiday in self.holidays if holiday.zone == zone})


def school_year(day: dt.date) -> str:
    """The school year of a day: it begins on 1 August, when all zones are between two (Réunion: mid-August)."""
    first = day.year if day.month >= 8 else day.year - 1
    return f"{first}-{first + 1}"


def read_holiday(entry: Mapping[str, Any], year: str, source: str) -> list[Holiday]:
    """The holidays of one entry of the table, or of a market's own: one for each of its zones."""
    return [
        Holiday(
            zone=zone,
            name=entry["name"],
            school_year=year,
            after=entry["after"],
            resumes=entry.get("resumes"),
            certain_until=entry.get("certain_until"),
            confirmed=entry.get("confirmed", True),
            source=source,
            note=entry.get("note", ""),
        )
        for zone in entry["zones"]
    ]


@cache
def holiday_table() -> HolidayTable:
    """The shipped table, read once."""
    content = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    found: list[Holiday] = []
    for year, block in content["years"].items():
        for entry in block["holidays"]:
            mainland = MAINLAND.issuperset(entry["zones"])
            source = block["sources"]["mainland" if mainland else "others"]
            found += read_holiday(entry, year, source)
    return HolidayTable(tuple(found), max(block["checked"] for block in content["years"].values()))
