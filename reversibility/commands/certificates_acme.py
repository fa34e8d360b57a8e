"""``reversibility certificates acme``: order what assets want of an authority that issues by ACME."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from reversibility.cli_options import add_inventory
from reversibility.console import say
from reversibility.errors import CartableError
from reversibility.market.load import load_market
from reversibility.market.paths import MarketPaths
from reversibility.operations.certificates import acme_order
from reversibility.operations.certificates.external import Orders
from reversibility.records import session
from reversibility.records.journals import record
from reversibility.records.origin import origin
from reversibility.records.state import State


def add_parser(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action ``acme``."""
    parser = actions.add_parser(
        "acme",
        help="order certificates that are missing or expire soon by ACME; provision.yml installs them",
        description="Order each certificate with authority: acme that is not there, or has less than a third of its "
        "time left. 1 when one could not be ordered.",
    )
    add_inventory(parser)
    parser.add_argument("--asset", metavar="ASSET", help="this asset only")
    parser.add_argument("--force", action="store_true", help="whatever time is left")
    parser.set_defaults(func=order)


def order(args: argparse.Namespace) -> int:
    """Order what is due, one after the other; one that fails does not stop the others."""
    market, paths = load_market(args.inventory), MarketPaths.for_inventory(args.inventory)
    state, vault = State.create(paths.state), session.current_vault(paths.vault)
    ordered, failed = 0, 0
    for asset in market.assets.values():
        wanted = asset.variables.get("certificates_wanted") or ()
        names = [str(each["name"]) for each in wanted if each.get("authority") == "acme"]
        if args.asset not in (None, asset.tag):
            continue
        orders = Orders(state, asset.site, asset.tag)
        for name in names:
            if not args.force and not acme_order.is_due(orders.delivered(name), _now()):
                continue
            try:
                settings = acme_order.Settings.of(asset.tag, asset.variables)
                request, key = orders.request(name), acme_order.account_key(vault)
                pem = acme_order.obtain(settings, key, request, acme_order.run_program(settings))
                found = orders.deliver(name, pem, _now())
            except CartableError as error:
                failed += 1
                say(f"{asset.tag} {name}: {error}")
                continue
            ordered += 1
            done = {"event": "command", "command": "certificates acme", "market": market.name}
            told = {"asset": asset.tag, "name": name, "detail": settings.directory}
            record(paths.journal, {**done, **told, **origin(paths.inventory), "result": "done"})
            say(
                f"{asset.tag} {name}: valid until {found.not_valid_after_utc:%Y-%m-%d}; provision.yml installs it"
            )
    if ordered:
        state.commit(f"reversibility certificates acme: {ordered} ordered")
    say(f"{ordered} certificates ordered, {failed} not")
    return 1 if failed else 0


def _now() -> datetime:
    return datetime.now(UTC)
