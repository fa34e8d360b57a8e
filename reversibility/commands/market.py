"""``reversibility check``: check a market's files."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import Any

from reversibility.cli_options import add_inventory
from reversibility.console import say, say_lines
from reversibility.market.check import examine
from reversibility.market.model import Market
from reversibility.market.paths import MarketPaths
from reversibility.market.role_matrix import role_matrix


def add_parser(subparsers: Any) -> None:
    """Add the subcommand ``check``."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "check",
        help="check a market's files and list all errors",
        description="Check a market's files, each by itself and against the others; exits with 1 on errors.",
    )
    add_inventory(parser)
    parser.set_defaults(func=check)


def check(args: argparse.Namespace) -> int:
    """Print every finding and return 1, or print a summary and return 0; warnings do not change the status."""
    MarketPaths.for_inventory(args.inventory)  # refuses a folder that is no market
    folder = args.inventory.parent if args.inventory.is_file() else args.inventory
    checked = examine(folder)
    for warning in checked.warnings:
        say(f"warning: {warning}")
    if checked.market is not None:
        say_lines(summary(checked.market))
        return 0
    for finding in checked.findings:
        say(finding)
    count = len(checked.findings)
    say(f"{count} error{'s' if count > 1 else ''}")
    return 1


def summary(market: Market) -> str:
    """Counts of the market's declarations, in a few lines."""
    kinds = Counter(asset.kind for asset in market.assets.values())
    managed = sum(asset.managed for asset in market.assets.values())
    fleet = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    return "\n".join(
        [
            f"market {market.name}: no error",
            f"{len(market.sites)} sites, {len(market.network['vlans'])} VLANs, "
            f"{len(market.network['subnets'])} subnets, {len(market.catalogue['software'])} software",
            f"{len(market.assets)} assets, {managed} of them managed: {fleet}",
            *role_matrix(market).lines(),
        ]
    )
