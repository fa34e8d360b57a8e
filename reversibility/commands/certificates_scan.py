"""``reversibility certificates scan``: compare and note the certificates of Windows PCs."""

from __future__ import annotations

import argparse

from reversibility.cli_options import add_inventory
from reversibility.console import say
from reversibility.errors import CartableError
from reversibility.market.known_certificates import known_by_certificate, read
from reversibility.market.load import load_market
from reversibility.market.paths import MarketPaths
from reversibility.operations.certificates.pc_certificates import note, shown_by


def add_parser(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action ``scan``."""
    parser = actions.add_parser(
        "scan",
        help="show the certificates of Windows PCs, and note them in known_certificates",
        description="Ask Windows PCs for their WinRM certificates, as ssh-keyscan does for SSH host keys. Compare each "
        "thumbprint with the PC's own screen (Get-ChildItem Cert:\\LocalMachine\\My) before you note it.",
    )
    add_inventory(parser)
    parser.add_argument(
        "assets", nargs="*", metavar="ASSET", help="tags; without any, every PC known in this way"
    )
    parser.add_argument(
        "--add", action="store_true", help="note the certificates of PCs that have none noted"
    )
    parser.add_argument(
        "--replace", action="store_true", help="note other certificates than those noted too; only with ASSET"
    )
    parser.set_defaults(func=scan)


def scan(args: argparse.Namespace) -> int:
    """Print each PC's certificate beside what is noted; 0 when all that answered are noted now, and all answered."""
    if args.replace and not args.assets:
        raise CartableError("--replace needs the tags of the PCs whose certificates have really changed.")
    market, paths = load_market(args.inventory), MarketPaths.for_inventory(args.inventory)
    endpoints = known_by_certificate(market)
    if strange := sorted(set(args.assets) - endpoints.keys()):
        raise CartableError(
            f"{', '.join(strange)}: no managed Windows PC of {market.name} that is known by its fingerprint."
        )
    tags = sorted(args.assets or endpoints)
    known = read(paths.known_certificates)
    good = 0
    for tag, shown in zip(tags, shown_by(endpoints[tag] for tag in tags), strict=True):
        if shown.problem:
            say(f"{tag:10}  {shown.endpoint}  no certificate: {shown.problem}")
            continue
        noted = known.get(str(shown.endpoint), set())
        state = "known" if shown.fingerprint in noted else "OTHER THAN NOTED" if noted else "new"
        if (state == "new" and (args.add or args.replace)) or (state == "OTHER THAN NOTED" and args.replace):
            note(paths.known_certificates, shown.endpoint, shown.fingerprint)
            state = "noted"
        good += state in ("known", "noted")
        say(f"{tag:10}  {shown.endpoint}  {state}  {shown.subject}  thumbprint {shown.thumbprint}")
        say(f"{'':10}  SHA-256 {shown.fingerprint}")
    say(f"{good} of {len(tags)} certificates are known")
    return 0 if good == len(tags) else 1
