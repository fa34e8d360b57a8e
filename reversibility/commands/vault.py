"""``reversibility vault``: create the vault, list it, show a secret, add a given one, verify it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from reversibility.cli_options import add_inventory
from reversibility.commands import vault_add, vault_cards
from reversibility.console import say
from reversibility.market.paths import MarketPaths
from reversibility.records import passphrase as passphrases
from reversibility.records import session
from reversibility.records.atomic import write_atomically
from reversibility.records.password_policy import passphrase_problem
from reversibility.records.state import RECIPIENT
from reversibility.records.vault import Entry, Vault, VaultError


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``vault`` and its actions."""
    parser = subparsers.add_parser("vault", help="the KeePass file with every secret", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    init = actions.add_parser("init", help="create the vault of a market")
    init.set_defaults(func=_init)
    listing = actions.add_parser("list", help="list the accounts that have a secret, without the secrets")
    listing.set_defaults(func=_list)
    show = actions.add_parser("show", help="show one secret")
    show.set_defaults(func=_show)
    verify = actions.add_parser(
        "verify", help="open the vault and check every entry; exit status 1 with problems"
    )
    verify.set_defaults(func=_verify)
    vault_add.add_parser(actions)
    vault_cards.add_parser(actions)
    for action in (init, listing, show, verify):
        add_inventory(action)
    show.add_argument("entry", metavar="ASSET/ACCOUNT", help="the account, such as UC250001/cartable")
    show.add_argument("--field", metavar="NAME", help="a named secret of the entry, such as a recovery key")
    show.add_argument("--pending", action="store_true", help="the pending secret instead of the current one")
    show.add_argument(
        "--reveal", action="store_true", help="print it also where the output is not a terminal"
    )


def _open(args: argparse.Namespace) -> Vault:
    return session.current_vault(MarketPaths.for_inventory(args.inventory).vault)


def _init(args: argparse.Namespace) -> int:
    paths = MarketPaths.for_inventory(args.inventory)
    if paths.vault.exists():  # before the prompt
        raise VaultError(
            f"There is a vault already: {paths.vault}; use it, or move it away before making another."
        )
    source = passphrases.configured_source()
    if source.configured:
        passphrase = passphrases.read_passphrase(command=source.command, fd=source.fd, prompt=False)
    else:
        passphrase = passphrases.ask_new()
    if problem := passphrase_problem(passphrase):
        raise passphrases.PassphraseError(problem)
    vault = Vault.create(paths.vault, passphrase)
    recipient = publish_recipient(vault, paths.state)
    say(f"The vault {paths.vault} is made. Configurations are encrypted to {recipient} (public).")
    say("Keep its passphrase where the town can find it: nobody can open the vault without it.")
    return 0


def publish_recipient(vault: Vault, state: Path) -> str:
    """Write the vault's public key to the state, where ``observe`` finds it; return it."""
    recipient = vault.age_recipient()
    write_atomically(state / RECIPIENT, f"{recipient}\n".encode())
    return recipient


def _list(args: argparse.Namespace) -> int:
    entries = _open(args).entries()
    rows = [("SITE", "ENTRY", "USER NAME", "POLICY", "EXPIRES", "SECRET")]
    rows += [
        (
            e.site,
            e.title,
            e.username,
            e.policy or "-",
            f"{e.expires:%Y-%m-%d}" if e.expires else "-",
            _secrets_of(e),
        )
        for e in entries
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    say(f"{len(entries)} accounts")
    return 0


def _secrets_of(entry: Entry) -> str:
    """Which secrets an entry has, in one word or two."""
    if entry.flaw:
        return "unusable"
    kinds = [kind for kind, there in (("current", entry.password), ("pending", entry.pending)) if there]
    return "+".join(kinds) or "-"


def _show(args: argparse.Namespace) -> int:
    if not (args.reveal or sys.stdout.isatty()):
        raise VaultError(
            "The output is not a terminal; add --reveal if the secret may go where the output goes."
        )
    vault = _open(args)
    asset, _slash, account = args.entry.partition("/")
    entry = vault.find(asset, account) if account else None
    if entry is None:
        raise VaultError(
            f"There is no entry {args.entry} in {vault.path}; `reversibility vault list` shows them."
        )
    if args.field:
        secret = vault.secret(asset, account, args.field)
    else:
        secret = entry.pending if args.pending else entry.password
    if not secret:
        wanted = args.field or ("pending secret" if args.pending else "current secret")
        other = "; add --pending for the one that is being set" if entry.pending and not args.pending else ""
        raise VaultError(f"{args.entry} has no {wanted} in {vault.path}{other or '; check the name'}.")
    say(secret)
    return 0


def _verify(args: argparse.Namespace) -> int:
    vault = _open(args)
    problems = vault.verify()
    for problem in problems:
        say(problem)
    say(f"{vault.path}: {len(vault.entries())} accounts, {len(problems)} problems")
    return 1 if problems else 0
