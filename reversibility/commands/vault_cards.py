"""``reversibility vault cards``: the passwords of one school's people as a PDF for its director."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from reversibility.cli_options import add_inventory
from reversibility.console import say
from reversibility.documents.cards import cards, cards_page
from reversibility.documents.render import html_to_pdfa3
from reversibility.errors import CartableError
from reversibility.market.load import load_market
from reversibility.market.paths import MarketPaths
from reversibility.records import session


def add_parser(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action ``cards``."""
    parser = actions.add_parser(
        "cards",
        help="cards with the passwords of one school's people, as a PDF for its director",
        description="Passwords of the accounts that people of one school use; none that administers.",
    )
    add_inventory(parser)
    parser.add_argument("--site", required=True, metavar="SITE", help="the school")
    parser.add_argument("--pdf", required=True, type=Path, metavar="FILE", help="a new file, mode 0600")
    parser.set_defaults(func=write)


def write(args: argparse.Namespace) -> int:
    """Write the cards."""
    market, paths = load_market(args.inventory), MarketPaths.for_inventory(args.inventory)
    if args.site not in market.sites:
        raise CartableError(f"There is no site {args.site}; it is one of {', '.join(market.sites)}.")
    try:
        # Created with mode 0600 before it is filled, and never over an existing file.
        args.pdf.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise CartableError(f"{args.pdf} cannot be made ({error.strerror}); name a new file.") from error
    try:
        found = cards(market, args.site, session.current_vault(paths.vault).entries())
        html_to_pdfa3(cards_page(market, args.site, found, datetime.now(UTC)), args.pdf, mode=0o600)
    except BaseException:
        args.pdf.unlink(missing_ok=True)
        raise
    say(f"wrote {len(found)} cards to {args.pdf}; print it, hand it over in person, then remove the file")
    return 0
