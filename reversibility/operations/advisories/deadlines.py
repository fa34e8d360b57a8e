"""The contract's deadlines for CVEs (C 9, R32): start, end, and temporary work-arounds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from reversibility.market.model import Asset, Market
from reversibility.operations.advisories.matching import Open
from reversibility.operations.advisories.model import Advisories, moment

HOURS: Mapping[str, int | None] = {
    "critical": 8,
    "important": 48,
    "security": 48,
    "minor": 7 * 24,
    "unimportant": None,  # Debian's class for "no security problem as packaged": shown, without a deadline
}
LAST = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Workaround:
    """A temporary work-around, valid until its end (C 9)."""

    cve: str
    what: str
    by: str
    until: dt.date


@dataclass(frozen=True, slots=True)
class Deadline:
    """An open CVE of one asset, with the contract's deadline. ``due`` is None without a deadline."""

    open: Open
    severity: str
    since: dt.datetime
    due: dt.datetime | None
    workaround: Workaround | None = None

    def state(self, now: dt.datetime) -> str:
        """``workaround``, ``late``, ``open`` or ``none`` (no deadline)."""
        if self.workaround is not None:
            return "workaround"
        if self.due is None:
            return "none"
        return "late" if now > self.due else "open"

    def record(self) -> dict[str, Any]:
        """Its form in the state, which stays the same while the CVE is open."""
        found: dict[str, Any] = {
            "cve": self.open.cve,
            "package": self.open.package,
            "installed": self.open.installed,
            "fixed": self.open.fixed,
            "severity": self.severity,
            "since": text(self.since),
            "due": text(self.due) if self.due else None,
        }
        if not self.open.available:
            found["note"] = "fix announced, not in the archive yet"
        if not self.open.certain:
            found["note"] = "versions not comparable: to be looked at by a person"
        if self.workaround:
            found["workaround"] = {
                "what": self.workaround.what,
                "by": self.workaround.by,
                "until": self.workaround.until.isoformat(),
            }
        return found


class Deadlines:
    """Turns open CVEs into deadlines for one market at one moment."""

    def __init__(self, market: Market, advisories: Advisories, now: dt.datetime) -> None:
        self.advisories = advisories
        self.now = now
        self._workarounds = list(market.workarounds.get("workarounds", ()))
        self._covered = {entry["cve"] for entry in self._workarounds}
        self._known: dict[str, tuple[str, dt.datetime | None]] = {}
        self._shared: dict[Open, Deadline] = {}

    def of(self, asset: Asset, found: Iterable[Open], before: Mapping[str, Any] | None) -> list[Deadline]:
        """The deadlines of one asset, the next one first. ``before`` is its last record (``advisories.json``).

        The clock starts when CERT-FR published, else at the earliest known publication, else when the CVE was first
        recorded on this asset.
        """
        first_seen = {
            (entry["cve"], entry["package"]): moment(entry["since"])
            for entry in (before or {}).get("open", ())
        }
        deadlines = [self._shared.get(one) or self._of_open(one, asset, first_seen) for one in found]
        return sorted(deadlines, key=lambda d: (d.due or LAST, d.open.cve))

    def _of_open(
        self, one: Open, asset: Asset, first_seen: Mapping[tuple[str, str], dt.datetime | None]
    ) -> Deadline:
        severity, published = self._of_cve(one.cve)
        since = published or first_seen.get((one.cve, one.package)) or self.now
        hours = HOURS[severity]
        due = None if hours is None else since + dt.timedelta(hours=hours)
        deadline = Deadline(one, severity, since, due, self._workaround(one.cve, asset))
        if published and one.cve not in self._covered:  # the same for every asset
            self._shared[one] = deadline
        return deadline

    def _of_cve(self, cve: str) -> tuple[str, dt.datetime | None]:
        if cve not in self._known:
            self._known[cve] = (self.advisories.severity(cve), self.advisories.published(cve))
        return self._known[cve]

    def _workaround(self, cve: str, asset: Asset) -> Workaround | None:
        for entry in self._workarounds:
            if entry["cve"] != cve or entry["until"] < self.now.date():
                continue
            selection = {key: entry[key] for key in ("site", "kind", "tag") if key in entry}
            if not selection or asset.selected_by(selection):
                return Workaround(cve, entry["what"], entry["by"], entry["until"])
        return None


def record(
    deadlines: Iterable[Deadline], before: Mapping[str, Any] | None, now: dt.datetime
) -> dict[str, Any]:
    """The asset's new ``advisories.json``: open CVEs, and closed ones with their time, in time or late.

    A CVE that is open in ``before`` and no longer matches is closed now.
    """
    current = [deadline.record() for deadline in deadlines]
    names = {(entry["cve"], entry["package"]) for entry in current}
    closed = list((before or {}).get("closed", ()))
    for entry in (before or {}).get("open", ()):
        if (entry["cve"], entry["package"]) not in names:
            due = moment(entry["due"]) if entry.get("due") else None
            kept = {key: entry[key] for key in ("cve", "package", "severity", "since", "due")}
            closed.append(
                {**kept, "closed": text(now), "met": due is None or now <= due or "workaround" in entry}
            )
    return {
        "open": sorted(current, key=lambda entry: (entry["cve"], entry["package"])),
        "closed": sorted(closed, key=lambda entry: (entry["closed"], entry["cve"], entry["package"])),
    }


@lru_cache(maxsize=10_000)
def text(when: dt.datetime) -> str:
    """A moment as the records write it."""
    return when.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
