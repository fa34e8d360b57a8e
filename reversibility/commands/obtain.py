"""``reversibility obtain``: record the configuration file of a device that another party runs."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from reversibility.cli_options import add_inventory
from reversibility.console import say
from reversibility.errors import CartableError
from reversibility.market.load import load_market
from reversibility.market.paths import MarketPaths
from reversibility.operations.obtained import Delivery, examine, keep
from reversibility.platforms.registry import driver
from reversibility.records import session
from reversibility.records.journals import record
from reversibility.records.origin import origin
from reversibility.records.scrub import vault_secrets
from reversibility.records.state import State

LARGEST = 32 * 2**20  # bytes: many times the largest configuration, but no disk image


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "obtain", help="record the configuration of a device that another party runs", description=__doc__
    )
    add_inventory(parser)
    parser.add_argument("asset", metavar="TAG", help="the device, such as SW250001")
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        type=Path,
        help="in var/<market>/obtained/<TAG>/, or elsewhere outside the project",
    )
    parser.add_argument("--from", dest="party", required=True, metavar="PARTY", help="of contract.yml")
    parser.add_argument(
        "--date", type=_day, required=True, metavar="YYYY-MM-DD", help="when the party saved the file"
    )
    parser.add_argument("--check", action="store_true", help="list the changes, without changing anything")
    parser.set_defaults(func=obtain)


def obtain(args: argparse.Namespace) -> int:
    """Check the files and keep them; a second time nothing changes."""
    paths = MarketPaths.for_inventory(args.inventory)
    market = load_market(paths.inventory)
    given = dict(_read(paths, args.asset, file) for file in args.files)
    if len(given) < len(args.files):
        raise CartableError("Two of the files have the same name; give each a name of its own.")
    delivery = examine(market, args.asset, given, args.party, args.date, date.today())
    state = State(paths.state) if args.check else State.create(paths.state)
    recipient = state.recipient()
    if recipient is None:
        recipient = session.current_vault(paths.vault).age_recipient()
        if not args.check:
            state.write_recipient(recipient)
    secrets = vault_secrets(paths.vault)
    changed = keep(state, delivery, recipient, secrets, check=args.check)
    if changed and not args.check:
        entry = {
            "event": "command",
            "command": "obtain",
            "asset": args.asset,
            "party": args.party,
            "date": args.date.isoformat(),
            "records": changed,
            "result": f"kept, from {args.party}, of {args.date}",
            "market": paths.market,
            **origin(paths.inventory),
        }
        record(paths.journal, entry, secrets)
        state.commit(f"reversibility obtain {args.asset}: from {args.party}, of {args.date}")
    _tell(paths, delivery, changed, args.check)
    return 0


def _tell(paths: MarketPaths, delivery: Delivery, changed: list[str], check: bool) -> None:
    tag = delivery.asset.tag
    for name in changed:
        say(f"{'would change' if check else 'changed'}: {delivery.asset.site}/{tag}/{name}")
    if not changed:
        say(f"{tag}: nothing changes")
    if driver(delivery.asset.platform.name) is None:
        system = delivery.asset.os
        say(f'note: nothing here reads a configuration of "{system}": it is kept encrypted, and never proven')
    for path in delivery.absent:
        say(f"note: {tag} is not proven without {Path(path).name}: ask {delivery.party} for it as well")
    if not check:
        say(
            f"The files hold secrets in the clear: delete them ({paths.obtained / tag} too); config.age has them."
        )


def _read(paths: MarketPaths, tag: str, file: Path) -> tuple[str, bytes]:
    """The name and the content of a file: one of the device's folder, or elsewhere outside the project's Git."""
    place = paths.obtained / tag / file
    path = place if place.is_file() else file
    if path.is_symlink():
        raise CartableError(f"{file} is a symbolic link; give the file itself.")
    path = path.resolve()
    project = paths.inventory.parent.parent
    if path.is_relative_to(project) and not path.is_relative_to(paths.data):
        raise CartableError(
            f"{file} lies in the project, where its secrets could get into Git; move it to {paths.obtained / tag}."
        )
    try:
        if path.stat().st_size > LARGEST:
            raise CartableError(f"{file} is larger than {LARGEST // 2**20} MiB: no configuration is.")
        return path.name, path.read_bytes()
    except FileNotFoundError as error:
        raise CartableError(f"There is no {file}, neither here nor in {paths.obtained / tag}.") from error
    except OSError as error:
        raise CartableError(f"{file} cannot be read ({error.strerror}).") from error


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-11-22") from error
