"""``reversibility logs``: extract the logs of one asset or account, and verify them."""

from __future__ import annotations

import argparse
import csv
import dataclasses
import io
import json
from datetime import date
from pathlib import Path

from reversibility.cli_options import add_inventory
from reversibility.console import say
from reversibility.errors import CartableError
from reversibility.market.paths import MarketPaths
from reversibility.records.atomic import write_atomically
from reversibility.records.log_archive import LogArchive, LogLine
from reversibility.records.state import State

COLUMNS = [field.name for field in dataclasses.fields(LogLine)]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand ``logs`` with its actions."""
    parser = subparsers.add_parser("logs", help="logs that were collected from the schools' servers")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    extract = actions.add_parser("extract", help="the lines of one asset, or those that name an account")
    add_inventory(extract)
    extract.add_argument("--asset", metavar="TAG", help="this asset only")
    extract.add_argument("--account", metavar="ACCOUNT", help="lines that name this account")
    extract.add_argument("--since", type=_day, metavar="YYYY-MM-DD", help="first day")
    extract.add_argument("--until", type=_day, metavar="YYYY-MM-DD", help="last day")
    extract.add_argument(
        "--out", type=Path, metavar="FILE", help="write a file, .csv or .jsonl (default: print)"
    )
    extract.set_defaults(func=extract_lines)
    verify = actions.add_parser("verify", help="find altered, removed or added files")
    add_inventory(verify)
    verify.set_defaults(func=verify_archives)


def extract_lines(args: argparse.Namespace) -> int:
    """Print or write the lines; 1 when there is none."""
    if args.asset is None and args.account is None:
        raise CartableError("Say whose logs: --asset TAG, --account ACCOUNT, or both.")
    wanted = {name: getattr(args, name) for name in ("asset", "account", "since", "until")}
    lines = [line for archive in _archives(args) for line in archive.lines(**wanted)]
    lines.sort(key=lambda line: (line.day, line.asset, line.place))
    if args.out is None:
        for line in lines:
            say(f"{line.time}  {line.asset}  {line.program}: {line.message}")
    elif args.out.suffix == ".csv":
        text = io.StringIO()
        table = csv.DictWriter(text, COLUMNS, delimiter=";")
        table.writeheader()
        table.writerows(dataclasses.asdict(line) for line in lines)
        write_atomically(args.out, text.getvalue().encode("utf-8-sig"))
    else:
        rows = (json.dumps(dataclasses.asdict(line), ensure_ascii=False) for line in lines)
        write_atomically(args.out, "".join(f"{row}\n" for row in rows).encode())
    say(f"{len(lines)} lines")
    return 0 if lines else 1


def verify_archives(args: argparse.Namespace) -> int:
    """Check chains and files; 1 if one was changed. Gaps are reported, and are no change."""
    state, problems, gaps = State(MarketPaths.for_inventory(args.inventory).state), [], 0
    for archive in _archives(args):
        place = state.find(archive.folder.name)
        kept = state.read_json(*place, "logs.json") if place else None
        head = kept.get("chain") if isinstance(kept, dict) else None
        problems += archive.verify({head["count"]: head["hash"]} if head else None)
        for (asset, day), ranges in archive.gaps().items():
            gaps += 1
            say(
                f"gap: {asset} {day}: bytes {', '.join(f'{first}-{end}' for first, end in ranges)} never arrived"
            )
    for problem in problems:
        say(problem)
    say(f"{len(problems)} problems, {gaps} days with gaps")
    return 1 if problems else 0


def _archives(args: argparse.Namespace) -> list[LogArchive]:
    found = LogArchive.all(MarketPaths.for_inventory(args.inventory).data)
    if not found:
        raise CartableError("No logs were collected yet; run playbooks/collect_logs.yml.")
    return found


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day such as 2026-11-30") from error
