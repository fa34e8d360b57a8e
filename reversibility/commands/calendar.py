"""``reversibility calendar``: work windows of the sites."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from reversibility.cli_options import add_inventory
from reversibility.console import say
from reversibility.documents.site_calendar import SchoolYear, school_year_of, year_events, year_page
from reversibility.errors import CartableError
from reversibility.market.load import load_market
from reversibility.market.model import Market
from reversibility.operations.school_holidays import school_year
from reversibility.operations.site_policy import WEEKDAYS
from reversibility.records.atomic import write_atomically


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand ``calendar``."""
    parser = subparsers.add_parser(
        "calendar",
        help="work windows of the sites",
        description="Work windows of a school year by site: now, the next one that is long enough, and the year.",
    )
    add_inventory(parser)
    parser.add_argument("--site", action="append", metavar="SITE", help="this site only; may be repeated")
    parser.add_argument(
        "--year", type=_year, metavar="YEAR", help="such as 2026-2027 (default: the current one)"
    )
    parser.add_argument("--minutes", type=int, default=60, help="duration of the work (default: 60)")
    parser.add_argument("--ics", type=Path, metavar="FILE", help="write the year as a calendar file")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the year as a page")
    parser.set_defaults(func=show)


def show(args: argparse.Namespace) -> int:
    """Print the windows, and write the requested files."""
    market = load_market(args.inventory)
    now = datetime.now(UTC)
    years = [
        school_year_of(market, site, args.year or school_year(now.date()))
        for site in _sites(market, args.site)
    ]
    for year in years:
        say(f"{year.calendar.policy.site}  {year.name}  {year.year}")
        for warning in year.calendar.warnings(now):
            say(f"  warning: {warning}")
        say(f"  {year.calendar.at(now, args.minutes).sentence}")
        _print_rows(year)
    if args.ics:
        write_atomically(args.ics, year_events(market, years, now))
        say(f"wrote {args.ics}")
    if args.html:
        write_atomically(args.html, year_page(market, years, now).encode())
        say(f"wrote {args.html}")
    return 0


def _print_rows(year: SchoolYear) -> None:
    for row in year.rows:
        mark = "open   " if row.allowed else "refused"
        doubt = "" if row.confirmed else " (to be confirmed)"
        say(f"  {mark}  {row.start:%a %Y-%m-%d %H:%M}  {row.end:%a %Y-%m-%d %H:%M}  {row.what}{doubt}")
    for weekday, (start, end) in sorted(year.calendar.policy.weekly):
        hours = f"{start // 60:02d}:{start % 60:02d}-{end // 60:02d}:{end % 60:02d}"
        say(f"  weekly   {WEEKDAYS[weekday]} {hours}, without class hours")


def _sites(market: Market, wanted: list[str] | None) -> list[str]:
    for site in wanted or ():
        if site not in market.sites:
            raise CartableError(f"There is no site {site}; it is one of {', '.join(market.sites)}.")
    return wanted or list(market.sites)


def _year(text: str) -> str:
    first, _, second = text.partition("-")
    if not (len(first) == 4 and first.isdigit() and (not second or second == str(int(first) + 1))):
        raise argparse.ArgumentTypeError(f"{text!r} is not a school year such as 2026-2027")
    return f"{first}-{int(first) + 1}"
