"""``reversibility rename``: move passwords, records and history of an asset to its new tag."""

from __future__ import annotations

import argparse

from reversibility.cli_options import add_inventory
from reversibility.console import say
from reversibility.errors import CartableError
from reversibility.market.load import load_market
from reversibility.market.model import Asset
from reversibility.market.paths import MarketPaths
from reversibility.records import moves, session
from reversibility.records.journals import record
from reversibility.records.origin import origin
from reversibility.records.state import State


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "rename",
        help="move passwords, records and history of an asset to its new tag",
        description="Change the tag in the market's files first (reversibility check), then run this.",
    )
    add_inventory(parser)
    parser.add_argument("old", metavar="OLD", help="its former tag, such as UC180001")
    parser.add_argument("new", metavar="NEW", help="its present tag in hosts.yml")
    parser.add_argument("--check", action="store_true", help="list the moves, without moving")
    parser.set_defaults(func=rename)


def rename(args: argparse.Namespace) -> int:
    """Move records and vault entries; skips those already moved, so a second call completes an interrupted one."""
    paths = MarketPaths.for_inventory(args.inventory)
    asset = _new_asset(paths, args.old, args.new)
    vault = session.current_vault(paths.vault)
    state = State(paths.state)
    accounts = vault.accounts(args.old)
    place = state.find(args.old)
    if not accounts and place is None:
        say(f"{args.old}: nothing is recorded and the vault has nothing; nothing changes")
        return 0
    entries = f"{len(accounts)} vault entries ({', '.join(accounts)})" if accounts else "no vault entry"
    records = f"the records of {'/'.join(place)}" if place else "no record"
    if args.check:
        say(f"{args.old} to {args.new}: would move {entries} and {records}")
        return 0
    moves.check_rename(state, args.new)
    with vault.transaction() as change:
        change.rename(asset.site, args.old, args.new)
    state = State.create(paths.state)
    moves.rename(state, args.old, args.new, asset.site)
    line = {
        "event": "command",
        "command": "rename",
        "asset": args.new,
        "former": args.old,
        "result": f"was {args.old}",
        "market": paths.market,
        **origin(paths.inventory),
    }
    record(paths.journal, line, vault.secrets())
    state.commit(f"reversibility rename {args.old} {args.new}")
    say(f"{args.old} to {args.new}: moved {entries} and {records}")
    return 0


def _new_asset(paths: MarketPaths, old: str, new: str) -> Asset:
    assets = load_market(paths.inventory).assets
    if new not in assets:
        raise CartableError(
            f"{new} is not in {paths.inventory}/hosts.yml; change the tag of {old} there first (and the name of "
            f"host_vars/{old}.yml), then run this again."
        )
    if old in assets:
        raise CartableError(
            f"{old} is still in {paths.inventory}/hosts.yml, so it is another asset than {new}; take it out first."
        )
    return assets[new]
