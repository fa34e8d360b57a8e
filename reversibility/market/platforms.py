"""Platforms: mapping of an asset's ``os`` to its platform, connection and end of support (``platforms.yml``)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from reversibility.errors import CartableError
from reversibility.market.tables import read_table

NONE = "none"


@dataclass(frozen=True, slots=True)
class Connection:
    """How a platform is reached. ``host_key``: ``ssh`` (the market's known_hosts needs a line), ``tls`` or ``none``."""

    name: str
    host_key: str
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Support:
    """The last days of a system's security updates: free of charge, and paid for. None where the day is not known."""

    ends: date | None = None
    extended: date | None = None

    @property
    def last(self) -> date | None:
        """The last day of paid updates."""
        return self.extended or self.ends


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform: ``pattern`` matches its values of ``os``, with the version in the one group."""

    name: str
    label: str
    family: str
    connection: Connection
    patterns: tuple[re.Pattern[str], ...]
    versions: Mapping[str, Mapping[str, Any]]
    ended: Mapping[str, str]

    def match(self, os: str) -> re.Match[str] | None:
        """The match of ``os`` with one of the patterns."""
        return next((found for pattern in self.patterns if (found := pattern.fullmatch(os))), None)

    def version_of(self, os: str | None) -> str:
        """The version that ``os`` names; '' where it names none."""
        found = self.match(os or "")
        return (found[1] or "") if found and found.re.groups else ""

    def support(self, version: str, release: str = "", edition: str = "") -> Support:
        """The end of support of a version; of one that has releases, that of its release and edition.

        Without a release, the last end that any release or edition has: what is declared may be up to date.
        """
        entry = self.versions.get(version, {})
        releases = entry.get("releases", {})
        if not releases:
            return Support(_day(entry.get("ends")), _day(entry.get("extended")))
        chosen = releases.get(release.lower())
        if release and chosen is None:
            return Support()
        if chosen is None:
            days = [
                day for one in releases.values() for day in (one["ends"], *one.get("editions", {}).values())
            ]
            return Support(_day(max(days)))
        return Support(_day(chosen.get("editions", {}).get(edition.lower(), chosen["ends"])))


@dataclass(frozen=True, slots=True)
class PlatformTable:
    """The whole of platforms.yml; ``checked`` is the day on which its dates were compared with the makers'."""

    platforms: Mapping[str, Platform]
    families: Mapping[str, str]
    checked: date


@cache
def platform_table() -> PlatformTable:
    """The table, read once. Raises CartableError when it is wrong."""
    content = read_table("platforms")
    connections = {
        name: Connection(name, entry["host_key"], entry["variables"])
        for name, entry in content["connections"].items()
    }
    platforms = {}
    for name, entry in content["platforms"].items():
        for key, known in (("family", content["families"]), ("connection", connections)):
            if entry[key] not in known:
                raise CartableError(f"platforms.yml: the {key} {entry[key]} of {name} is not listed.")
        patterns = tuple(re.compile(pattern) for pattern in entry["os"])
        if name != NONE and any(pattern.groups != 1 for pattern in patterns):
            raise CartableError(f"platforms.yml: each os of {name} needs one group, which is the version.")
        platforms[name] = Platform(
            name,
            entry["label"],
            entry["family"],
            connections[entry["connection"]],
            patterns,
            entry.get("versions", {}),
            entry.get("ended", {}),
        )
    return PlatformTable(platforms, content["families"], date.fromisoformat(content["checked"]))


@cache
def platform_of(os: str | None) -> Platform:
    """The platform of a value of ``asset.os``; ``none`` for no system and for one that no pattern matches."""
    table = platform_table()
    if os is not None:
        for platform in table.platforms.values():
            if platform.match(os):
                return platform
    return table.platforms[NONE]


@cache
def version_of(os: str | None) -> str:
    """The version in a value of ``asset.os``; empty where there is none."""
    found = platform_of(os).match(os or NONE)
    return (found[1] or "") if found and found.re.groups else ""


@cache
def support_of(os: str | None) -> Support:
    """The end of support of a declared system."""
    return platform_of(os).support(version_of(os))


@dataclass(frozen=True, slots=True)
class Care:
    """Possible and impossible protection of a system without security updates; in French (R02)."""

    ended: date
    possible: str
    impossible: str


def care_of(os: str | None) -> Care | None:
    """The care of a system whose last updates had ended when the table was written; None for any other."""
    platform, version, last = platform_of(os), version_of(os), support_of(os).last
    texts = platform.versions.get(version, {}).get("ended", platform.ended)
    if last is None or last > platform_table().checked or not texts:
        return None
    return Care(last, texts["possible"], texts["impossible"])


def support_of_record(system: Mapping[str, Any]) -> Support:
    """The end of support of what was seen: ``system`` is the section ``operatingsystem`` of a record."""
    name, full_name, release = (_folded(system.get(key)) for key in ("name", "full_name", "version"))
    found = _WINDOWS.search(full_name) or _WINDOWS.search(name)
    if found:
        version = "-".join(filter(None, (found["server"], found["version"], found["r2"]))).replace(" ", "")
        edition = next((known for sign, known in _EDITIONS.items() if sign in full_name), "")
        return platform_of(f"windows-{version}").support(version, release, edition)
    for os in (f"{name}-{release}", f"{name}-{release.partition('.')[0]}"):
        if platform_of(os).name != NONE:
            return support_of(os)
    return Support()


_WINDOWS = re.compile(
    r"windows (?:(?P<server>server) )?(?P<version>xp|vista|7|8\.1|8|10|11|20\d\d)\b(?: (?P<r2>r2)\b)?"
)
_EDITIONS = {
    "education": "education",
    "enterprise": "enterprise",
    "entreprise": "enterprise",
}  # French Windows


def _folded(value: object) -> str:
    """A text in lower case, without accents and marks of trade."""
    text = unicodedata.normalize("NFKD", str(value or "")).encode("ascii", "ignore").decode()
    return text.lower().replace("(r)", "").replace("microsoft ", "").strip()


def os_pattern() -> str:
    """A regular expression of every value that ``asset.os`` may have."""
    named = (one for one in platform_table().platforms.values() if one.name != NONE)
    patterns = (pattern.pattern for one in named for pattern in one.patterns)
    return f"^(?:{'|'.join(patterns)})$"


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
