"""``reversibility accounts``: compare declared and seen accounts on every asset."""

from __future__ import annotations

import argparse
import dataclasses
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reversibility.cli_options import add_inventory
from reversibility.commands.default_passwords import try_default_passwords
from reversibility.console import say
from reversibility.documents.workbook import Workbook
from reversibility.market.load import load_market
from reversibility.market.paths import MarketPaths
from reversibility.operations.accounts_audit import FINDINGS, Account, Observed, audit
from reversibility.records import session
from reversibility.records.atomic import write_atomically
from reversibility.records.state import State
from reversibility.records.tables import Cell, write_table

HEADERS = {
    "site": "École", "asset": "Étiquette", "account": "Compte", "policy": "Règle", "seen": "Relevé",
    "administrator": "Administrateur", "locked": "Verrouillé", "in_vault": "Dans le coffre", "expires": "Expire le",
    "proven": "Connexion vérifiée", "last_login": "Dernière connexion", "findings": "Constats",
}  # fmt: skip
FRENCH = {
    "never_read": "comptes jamais relevés",
    "unknown": "compte inconnu",
    "without_entry": "sans mot de passe dans le coffre",
    "unusable_entry": "entrée du coffre inutilisable",
    "expired": "mot de passe échu",
    "expires_soon": "mot de passe bientôt échu",
    "never_proven": "connexion jamais vérifiée",
    "never_used": "jamais utilisé",
    "shared": "compte partagé sans accord écrit",
    "default_password": "mot de passe du constructeur",
    "ended": "accès terminé, compte non fermé",
    "undeclared_administrator": "administrateur non déclaré",
}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand ``accounts``."""
    parser = subparsers.add_parser(
        "accounts",
        help="compare declared and seen accounts on every asset",
        description="Compare the vault with the accounts that were read on the assets; 1 when something is found.",
        epilog="; ".join(f"{key}: {words}" for key, words in FINDINGS.items()),
    )
    add_inventory(parser)
    parser.add_argument("--site", metavar="SITE", help="this site only")
    parser.add_argument("--asset", metavar="ASSET", help="this asset only")
    parser.add_argument(
        "--soon",
        type=int,
        default=30,
        metavar="DAYS",
        help="days before its expiry from which a password is reported (default: 30)",
    )
    parser.add_argument(
        "--default-passwords",
        action="store_true",
        help="first try factory passwords on devices of the inventory: at most two tries for each account and day",
    )
    parser.add_argument(
        "--pause", type=float, default=30.0, metavar="SECONDS", help="seconds between two tries (default: 30)"
    )
    parser.add_argument("--xlsx", type=Path, metavar="FILE", help="write every account, as a workbook")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write every account as CSV")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every account")
    parser.set_defaults(func=show)


def show(args: argparse.Namespace) -> int:
    """Print the accounts with findings, and the totals; 1 if there is one."""
    market, paths = load_market(args.inventory), MarketPaths.for_inventory(args.inventory)
    entries = session.current_vault(paths.vault).entries()
    if args.default_passwords:
        try_default_passwords(market, paths, entries, site=args.site, asset=args.asset, pause=args.pause)
    state = State(paths.state)
    observed = {tag: Observed.read(state, asset) for tag, asset in market.assets.items()}
    accounts = [
        account
        for account in audit(market, observed, entries, soon=timedelta(days=args.soon))
        if args.site in (None, account.site) and args.asset in (None, account.asset)
    ]
    if args.csv:
        _write_csv(args.csv, accounts)
    if args.xlsx:
        _write_workbook(args.xlsx, accounts)
    if args.json:
        rows = [dataclasses.asdict(account) for account in accounts]
        write_atomically(
            args.json, f"{json.dumps(rows, ensure_ascii=False, indent=2, default=str)}\n".encode()
        )
    noted = [account for account in accounts if account.findings]
    for line in _table(noted):
        say(line)
    named = [account for account in accounts if account.account]
    administrators = sum(1 for account in named if account.administrator)
    say(f"{len(named)} accounts, {administrators} of administrators; something is found of {len(noted)}")
    return 1 if noted else 0


def _table(accounts: list[Account]) -> list[str]:
    if not accounts:
        return []
    rows = [("SITE", "ASSET", "ACCOUNT", "ADMINISTRATOR", "EXPIRES", "FINDINGS")]
    rows += [
        (
            each.site,
            each.asset,
            each.account or "-",
            {True: "yes", False: "no", None: "-"}[each.administrator],
            each.expires.isoformat() if each.expires else "-",
            ", ".join(each.findings),
        )
        for each in accounts
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _write_csv(path: Path, accounts: list[Account]) -> None:
    with write_table(path, HEADERS.values()) as table:
        for account in accounts:
            table.row(_cells(account))


def _write_workbook(path: Path, accounts: list[Account]) -> None:
    widths = (22, 12, 18, 14, 9, 15, 11, 15, 12, 19, 19, 60)
    with Workbook(path, title="Comptes", author="Cartable", created=datetime.now(UTC)) as book:
        sheet = book.sheet("Comptes", tuple(HEADERS.values()), widths)
        for account in accounts:
            sheet.add(_cells(account))


def _cells(account: Account) -> list[Cell]:
    row = dataclasses.asdict(account)
    row["findings"] = ", ".join(FRENCH[key] for key in account.findings)
    return [row[key] for key in HEADERS]
