"""``reversibility compliance``: compliance with the security rules, by site, by rule and over time."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from reversibility.cli_options import add_inventory
from reversibility.console import say
from reversibility.documents.compliance import compliance_page
from reversibility.market.load import load_market
from reversibility.market.paths import MarketPaths
from reversibility.operations.compliance import (
    NEVER_READ,
    OPEN,
    STATES,
    RuleState,
    compliance,
    over_time,
    totals,
)
from reversibility.records.atomic import write_atomically
from reversibility.records.state import State


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand ``compliance``."""
    parser = subparsers.add_parser(
        "compliance",
        help="compliance of each asset with the security rules",
        description="Security rules by site, by rule and over time; 1 when one is not kept or an asset was never read.",
        epilog="; ".join(f"{key}: {words}" for key, words in STATES.items()),
    )
    add_inventory(parser)
    parser.add_argument("--site", metavar="SITE", help="this site only")
    parser.add_argument("--asset", metavar="ASSET", help="this asset only")
    parser.add_argument("--rule", metavar="RULE", help="this rule only")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the page in French")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every rule of every asset")
    parser.set_defaults(func=show)


def show(args: argparse.Namespace) -> int:
    """Print totals and violations, and write the requested files."""
    market, paths = load_market(args.inventory), MarketPaths.for_inventory(args.inventory)
    state = State(paths.state)
    rows = [
        row
        for row in compliance(market, state)
        if args.site in (None, row.site) and args.asset in (None, row.asset) and args.rule in (None, row.rule)
    ]
    now = datetime.now(UTC)
    if args.html:
        sites = [args.site] if args.site else list(market.sites)
        page = compliance_page(market, rows, over_time(state, sites), now)
        write_atomically(args.html, page.encode())
    if args.json:
        content = [dataclasses.asdict(row) for row in rows]
        write_atomically(args.json, f"{json.dumps(content, ensure_ascii=False, indent=2)}\n".encode())
    wrong = [row for row in rows if row.state in OPEN or row.state == NEVER_READ]
    for line in [*_open(wrong), *_waived(rows, now), *_totals(rows)]:
        say(line)
    return 1 if wrong else 0


def _open(rows: Sequence[RuleState]) -> list[str]:
    return [
        f"{row.site}  {row.asset}  {row.rule or '-'}  {row.state}"
        + (f"  expected {row.expected}" if row.expected else "")
        + (f"  seen {row.seen}" if row.seen else "")
        for row in rows
    ]


def _waived(rows: Sequence[RuleState], now: datetime) -> list[str]:
    """Expired waivers, whose rules the next provision.yml applies."""
    return [
        f"{row.site}  {row.asset}  {row.rule}  the waiver of {row.author} ended on {row.until}; run provision"
        for row in rows
        if row.overdue(now.date())
    ]


def _totals(rows: Sequence[RuleState]) -> list[str]:
    return [
        f"{site}: {one.states['complies']} of {one.judged} rules kept ({one.rate:.1%}), "
        f"{one.states['waived']} waived, {one.states['declined']} declined, "
        f"{one.states['not_applicable']} not applicable"
        for site, one in totals(rows, "site").items()
    ]
