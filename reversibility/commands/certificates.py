"""``reversibility certificates``: list certificates seen; sign, request, import and revoke."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reversibility.cli_options import add_inventory
from reversibility.commands import certificates_acme, certificates_scan
from reversibility.console import say
from reversibility.documents.certificates import (
    HEADERS,
    Certificate,
    certificates,
    expiry_events,
    expiry_page,
    short_name,
)
from reversibility.errors import CartableError
from reversibility.market.load import load_market
from reversibility.market.paths import MarketPaths
from reversibility.operations.certificates import issuing
from reversibility.operations.certificates.authority import PURPOSES, REASONS, Wanted
from reversibility.operations.certificates.external import Orders
from reversibility.records import session
from reversibility.records.atomic import write_atomically
from reversibility.records.journals import record
from reversibility.records.origin import origin
from reversibility.records.state import State
from reversibility.records.tables import write_table


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand ``certificates`` with its actions."""
    parser = subparsers.add_parser(
        "certificates",
        help="certificates seen on assets, and the market's own authority",
        description="Certificates of the market: list them, sign a request, revoke.",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listed = actions.add_parser("list", help="list certificates by date of expiry")
    add_inventory(listed)
    listed.add_argument(
        "--days",
        type=int,
        metavar="N",
        help="only certificates that expire within N days; exit status 1 if there are any",
    )
    listed.add_argument("--csv", type=Path, metavar="FILE", help="write all as CSV")
    listed.add_argument("--ics", type=Path, metavar="FILE", help="write a calendar file of the expiry dates")
    listed.add_argument("--html", type=Path, metavar="FILE", help="write a page")
    listed.set_defaults(func=show)
    sign = actions.add_parser("sign", help="issue a certificate for a request that a device has made")
    add_inventory(sign)
    sign.add_argument("asset", metavar="ASSET", help="the asset's tag, the common name")
    sign.add_argument("request", type=Path, metavar="REQUEST", help="the request (PKCS 10, PEM)")
    sign.add_argument("--purpose", choices=sorted(PURPOSES), default="server", help="default: server")
    sign.add_argument(
        "--name", action="append", default=[], metavar="NAME", help="DNS name or address; may be repeated"
    )
    sign.add_argument("--days", type=int, default=365, metavar="N", help="validity (default: 365)")
    sign.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="output file of the certificate"
    )
    sign.set_defaults(func=sign_request)
    request = actions.add_parser("request", help="write the request for an external authority")
    add_inventory(request)
    _order_arguments(request)
    request.add_argument("--out", type=Path, required=True, metavar="FILE", help="output file (PKCS 10, PEM)")
    request.set_defaults(func=write_request)
    delivered = actions.add_parser("import", help="import the certificate of an external authority")
    add_inventory(delivered)
    _order_arguments(delivered)
    delivered.add_argument(
        "certificate", type=Path, metavar="FILE", help="the certificate and its intermediates (PEM)"
    )
    delivered.set_defaults(func=import_certificate)
    certificates_acme.add_parser(actions)
    certificates_scan.add_parser(actions)
    revoke = actions.add_parser("revoke", help="revoke the certificates of an asset")
    add_inventory(revoke)
    revoke.add_argument("asset", metavar="ASSET", help="the asset's tag")
    revoke.add_argument("--reason", required=True, choices=sorted(REASONS), help="reason of the revocation")
    revoke.add_argument("--serial", metavar="HEX", help="one certificate only")
    revoke.set_defaults(func=revoke_certificates)


def show(args: argparse.Namespace) -> int:
    """Print the certificates and write the requested files."""
    market, paths, now = load_market(args.inventory), MarketPaths.for_inventory(args.inventory), _now()
    rows = certificates(market, State(paths.state))
    if args.csv:
        with write_table(args.csv, HEADERS) as table:
            for row in rows:
                table.row(row.row())
    if args.ics:
        write_atomically(args.ics, expiry_events(market, rows, now))
    if args.html:
        write_atomically(args.html, expiry_page(market, rows, now).encode())
    shown = rows if args.days is None else [row for row in rows if _ends_within(row, args.days, now)]
    for row in shown:
        end = f"{row.end:%Y-%m-%d}" if row.end else "unreadable"
        say(
            f"{end:10}  {row.asset:10}  {row.state(now):8}  {short_name(row.subject)}  {', '.join(row.places)}"
        )
    say(f"{len(shown)} of {len(rows)} certificates")
    return 1 if args.days is not None and shown else 0


