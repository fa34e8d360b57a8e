"""Deadlines over time (C 9, R32): open and closed CVEs in the records of all assets."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reversibility.market.model import Market
from reversibility.operations.advisories.deadlines import HOURS, LAST, Deadlines, record
from reversibility.operations.advisories.matching import Matcher
from reversibility.operations.advisories.model import moment
from reversibility.operations.advisories.observed import observed
from reversibility.operations.advisories.read import read_folder
from reversibility.records.inventory_summary import dicts
from reversibility.records.state import State

FOLDER = "advisories"
"""Where an operator or a timer puts the advisories, in the market's data."""
RECORD = "advisories.json"
OPEN, LATE, WORKAROUND, NO_DEADLINE = "open", "late", "workaround", "none"
IN_TIME, TOO_LATE = "in_time", "too_late"
WORDS = ("cve", "package", "severity", "installed", "fixed")
WORK = ("what", "by", "until")
MOMENTS = ("since", "due", "closed")


@dataclass(frozen=True, slots=True)
class Flaw:
    """One CVE on one asset. ``closed`` is None while it is open, ``due`` where the contract sets no deadline."""

    site: str
    asset: str
    cve: str
    package: str
    severity: str
    since: dt.datetime | None
    due: dt.datetime | None
    installed: str = ""
    fixed: str = ""
    workaround: Mapping[str, str] = field(default_factory=dict)
    """What, by, until; empty without one."""
    closed: dt.datetime | None = None
    met: bool = False

    def state(self, now: dt.datetime) -> str:
        """``open``, ``late``, ``workaround`` or ``none`` (no deadline); once closed ``in_time`` or ``too_late``."""
        if self.closed is not None:
            return IN_TIME if self.met else TOO_LATE
        if self.workaround:
            return WORKAROUND
        if self.due is None:
            return NO_DEADLINE
        return LATE if now > self.due else OPEN


def match_again(market: Market, state: State, folder: Path, now: dt.datetime) -> bool:
    """Match every observed, managed asset with the advisories of ``folder``; record open and closed CVEs.

    Returns False and changes nothing if there is no such folder. Raises CartableError for a file that is no advisory.
    """
    if not folder.is_dir():
        return False
    advisories = read_folder(folder)
    matcher, deadlines = Matcher(advisories), Deadlines(market, advisories, now)
    for asset in market.assets.values():
        seen = (
            observed(asset, state.read_json(asset.site, asset.tag, "inventory.json"))
            if asset.managed
            else None
        )
        if seen is not None:
            before = state.read_json(asset.site, asset.tag, RECORD)
            found = deadlines.of(asset, matcher.open_on(seen), before)
            state.write(asset.site, asset.tag, RECORD, record(found, before, now))
    state.commit("advisories: matched again")
    return True


def flaws(market: Market, state: State) -> tuple[list[Flaw], list[str]]:
    """All CVEs in the managed assets' records, next deadline first; and the assets without a record."""
    found: list[Flaw] = []
    unmatched: list[str] = []
    for asset in market.assets.values():
        if not asset.managed:
            continue
        kept = state.read_json(asset.site, asset.tag, RECORD)
        if kept is None:
            unmatched.append(asset.tag)
            continue
        found += _of_record(asset.site, asset.tag, kept)
    return sorted(found, key=lambda flaw: (flaw.due or LAST, flaw.cve, flaw.asset, flaw.package)), unmatched


def _of_record(site: str, asset: str, kept: Any) -> Iterator[Flaw]:
    for entry in (*dicts(kept, "open"), *dicts(kept, "closed")):
        words = {name: str(entry.get(name) or "") for name in WORDS}
        moments = {name: moment(entry[name]) if entry.get(name) else None for name in MOMENTS}
        given = entry.get("workaround")
        work = {name: str(given.get(name, "")) for name in WORK} if isinstance(given, dict) else {}
        yield Flaw(site, asset, met=bool(entry.get("met")), workaround=work, **words, **moments)  # type: ignore[arg-type]


def by_severity(found: Iterable[Flaw], now: dt.datetime) -> dict[str, Counter[str]]:
    """Severity with a deadline → how many are in each state, the most urgent first; those without any left out."""
    totals: dict[str, Counter[str]] = {name: Counter() for name, hours in HOURS.items() if hours is not None}
    for flaw in found:
        if flaw.severity in totals:
            totals[flaw.severity][flaw.state(now)] += 1
    return {name: counted for name, counted in totals.items() if counted}


def by_month(found: Sequence[Flaw], now: dt.datetime, months: int = 12) -> list[tuple[dt.date, int, int]]:
    """Month of the closing → closed in time, closed late; the newest last, months without any left out."""
    counted: dict[dt.date, Counter[str]] = {}
    for flaw in found:
        if flaw.closed is not None and flaw.due is not None:
            counted.setdefault(flaw.closed.date().replace(day=1), Counter())[flaw.state(now)] += 1
    return [(month, each[IN_TIME], each[TOO_LATE]) for month, each in sorted(counted.items())][-months:]
