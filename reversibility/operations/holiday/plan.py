"""Plan of a holiday run: waves of assets, duration and window of each school."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from reversibility.errors import CartableError
from reversibility.market.model import Asset, Market
from reversibility.operations.holiday.progress import Progress
from reversibility.operations.permission import Emergency
from reversibility.operations.spans import Span
from reversibility.operations.windows import SiteCalendar
from reversibility.records.state import State

RESERVE = 1.25  # better to announce too much time than too little
CANARY_SHARE = 0.1
FOREVER = dt.datetime.max.replace(tzinfo=dt.UTC)
CENTRAL = frozenset({"file_servers", "servers", "network"})  # what others depend on: last


@dataclass(frozen=True)
class SitePlan:
    """One school of a plan. ``minutes`` is what is announced; ``canary`` goes first.

    ``end`` is the window's; None where an emergency has lifted it.
    """

    site: str
    name: str
    start: dt.datetime
    end: dt.datetime | None
    minutes: int
    canary: tuple[str, ...]
    others: tuple[str, ...]
    unmanaged: tuple[str, ...]
    time_zone: str

    @property
    def assets(self) -> tuple[str, ...]:
        """All assets in their order."""
        return (*self.canary, *self.others)


@dataclass(frozen=True)
class Plan:
    """A plan as it is kept: ``run`` names it, so that a second start goes on with it."""

    run: str
    market: str
    made: dt.datetime
    parallel: int
    sites: tuple[SitePlan, ...]
    emergencies: tuple[Mapping[str, Any], ...] = ()
    """Why work was done outside the windows: ``reason``, ``reference``, ``sites``, ``at``."""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        content = asdict(self)
        content["made"] = self.made.isoformat()
        for entry in content["sites"]:
            for key in ("start", "end"):
                entry[key] = entry[key].isoformat() if entry[key] else None
        return content

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Plan:
        """The plan that ``to_json`` gave."""
        moment = dt.datetime.fromisoformat
        sites = tuple(
            SitePlan(
                **{
                    **entry,
                    "start": moment(entry["start"]),
                    "end": moment(entry["end"]) if entry["end"] else None,
                    **{key: tuple(entry[key]) for key in ("canary", "others", "unmanaged")},
                }
            )
            for entry in content["sites"]
        )
        return cls(
            content["run"], content["market"], moment(content["made"]), content["parallel"], sites,
            tuple(content.get("emergencies", ())),
        )  # fmt: skip

    def joined(self, later: Plan) -> Plan:
        """This plan, as announced, with today's windows, and with sites and assets that are new."""
        now = {site.site: site for site in later.sites}
        known = {tag for site in self.sites for tag in site.assets}
        sites = [
            replace(
                site,
                end=now[site.site].end if site.site in now else site.end,
                others=(
                    *site.others,
                    *(t for t in (now[site.site].assets if site.site in now else ()) if t not in known),
                ),
            )
            for site in self.sites
        ]
        sites += [site for name, site in now.items() if name not in {one.site for one in self.sites}]
        return replace(self, sites=tuple(sites), emergencies=(*self.emergencies, *later.emergencies))


def make_plan(
    market: Market,
    state: State,
    tags: Iterable[str],
    now: dt.datetime,
    *,
    run: str = "",
    parallel: int = 20,
    announce: bool = False,
    emergency: Emergency | None = None,
) -> Plan:
    """Plan a run on the assets ``tags``. ``announce`` plans for the next holidays where no window is open now.

    Where no window is open an ``emergency`` lifts the window: such a site is worked on from now on, without an end.

    Raises CartableError when a site has no window at all.
    """
    wanted = [market.assets[tag] for tag in tags if tag in market.assets]
    sites = []
    names: set[str] = set()
    lifted: list[str] = []
    for site in market.sites:
        assets = [asset for asset in wanted if asset.site == site]
        if not assets:
            continue
        calendar = SiteCalendar.of(market, site)
        seconds = {asset.tag: _seconds(state, asset) for asset in assets}
        minutes = site_minutes(list(seconds.values()), parallel)
        free = emergency is not None and not announce and not calendar.at(now).allowed
        window = Span(now, FOREVER) if free else _window(calendar, now, minutes, announce)
        lifted += [site] if free else []
        names.add(_run_name(window, calendar.local(max(window.start, now))))
        canary, others = waves(assets)
        unmanaged = tuple(a.tag for a in market.assets.values() if a.site == site and not a.managed)
        sites.append(
            SitePlan(
                site, str(market.sites[site]["name"]), max(window.start, now),
                None if free else window.end, minutes,
                canary, others, unmanaged, calendar.policy.time_zone.key,
            )
        )  # fmt: skip
    used = (
        [{**asdict(emergency), "sites": lifted, "at": now.isoformat(timespec="seconds")}]
        if lifted and emergency
        else []
    )
    name = run or min(names, default=f"{now:%Y-%m-%d}")
    return Plan(name, market.name, now, parallel, tuple(sites), tuple(used))


def waves(assets: list[Asset]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The canary group and the others: one asset of each kind first, at least a tenth; servers after all PCs.

    What others depend on (a server, a switch) is never in the canary group where there is something else.
    """
    central = {asset.tag for asset in assets if CENTRAL & set(asset.kind_groups)}
    leaves = [asset for asset in assets if asset.tag not in central]
    chosen: list[Asset] = []
    for asset in leaves:
        if asset.kind not in {one.kind for one in chosen}:
            chosen.append(asset)
    wanted = max(1, math.ceil(len(assets) * CANARY_SHARE))
    chosen = (chosen or list(assets))[:wanted] if len(chosen) > wanted else chosen or list(assets)[:1]
    rest = [a for a in leaves if a not in chosen] + [
        a for a in assets if a.tag in central and a not in chosen
    ]
    return tuple(asset.tag for asset in chosen), tuple(asset.tag for asset in rest)


def site_minutes(seconds: list[float], parallel: int) -> int:
    """Minutes for a school: canary, then the work in parallel (at least its slowest asset), plus a reserve."""
    if not seconds:
        return 0
    shared = sum(seconds) / max(1, min(parallel, len(seconds)))
    return math.ceil(RESERVE * (max(shared, max(seconds)) + max(seconds)) / 60)


def _seconds(state: State, asset: Asset) -> float:
    return Progress(state, asset.site, asset.tag, "").remaining(asset.platform.family)


def _window(calendar: SiteCalendar, now: dt.datetime, minutes: int, announce: bool) -> Span:
    answer = calendar.at(now)
    if answer.window is not None and not announce:
        return answer.window
    later = calendar.next_window(now, minutes)
    if later is None:
        raise CartableError(
            f"No window of {minutes} minutes is known for {calendar.policy.site}: {answer.sentence}"
        )
    return later


def _run_name(window: Span, start: dt.datetime) -> str:
    """Name a run after its holidays and their day, so that it is the same for as long as they last."""
    holiday = next((r.partition(":")[2] for r in window.reasons if r.startswith("holiday:")), None)
    begins = f"{window.start:%Y-%m-%d}"
    return (
        f"{begins}-{holiday}"
        if holiday and len(window.reasons) <= 8 and window.start <= start
        else f"{start:%Y-%m-%d}"
    )
