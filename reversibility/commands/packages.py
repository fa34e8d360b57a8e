"""``reversibility packages``: the wheels that a bundle carries so that a successor installs without a network."""

from __future__ import annotations

import argparse

from reversibility.bundle.pinned_packages import pinned_packages
from reversibility.bundle.wheels import fetch_wheels, wheels_of
from reversibility.cli_options import add_inventory
from reversibility.console import say
from reversibility.market.paths import MarketPaths


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "packages",
        help="download the wheels of the pinned packages for bundles (needs the network)",
        description=(
            "Download the wheels of the packages in the versions that are installed here. From then on each bundle "
            "carries them, some 130 MB, and proves that they install in an empty environment without a network. "
            "Remove the folder to hand over without."
        ),
    )
    add_inventory(parser)
    parser.set_defaults(func=_fetch)


def _fetch(args: argparse.Namespace) -> int:
    folder = wheels_of(MarketPaths.for_inventory(args.inventory))
    folder.parent.mkdir(parents=True, exist_ok=True)
    say(f"{fetch_wheels(folder, pinned_packages())} wheels are in {folder}; the next bundle carries them.")
    return 0
