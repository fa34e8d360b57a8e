"""Answer of the module ``win_asset_facts``: sections of plain values, as Windows gave them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reversibility.errors import CartableError
from reversibility.platforms import fillers

CONTROL = re.compile(r"[\x00-\x1f\x7f].*", re.DOTALL)
_HALF = re.compile("[\ud800-\udfff]")
# Build -> declared name (market/platforms.yml) and release; a build of both kinds of Windows stands in both tables.
CLIENT_BUILDS = {
    28000: ("windows-11", "26H1"),
    26200: ("windows-11", "25H2"),
    26100: ("windows-11", "24H2"),
    22631: ("windows-11", "23H2"),
    22621: ("windows-11", "22H2"),
    22000: ("windows-11", "21H2"),
    19045: ("windows-10", "22H2"),
    9600: ("windows-8.1", ""),
    9200: ("windows-8", ""),
    7601: ("windows-7", ""),
    7600: ("windows-7", ""),
    2600: ("windows-xp", ""),
}
SERVER_BUILDS = {
    26100: "windows-server-2025",
    20348: "windows-server-2022",
    17763: "windows-server-2019",
    14393: "windows-server-2016",
    9600: "windows-server-2012-r2",
    9200: "windows-server-2012",
    7601: "windows-server-2008-r2",
}


@dataclass(frozen=True)
class Release:
    """Which Windows it is: ``os`` as a market declares it, release (24H2), build with its revision, EditionID."""

    os: str
    release: str
    build: str
    edition: str

    @property
    def editions(self) -> str:
        """The group of editions by which the end of support goes: Pro Education counts as Pro."""
        name = self.edition.lower()
        return next((group for group in ("education", "enterprise") if name.startswith(group)), "")


@dataclass(frozen=True)
class Answer:
    """Sections by name, and what could not be read. A section that is missing is unknown, not empty."""

    facts: Mapping[str, Any]
    problems: Mapping[str, str]

    @classmethod
    def read(cls, text: str) -> Answer:
        """Read the module's answer. Raises CartableError when it is none."""
        try:
            content = _whole(json.loads(text))
            facts = {str(name): _rows(section) for name, section in content["facts"].items()}
            problems = {str(name): str(why) for name, why in (content.get("problems") or {}).items()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise CartableError(
                f"The PC's answer is not one of win_asset_facts ({type(error).__name__}); run it again with -vvv."
            ) from error
        return cls(facts, problems)

    def rows(self, section: str) -> list[dict[str, Any]]:
        """The rows of a section; none when it is unknown."""
        return list(self.facts.get(section, ()))

    def first(self, section: str) -> dict[str, Any]:
        """The only row of a section, or an empty one."""
        return next(iter(self.rows(section)), {})

    def knows(self, section: str) -> bool:
        """Whether the section could be read."""
        return section in self.facts

    def release(self) -> Release:
        """Decide by kind and build: ProductName says Windows 10 on Windows 11, the caption is localized."""
        values, system = self.first("release"), self.first("system")
        build = number(values.get("CurrentBuildNumber")) or number(system.get("BuildNumber")) or 0
        # ProductType: 1 workstation, 2 domain controller, 3 server.
        server = text_of(values.get("InstallationType")).lower().startswith("server") or (
            number(system.get("ProductType")) in (2, 3)
        )
        if server:
            name, release = SERVER_BUILDS.get(build, ""), ""
        else:
            name, release = CLIENT_BUILDS.get(build, ("", ""))
            if not name and build:
                name = "windows-11" if build >= 22000 else "windows-10" if build >= 10240 else ""
        revision = number(values.get("UBR"))
        return Release(
            name,
            release or text_of(values.get("DisplayVersion")) or text_of(values.get("ReleaseId")),
            f"{build}.{revision}" if revision is not None else str(build or ""),
            text_of(values.get("EditionID")),
        )


def text_of(value: Any) -> str:
    """A value as a text, cut at the first control character: some programs write garbage after a NUL."""
    return "" if value is None else CONTROL.sub("", str(value)).strip()


def real(value: Any) -> str:
    """A text that is none of the placeholders of manufacturers."""
    return fillers.text(text_of(value))


def serial(value: Any) -> str:
    """A serial number that is no filler."""
    return fillers.serial(text_of(value))


def number(value: Any) -> int | None:
    """A whole number, also when it is written as a text; None for anything else."""
    try:
        return None if value is None or isinstance(value, bool) else int(str(value).strip())
    except ValueError:
        return None


def listed(value: Any) -> list[Any]:
    """A list, also of a single value that PowerShell unrolled, or of none."""
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def iso_date(value: Any) -> str:
    """The day of a time in ISO 8601; empty for anything else and for Windows' zero (1600, 1601)."""
    found = re.match(r"^(\d{4})-\d{2}-\d{2}", text_of(value))
    return found[0] if found and int(found[1]) > 1601 else ""


def without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that say something."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def _rows(section: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in listed(section)]


def _whole(value: Any) -> Any:
    """Half surrogate pairs as U+FFFD: no file and no terminal takes them."""
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {_whole(name): _whole(item) for name, item in value.items()}
    return value


def by_name(rows: list[dict[str, Any]], *names: str) -> Iterator[dict[str, Any]]:
    """Rows in the order of some of their values, so that two runs give the same record."""
    yield from sorted(rows, key=lambda row: [str(row.get(name) or "") for name in names])
