"""``reversibility vault add``: add the given account of another party's device to the vault."""

from __future__ import annotations

import argparse

from reversibility.cli_options import add_inventory
from reversibility.console import say
from reversibility.market.load import load_market
from reversibility.market.model import Market
from reversibility.market.paths import MarketPaths
from reversibility.operations.obtained import another_party, others_device
from reversibility.records import passphrase as passphrases
from reversibility.records import session
from reversibility.records.journals import record
from reversibility.records.origin import origin
from reversibility.records.state import State
from reversibility.records.vault import VaultError


def add_parser(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action."""
    parser = actions.add_parser("add", help="add an account of another party's device to the vault")
    add_inventory(parser)
    parser.add_argument(
        "entry",
        metavar="ASSET/ACCOUNT",
        help="the account, such as PF240001/lecture, or a Wi-Fi key, SITE/wifi/SSID",
    )
    parser.add_argument("--from", dest="party", required=True, metavar="PARTY", help="of contract.yml")
    parser.add_argument(
        "--fd",
        type=int,
        metavar="N",
        help="read the password from this file descriptor, not from the terminal",
    )
    parser.set_defaults(func=add)


def add(args: argparse.Namespace) -> int:
    """Store the password as current, without a login; a second call changes nothing."""
    paths = MarketPaths.for_inventory(args.inventory)
    market = load_market(paths.inventory)
    tag, _slash, account = args.entry.partition("/")
    if not account:
        raise VaultError(f"{args.entry} names no account; write ASSET/ACCOUNT, such as PF240001/lecture.")
    site, address = _place(market, tag, account)
    another_party(market, args.party)
    vault = session.current_vault(paths.vault)
    password = _password(args.entry, args.fd)
    entry = vault.find(tag, account)
    if entry is not None and entry.password == password:
        say(f"{args.entry}: nothing changes")
        return 0
    with vault.transaction() as change:
        change.put_current(site, tag, account, username=account, password=password, address=address)
    line = {
        "event": "command",
        "command": "vault add",
        "asset": tag,
        "account": account,
        "party": args.party,
        "result": f"{account} kept, from {args.party}",
        "market": paths.market,
        **origin(paths.inventory),
    }
    state = State.create(paths.state)
    record(paths.journal, line, vault.secrets())
    state.commit(f"reversibility vault add {args.entry}: from {args.party}")
    say(f"{args.entry} is in the vault; it counts as present, since no login has proven it")
    return 0


def _place(market: Market, tag: str, account: str) -> tuple[str, str]:
    """The site and the address of what an account is of: another party's device, or the SSID of a site."""
    if tag not in market.sites:
        asset = others_device(market, tag)
        return asset.site, asset.address or ""
    names = [str(ssid["name"]) for ssid in market.network.get("ssids") or ()]
    if account not in [f"wifi/{name}" for name in names]:
        raise VaultError(
            f"{tag} has no SSID of that name; write {tag}/wifi/SSID, with one of {', '.join(names) or 'none'}."
        )
    return tag, ""


def _password(entry: str, descriptor: int | None) -> str:
    if descriptor is not None:
        return passphrases.read_passphrase(fd=descriptor, prompt=False)
    if not passphrases.has_terminal():
        raise VaultError(f"There is no terminal to type the password of {entry} on; give it with --fd N.")
    password = passphrases.ask(f"Password of {entry}: ")
    if password != passphrases.ask("The same again: "):
        raise VaultError("The two passwords differ; run again.")
    return password
