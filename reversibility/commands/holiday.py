"""``reversibility holiday``: status and reports of a holiday run."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from reversibility.cli_options import add_inventory
from reversibility.console import say
from reversibility.documents.holiday import write_reports
from reversibility.errors import CartableError
from reversibility.market.load import load_market
from reversibility.market.model import Market
from reversibility.market.paths import MarketPaths
from reversibility.operations.holiday.plan import Plan
from reversibility.operations.holiday.run import current_plan, latest_run
from reversibility.operations.holiday.summary import site_summary
from reversibility.records.state import State


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its subcommands."""
    parser = subparsers.add_parser("holiday", help="status and reports of a holiday run")
    commands = parser.add_subparsers(dest="subcommand", required=True, metavar="SUBCOMMAND")
    for name, function, words in (
        ("status", status, "what each asset has come to, a line each"),
        ("report", report, "write the reports of all schools anew, also of a run that was killed"),
    ):
        command = commands.add_parser(name, help=words)
        add_inventory(command)
        command.add_argument("--run", metavar="RUN", help="the run's name (default: the last one planned)")
        command.set_defaults(func=function)


def status(args: argparse.Namespace) -> int:
    """Print the totals of each school and every asset that is not done; 1 when one has failed."""
    market, paths, plan = _plan(args)
    state, failed = State(paths.state), 0
    for site in plan.sites:
        found = site_summary(market, state, plan, site, datetime.now(UTC))
        failed += found["totals"]["failed"]
        say(
            f"{site.site}  {', '.join(f'{count} {word}' for word, count in found['totals'].items() if count)}"
        )
        for row in found["assets"]:
            if row["outcome"] != "done":
                last: dict[str, str] = next(
                    (e for e in row["stages"] if e["result"] not in ("done", "impossible")), {}
                )
                why = last.get("detail") or last.get("code") or ""
                say(f"  {row['asset']:<10} {row['outcome']:<8} {last.get('stage', ''):<12} {why}".rstrip())
    return 1 if failed else 0


def report(args: argparse.Namespace) -> int:
    """Write the reports; print where they are."""
    market, paths, plan = _plan(args)
    files, _ = write_reports(paths.data, State(paths.state), market, plan, datetime.now(UTC))
    for path in files:
        say(path)
    return 0


def _plan(args: argparse.Namespace) -> tuple[Market, MarketPaths, Plan]:
    market, paths = load_market(args.inventory), MarketPaths.for_inventory(args.inventory)
    name = args.run or latest_run(paths.data)
    plan = current_plan(paths.data, name) if name else None
    if plan is None:
        raise CartableError(
            f"There is no plan of a run in {paths.data / 'holiday'}; run playbooks/holiday.yml first."
        )
    return market, paths, plan