def sign_request(args: argparse.Namespace) -> int:
    """Issue a certificate for the key of a request; its names come from the command line, not from the request."""
    market, paths = load_market(args.inventory), MarketPaths.for_inventory(args.inventory)
    asset = market.assets.get(args.asset)
    if asset is None:
        raise CartableError(f"There is no asset {args.asset} in {market.name}.")
    request = args.request.read_text(encoding="utf-8", errors="replace")
    vault, state = session.current_vault(paths.vault), State.create(paths.state)
    title = str(market.contract.get("contract", {}).get("title", market.name))
    authority = issuing.made_authority(vault, state, title, _now())
    wanted = Wanted(args.asset, args.purpose, tuple(args.name), args.days)
    certificate = issuing.issue(authority, state, asset.site, args.asset, request, wanted, _now())
    write_atomically(args.out, certificate.encode())
    _note(paths, state, "sign", asset=args.asset, purpose=args.purpose)
    say(f"wrote {args.out}, valid for {args.days} days")
    return 0


def _order_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("asset", metavar="ASSET", help="the asset's tag")
    parser.add_argument("name", metavar="NAME", help="the certificate's name in certificates_wanted")


def write_request(args: argparse.Namespace) -> int:
    """Write the request that the asset has made."""
    _, orders = _orders(args)
    write_atomically(args.out, orders.request(args.name).encode())
    say(f"wrote {args.out}; give it to the authority, and its answer to `reversibility certificates import`")
    return 0


def import_certificate(args: argparse.Namespace) -> int:
    """Record the authority's certificate for the request; the next provision.yml installs it."""
    state, orders = _orders(args)
    found = orders.deliver(args.name, args.certificate.read_text(encoding="utf-8", errors="replace"), _now())
    _note(MarketPaths.for_inventory(args.inventory), state, "import", asset=args.asset, name=args.name)
    say(f"kept, valid until {found.not_valid_after_utc:%Y-%m-%d}; provision.yml installs it")
    return 0


def _orders(args: argparse.Namespace) -> tuple[State, Orders]:
    market, paths = load_market(args.inventory), MarketPaths.for_inventory(args.inventory)
    asset = market.assets.get(args.asset)
    if asset is None:
        raise CartableError(f"There is no asset {args.asset} in {market.name}.")
    state = State.create(paths.state)
    return state, Orders(state, asset.site, asset.tag)


def revoke_certificates(args: argparse.Namespace) -> int:
    """Revoke, sign the list again, and print the next step."""
    paths = MarketPaths.for_inventory(args.inventory)
    state, vault = State.create(paths.state), session.current_vault(paths.vault)
    authority = issuing.known_authority(vault)
    if authority is None:
        raise CartableError("The market has no certificate authority yet: nothing was issued.")
    changed = issuing.revoke(state, args.asset, args.reason, _now(), serial=args.serial)
    issuing.revocations(authority, state, _now())
    _note(paths, state, "revoke", asset=args.asset, detail=args.reason)
    say(f"{len(changed)} certificates of {args.asset} are revoked")
    if changed:
        say("They are refused when playbooks/provision.yml has brought the list to the servers.")
    return 0


def _note(paths: MarketPaths, state: State, what: str, **said: str) -> None:
    """Write a line to the journal, and commit it with the register."""
    command = f"certificates {what}"
    entry = {"event": "command", "command": command, "market": paths.market, **said}
    record(paths.journal, {**entry, **origin(paths.inventory), "result": "done"})
    state.commit(f"reversibility {command}: {said['asset']}")


def _ends_within(row: Certificate, days: int, now: datetime) -> bool:
    return row.end is None or row.end - now < timedelta(days=days)


def _now() -> datetime:
    return datetime.now(UTC)
