"""Summary of a run at one school: assets with their stages, totals, used and announced time."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from typing import Any

from reversibility.market.model import Asset, Market
from reversibility.operations.holiday.plan import Plan, SitePlan
from reversibility.operations.holiday.progress import IMPOSSIBLE, Progress
from reversibility.operations.holiday.stages import stages
from reversibility.records.state import State

OUTCOMES = ("done", "failed", "off", "window", "cut", "waiting")


def site_summary(
    market: Market, state: State, plan: Plan, site: SitePlan, now: dt.datetime
) -> dict[str, Any]:
    """The run at one school as plain values: ``compte-rendu.json``, and what its document shows."""
    rows = [_row(market.assets[tag], state, plan.run) for tag in site.assets if tag in market.assets]
    times = [entry["at"] for row in rows for entry in row["stages"] if entry.get("seconds") is not None]
    seconds = [
        (entry["at"], entry["seconds"])
        for row in rows
        for entry in row["stages"]
        if entry.get("seconds") is not None
    ]
    began = min((dt.datetime.fromisoformat(at) - dt.timedelta(seconds=s) for at, s in seconds), default=None)
    ended = max((dt.datetime.fromisoformat(at) for at in times), default=None)
    return {
        "run": plan.run,
        "market": plan.market,
        "site": site.site,
        "name": site.name,
        "time_zone": site.time_zone,
        "reported": now.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "window": {"start": site.start.isoformat(), "end": site.end.isoformat() if site.end else None},
        "minutes_announced": site.minutes,
        "minutes_used": round((ended - began).total_seconds() / 60) if began and ended else None,
        "totals": {word: Counter(row["outcome"] for row in rows)[word] for word in OUTCOMES},
        "assets": rows,
        "emergencies": [dict(one) for one in plan.emergencies if site.site in one["sites"]],
        "unmanaged": list(site.unmanaged),
    }


def _row(asset: Asset, state: State, run: str) -> dict[str, Any]:
    progress = Progress(state, asset.site, asset.tag, run)
    found = []
    for one in stages():
        known = progress.results.get(one.name)
        if known is not None:
            found.append({"stage": one.name, **known})
    upgraded = _data(progress, "system").get("upgraded", [])
    return {
        "asset": asset.tag,
        "kind": asset.kind,
        "room": asset.room,
        "platform": asset.platform.name,
        "outcome": progress.outcome(),
        "stages": found,
        "impossible": [entry["stage"] for entry in found if entry["result"] == IMPOSSIBLE],
        "upgraded": upgraded,
        "left": _data(progress, "system").get("left", {}),
        "firmware": _data(progress, "firmware").get("firmware", []),
        "conffiles": _data(progress, "system").get("conffiles", []),
    }


def _data(progress: Progress, stage: str) -> Mapping[str, Any]:
    data: Mapping[str, Any] = progress.results.get(stage, {}).get("data", {})
    return data
