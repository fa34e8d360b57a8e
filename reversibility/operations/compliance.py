"""Compliance with the security rules, from ``compliance.json``: by site, by rule and over time (C 9)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from reversibility.market.model import Market
from reversibility.records.inventory_summary import dicts
from reversibility.records.json_text import read_json
from reversibility.records.state import State

RECORD = "compliance.json"
COMPLIES, NEVER_READ = "complies", "never_read"
OPEN = ("present", "missing")
STATES = {
    "complies": "as the rule asks",
    "present": "there, with another value",
    "missing": "not there",
    "waived": "the market does without it for a time",
    "declined": "this project does not keep it, and says why",
    "not_applicable": "nothing on this asset that it concerns",
    "never_read": "the asset was never compared with the rules",
}
_OF_DEVICES = {"ok": COMPLIES, "failed": "present"}  # what a network device's record calls them


@dataclass(frozen=True, slots=True)
class RuleState:
    """One rule on one asset."""

    site: str
    asset: str
    rule: str
    state: str
    title: str = ""
    group: str = ""
    level: str = ""
    anssi: str = ""
    cis: str = ""
    source: str = ""
    expected: str = ""
    seen: str = ""
    reason: str = ""
    author: str = ""
    until: str = ""

    def overdue(self, today: date) -> bool:
        """Whether its waiver has ended, so that the next run applies the rule again."""
        return self.state == "waived" and bool(self.until) and self.until < today.isoformat()


@dataclass(slots=True)
class Totals:
    """Counts of states. Percentages exclude waived, declined and not applicable rules."""

    states: Counter[str] = field(default_factory=Counter)

    @property
    def judged(self) -> int:
        """The rules that count."""
        return self.states[COMPLIES] + sum(self.states[name] for name in OPEN)

    @property
    def open(self) -> int:
        """Violated rules."""
        return sum(self.states[name] for name in OPEN)

    @property
    def rate(self) -> float:
        """The part that complies, from 0 to 1; 0 where nothing was judged."""
        return self.states[COMPLIES] / self.judged if self.judged else 0.0


@dataclass(frozen=True, slots=True)
class Day:
    """The totals at the end of a day on which a record changed."""

    day: date
    complies: int
    judged: int
    assets: int

    @property
    def rate(self) -> float:
        """The part that complies, from 0 to 1."""
        return self.complies / self.judged if self.judged else 0.0


def compliance(market: Market, state: State) -> list[RuleState]:
    """Every rule on every managed asset, by site and asset; an asset without a record is one row of its own."""
    found: list[RuleState] = []
    for asset in sorted(market.assets.values(), key=lambda each: (each.site, each.tag)):
        if not asset.managed or asset.platform.family == "unmanaged":
            continue
        record = state.read_json(asset.site, asset.tag, RECORD)
        rows = list(_rows(asset.site, asset.tag, record))
        found += rows or [RuleState(asset.site, asset.tag, "", NEVER_READ)]
    return found


def _rows(site: str, asset: str, record: Any) -> Iterator[RuleState]:
    """A managed host may have answered anything: what is no rule is left out."""
    names = set(RuleState.__dataclass_fields__) - {"site", "asset", "state"}
    for rule in dicts(record, "rules"):
        word = _OF_DEVICES.get(str(rule.get("state")), str(rule.get("state")))
        if word in STATES and rule.get("rule"):
            values = {name: str(rule[name]) for name in names if rule.get(name) is not None}
            if rule.get("detail"):
                values.setdefault("seen", str(rule["detail"]))
            yield RuleState(site, asset, state=word, **values)


def totals(rows: Iterable[RuleState], by: str) -> dict[str, Totals]:
    """The totals by ``site``, ``asset``, ``rule`` or ``group``, in the order of the rows."""
    found: dict[str, Totals] = {}
    for row in rows:
        found.setdefault(getattr(row, by), Totals()).states[row.state] += 1
    return found


def over_time(state: State, sites: Iterable[str]) -> list[Day]:
    """One entry a day on which a record of one of ``sites`` changed, the oldest first, from the state's Git history.

    Raises CartableError when Git cannot be asked.
    """
    if not state.repository.has_commits():
        return []
    wanted = frozenset(sites)
    log = state.repository.run(
        *("log", "--format=%x01%ct", "--reverse", "--raw", "-z", "--no-abbrev", "--no-renames", "-m"),
        *("--first-parent", "--root", "--", f":(glob)*/*/{RECORD}"),
    )
    current: dict[str, tuple[int, int]] = {}
    days: dict[date, Day] = {}
    for block in log.split("\x01")[1:]:
        seconds, *raw = (item.strip("\n") for item in block.split("\0"))
        items = [item for item in raw if item]
        for line, path in zip(items[::2], items[1::2], strict=True):
            if path.split("/")[0] not in wanted:
                continue
            blob = line.split(" ", 4)[3]
            current[path] = _count(state, blob)
        if current:
            day = datetime.fromtimestamp(int(seconds), UTC).date()
            read = [counts for counts in current.values() if counts[1]]
            days[day] = Day(day, sum(c for c, _ in read), sum(j for _, j in read), len(read))
    return list(days.values())


def _count(state: State, blob: str) -> tuple[int, int]:
    """Number of compliant and of judged rules in a record of Git's history; zero if it was removed or is damaged."""
    if not blob.strip("0"):
        return 0, 0
    try:
        record: Mapping[str, Any] = read_json(state.repository.run("cat-file", "blob", blob))
    except ValueError:
        return 0, 0
    one = Totals(Counter(row.state for row in _rows("", "", record)))
    return one.states[COMPLIES], one.judged
