"""``reversibility journal``: list and verify the journal."""

from __future__ import annotations

import argparse
from datetime import date
from typing import Any

from reversibility.cli_options import add_inventory
from reversibility.console import say
from reversibility.errors import CartableError
from reversibility.market.paths import MarketPaths
from reversibility.records.journals import Journals
from reversibility.records.state import State


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its subcommands."""
    parser = subparsers.add_parser("journal", help="what was done, by whom, when, with which result")
    commands = parser.add_subparsers(dest="subcommand", required=True, metavar="SUBCOMMAND")
    check = commands.add_parser("verify", help="find altered, removed or reordered lines")
    add_inventory(check)
    check.set_defaults(func=verify)
    show = commands.add_parser("list", help="show the lines of some days")
    add_inventory(show)
    show.add_argument("--since", type=_day, metavar="YYYY-MM-DD", help="first day (UTC)")
    show.add_argument("--until", type=_day, metavar="YYYY-MM-DD", help="last day (UTC)")
    show.add_argument("--asset", metavar="TAG", help="one asset only")
    show.set_defaults(func=list_lines)


def verify(args: argparse.Namespace) -> int:
    """Check the chains of all controllers; 1 if one was changed."""
    journals = _journals(args)
    report = journals.verify()
    if not report.lines and not report.problems:
        raise _none(journals)
    for note in report.notes:
        say(f"note: {note}")
    for problem in report.problems:
        say(problem)
    say(f"{report.lines} lines, {len(report.problems)} problems")
    return 1 if report.problems else 0


def list_lines(args: argparse.Namespace) -> int:
    """Print one line a journal line, of all controllers in the order of their time."""
    journals = _journals(args)
    if not any(chain.files() for chain in journals.chains().values()):
        if journals.verify().problems:
            raise CartableError(
                f"No line is left of the journal in {journals.directory}; reversibility journal verify says "
                "what is missing."
            )
        raise _none(journals)
    tags = _tags(args)
    for entry in journals.entries(args.since, args.until):
        if tags is None or entry.get("asset") in tags:
            say(in_words(entry))
    return 0


def _tags(args: argparse.Namespace) -> set[str] | None:
    """The asset's tag and those that it had before; None for all assets."""
    if args.asset is None:
        return None
    state = State(MarketPaths.for_inventory(args.inventory).state)
    place = state.find(args.asset)
    return {args.asset, *(state.former_tags(*place) if place else ())}


def in_words(entry: dict[str, Any]) -> str:
    """Say a journal line in words, for example ``… alex@poste7 provision.yml UC250001: Set the name:
    changed``.
    """
    who = f"{entry.get('sudo_user') or entry.get('user', '?')}@{entry.get('controller', '?')}"
    start = f"{entry.get('time')}  {who}  {entry.get('playbook', '')}"
    if entry.get("event") == "task":
        message = f" ({entry['message']})" if entry.get("message") else ""
        return f"{start}  {entry.get('asset')}: {entry.get('task')}: {entry.get('result')}{message}"
    if entry.get("event") == "run_ended":
        totals = ", ".join(f"{count} {word}" for word, count in entry.get("totals", {}).items())
        return f"{start}  end of the run: {totals}"
    if entry.get("event") == "run_started":
        dirty = " with changes that are not committed" if entry.get("dirty") else ""
        return f"{start}  start of a run at revision {str(entry.get('revision'))[:12] or '(none)'}{dirty}"
    if entry.get("event") == "command":
        about = entry.get("bundle") or entry.get("asset") or ""
        return f"{start}reversibility {entry.get('command')} {about}: {entry.get('result')}"
    reference = f" ({entry['reference']})" if entry.get("reference") else ""
    return f"{start}  {entry.get('event')}: {entry.get('detail', '')}{reference}"


def _journals(args: argparse.Namespace) -> Journals:
    return Journals(MarketPaths.for_inventory(args.inventory).journal)


def _none(journals: Journals) -> CartableError:
    return CartableError(f"There is no journal in {journals.directory}; run a playbook of this market first.")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-11-22") from error
