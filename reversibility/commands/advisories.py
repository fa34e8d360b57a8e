"""``reversibility advisories``: open CVEs by asset, with the deadlines of the contract."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reversibility.cli_options import add_inventory
from reversibility.console import say
from reversibility.documents.deadlines import deadlines_page
from reversibility.errors import CartableError
from reversibility.market.load import load_market
from reversibility.market.model import Asset, Market
from reversibility.market.paths import MarketPaths
from reversibility.operations.advisories.deadlines import HOURS, Deadline, Deadlines, record
from reversibility.operations.advisories.kept import FOLDER, RECORD, flaws
from reversibility.operations.advisories.matching import Matcher
from reversibility.operations.advisories.model import Advisories
from reversibility.operations.advisories.observed import observed
from reversibility.operations.advisories.read import read_folder
from reversibility.records.atomic import write_atomically
from reversibility.records.state import State

SHOWN = 40


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand ``advisories``."""
    parser = subparsers.add_parser(
        "advisories",
        help="open CVEs by asset, with the contract's deadlines",
        description="Match the advisories of the market's folder against what was observed; 1 when a deadline passed.",
    )
    add_inventory(parser)
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="the advisories (default: advisories/ of the data)"
    )
    parser.add_argument("--site", metavar="SITE", help="this site only")
    parser.add_argument("--asset", metavar="ASSET", help="this asset only")
    parser.add_argument("--cve", metavar="CVE", help="this CVE only")
    parser.add_argument(
        "--record", action="store_true", help="record the result in the state, for compliance over time"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every row, one JSON object a line")
    parser.add_argument(
        "--html",
        type=Path,
        metavar="FILE",
        help="write the page in French, from the recorded results (--record)",
    )
    parser.set_defaults(func=show)


def show(args: argparse.Namespace) -> int:
    """Print open CVEs, the next deadline first; 1 if a deadline has passed without a work-around."""
    now = datetime.now(UTC)
    market, paths = load_market(args.inventory), MarketPaths.for_inventory(args.inventory)
    state = State(paths.state)
    advisories = read_folder(args.folder or paths.data / FOLDER)
    rows: list[tuple[Asset, Deadline]] = []
    unobserved, closed = [], Counter[tuple[str, bool]]()
    for asset, found, before in _assets(market, state, advisories, now, args):
        if found is None:
            unobserved.append(asset.tag)
            continue
        rows += [(asset, deadline) for deadline in found if args.cve in (None, deadline.open.cve)]
        kept = record(found, before, now)
        closed.update((entry["severity"], entry["met"]) for entry in kept["closed"])
        if args.record:
            state.write(asset.site, asset.tag, RECORD, kept)
    rows.sort(key=lambda row: (row[1].due is None, row[1].due or now, row[0].tag))
    _print(rows, now)
    _print_summary(rows, closed, advisories, unobserved, now)
    if args.json:
        write_atomically(args.json, "".join(f"{line}\n" for line in _lines(rows, now)).encode())
    if args.record:
        state.commit(f"advisories: {len(rows)} open")
    if args.html:
        write_atomically(args.html, deadlines_page(market, *flaws(market, state), now).encode())
    return 1 if any(deadline.state(now) == "late" for _, deadline in rows) else 0


def _assets(
    market: Market, state: State, advisories: Advisories, now: datetime, args: argparse.Namespace
) -> Iterator[tuple[Asset, list[Deadline] | None, Any]]:
    """The assets that were asked for, each with its deadlines (None: never observed) and its last record."""
    matcher, deadlines = Matcher(advisories), Deadlines(market, advisories, now)
    wanted = [
        asset
        for asset in market.assets.values()
        if asset.managed and args.site in (None, asset.site) and args.asset in (None, asset.tag)
    ]
    if not wanted:
        raise CartableError("No managed asset is meant by --site and --asset; check their names.")
    for asset in wanted:
        seen = observed(asset, state.read_json(asset.site, asset.tag, "inventory.json"))
        before = state.read_json(asset.site, asset.tag, RECORD)
        yield asset, None if seen is None else deadlines.of(asset, matcher.open_on(seen), before), before


def _print(rows: list[tuple[Asset, Deadline]], now: datetime) -> None:
    for asset, deadline in rows[:SHOWN]:
        one = deadline.open
        fixed = one.fixed or "no fix known"
        if not one.available:
            fixed += " (not in the archive yet)"
        if not one.certain:
            fixed += " (versions not comparable: look)"
        say(
            f"{_left(deadline, now):>12}  {deadline.severity:<11} {one.cve:<17} {asset.tag:<10} "
            f"{one.package} {one.installed} -> {fixed}"
        )
    if len(rows) > SHOWN:
        say(f"… and {len(rows) - SHOWN} more; --json FILE writes all")


def _left(deadline: Deadline, now: datetime) -> str:
    state = deadline.state(now)
    if state in ("workaround", "none") or deadline.due is None:
        return "work-around" if state == "workaround" else "no deadline"
    hours = round((deadline.due - now).total_seconds() / 3600)
    amount = f"{abs(hours)} h" if abs(hours) < 100 else f"{abs(hours) // 24} d"
    return f"late {amount}" if state == "late" else f"{amount} left"


def _print_summary(
    rows: list[tuple[Asset, Deadline]],
    closed: Counter[tuple[str, bool]],
    advisories: Advisories,
    unobserved: list[str],
    now: datetime,
) -> None:
    states = Counter((deadline.severity, deadline.state(now)) for _, deadline in rows)
    for severity in HOURS:
        total = sum(count for (name, _), count in states.items() if name == severity)
        done, met = closed[severity, True] + closed[severity, False], closed[severity, True]
        if total or done:
            late = states[severity, "late"]
            say(f"{severity}: {total} open, {late} late; {done} closed before, {met} of them in time")
    if unobserved:
        say(
            f"never observed, so not judged: {', '.join(unobserved[:20])}{' …' if len(unobserved) > 20 else ''}"
        )
    for entry in advisories.unread[:SHOWN]:
        say(f"to be read by a person: {entry.source}: {entry.what} {entry.url}".rstrip())
    if len(advisories.unread) > SHOWN:
        say(f"… and {len(advisories.unread) - SHOWN} more to be read by a person")
    tags = sorted(
        {asset.tag for asset, deadline in rows if deadline.state(now) == "late" and deadline.open.fixed}
    )
    if tags:
        more = "" if len(tags) <= 10 else " (and others)"
        say(f"late, and fixed by: ansible-playbook playbooks/patch.yml --limit {','.join(tags[:10])}{more}")


def _lines(rows: list[tuple[Asset, Deadline]], now: datetime) -> Iterator[str]:
    for asset, deadline in rows:
        row = {"site": asset.site, "asset": asset.tag, **deadline.record(), "state": deadline.state(now)}
        yield json.dumps(row, ensure_ascii=False)
