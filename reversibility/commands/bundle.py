"""``reversibility build | verify | open | compare``: the hand-over bundle."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reversibility.bundle import open as opening
from reversibility.bundle import passphrase_sheets
from reversibility.bundle.build import SIGNING_KEY, build
from reversibility.bundle.compare import compare, describe
from reversibility.bundle.dual_control import Sheet, load_holders
from reversibility.bundle.signature import public_key
from reversibility.bundle.unchanged import unchanged
from reversibility.bundle.verify import Report, verify
from reversibility.cli_options import add_inventory
from reversibility.console import printable, say, say_json
from reversibility.errors import CartableError
from reversibility.market.load import load_market
from reversibility.market.paths import MarketPaths
from reversibility.records import passphrase as passphrases
from reversibility.records import session
from reversibility.records.journals import record
from reversibility.records.moves import follow
from reversibility.records.origin import origin, person
from reversibility.records.state import JOURNAL, State
from reversibility.records.vault import Vault

REFUSED, UNCHECKED = 1, 3
_FINGERPRINT = re.compile(r"^SHA256:[A-Za-z0-9+/]{43}$")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the four subcommands."""
    _add_build(subparsers)
    _add_verify(subparsers)
    _add_open(subparsers)
    _add_compare(subparsers)


def _add_build(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "build",
        help="build, assess and sign the bundle of a market",
        description="Build a bundle: possible at any moment; what is missing is listed in it, not hidden.",
    )
    add_inventory(parser)
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="where bundles go (default: bundles/)"
    )
    parser.add_argument("--signing-key", type=Path, metavar="FILE", help=f"default: keys/{SIGNING_KEY}")
    parser.add_argument(
        "--sheets-to",
        metavar="COMMAND",
        help="give the sheets of holders without a key to this command (such as lp) and not to the terminal",
    )
    parser.add_argument(
        "--check", action="store_true", help="check whether a bundle can be built, without building it"
    )
    parser.set_defaults(func=_build)


def _add_verify(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "verify",
        help="check that a bundle is complete, unchanged, and signed by the expected signer",
        description=(
            "Exit status: 0 intact and signed by the expected key, 1 refused, 2 could not be verified, "
            f"{UNCHECKED} intact but nobody said who should have signed."
        ),
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument("--allowed-signers", type=Path, metavar="FILE", help="who may sign (ssh-keygen(1))")
    parser.add_argument("--fingerprint", metavar="SHA256:…", help="the fingerprint of the key, from paper")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.set_defaults(func=_verify)


def _add_open(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "open",
        help="open the vault of a bundle with the keys of two holders",
        description="Open the vault of a bundle: it takes one holder of group A and one of group B.",
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument(
        "--identity",
        type=Path,
        metavar="FILE",
        action="append",
        default=[],
        help="a holder's private key (age or OpenSSH); give it twice, once for each holder",
    )
    parser.add_argument("--allowed-signers", type=Path, metavar="FILE", help="who may sign (ssh-keygen(1))")
    parser.add_argument("--fingerprint", metavar="SHA256:…", help="the fingerprint of the key, from paper")
    parser.add_argument(
        "--unverified",
        action="store_true",
        help="open it although its signer is unknown or it was changed",
    )
    parser.add_argument(
        "--accept-cost",
        action="store_true",
        help="open a vault whose key derivation takes hours, without asking",
    )
    parser.add_argument(
        "-i", "--inventory", type=Path, metavar="DIR", help="the market whose journal gets a line"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="write the vault to this file, under a new passphrase",
    )
    parser.add_argument(
        "--operator-key",
        type=Path,
        metavar="FILE",
        help="write the operators' SSH key to this file (mode 0600), and its public half to FILE.pub",
    )
    parser.set_defaults(func=_open)


def _add_compare(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "compare",
        help="compare two bundles, or a bundle with a state",
        description=(
            "Exit status 1 when they differ. Lines: - only in the first, + only in the second, ~ changed."
        ),
    )
    parser.add_argument("first", type=Path, metavar="A")
    parser.add_argument("second", type=Path, metavar="B")
    parser.add_argument("--json", action="store_true", help="print the whole report as JSON")
    parser.add_argument(
        "--still-the-same",
        action="store_true",
        help="after a take-over: list the credentials that both bundles share; exit status 1 when there are any",
    )
    parser.set_defaults(func=_compare)


def _progress() -> tuple[Callable[[str], None], Callable[[], None]]:
    """Show what is being done: one line that changes on a terminal, a line each elsewhere (but no counts)."""
    if not sys.stderr.isatty():
        return (
            lambda text: None if text[-1:] == "s" and ": " in text else say(text, file=sys.stderr),
            lambda: None,
        )
    return (
        lambda text: print(f"\r\033[K{printable(text)} …", end="", file=sys.stderr, flush=True),
        lambda: print("\r\033[K", end="", file=sys.stderr, flush=True),
    )


def _build(args: argparse.Namespace) -> int:
    paths = MarketPaths.for_inventory(args.inventory)
    market = load_market(paths.inventory)
    holders = load_holders(market.contract, paths.data)
    signing_key = args.signing_key or paths.keys / SIGNING_KEY
    public_key(signing_key)
    passphrase_sheets.check_way(holders, args.sheets_to)
    vault = session.current_vault(paths.vault)
    output = args.output or paths.bundles
    if args.check:
        say(
            f"A bundle of {market.name} ({len(market.assets)} assets) can be built in {output}; none was built."
        )
        return 0
    follow(State(paths.state), {tag: asset.site for tag, asset in market.assets.items()})
    progress, done = _progress()

    def deliver(made: Sequence[Sheet], bundle: Path) -> None:
        done()
        passphrase_sheets.show(made, bundle, args.sheets_to)

    described = {"command": "build", "market": paths.market, **origin(paths.inventory)}
    try:
        built = build(
            market, paths, vault, output=output, signing_key=signing_key, holders=holders, progress=progress,
            deliver=deliver,
        )  # fmt: skip
    except CartableError:
        _note(paths.state, {**described, "result": "failed"}, vault)
        raise
    done()
    _note(paths.state, {**described, "bundle": built.path.name, "result": "built"}, vault)
    for finding in built.findings:
        say(f"finding: {finding}")
    say(f"bundle        {built.path}")
    say(f"payload       {built.seal.files} files, {built.seal.size / 1e6:.1f} MB")
    say(f"signed by     {built.seal.fingerprint}")
    say(f"completeness  {built.completeness}")
    return 0


def _note(state: Path, entry: Mapping[str, Any], vault: Vault | None = None) -> None:
    """Write a line to the journal in ``state`` and commit it; an error is only printed, since the work is done."""
    try:
        kept = State.create(state)
        record(state / JOURNAL, {"event": "command", **entry}, vault.secrets() if vault else ())
        kept.commit(f"reversibility {entry['command']}: {entry['result']}")
    except CartableError as error:
        say(f"warning: the journal was not written: {error}", file=sys.stderr)


def _verify(args: argparse.Namespace) -> int:
    if args.fingerprint is not None and not _FINGERPRINT.match(args.fingerprint):
        raise CartableError(
            f"{args.fingerprint} is no fingerprint; it reads SHA256: and 43 characters (ssh-keygen -lf KEY.pub)."
        )
    report = verify(args.bundle, args.allowed_signers, fingerprint=args.fingerprint)
    if args.json:
        say_json(_report(report))
    else:
        _print_report(report)
    if not report.intact:
        return REFUSED
    return 0 if report.signer_checked else UNCHECKED


def _report(report: Report) -> dict[str, Any]:
    return {
        "bundle": str(report.bundle),
        "intact": report.intact,
        "files": report.files,
        "size": report.size,
        "identifier": report.identifier,
        "fingerprint": report.fingerprint,
        "principal": report.principal,
        "signer_checked": report.signer_checked,
        "problems": [problem._asdict() for problem in report.problems],
    }


def _print_report(report: Report) -> None:
    for problem in report.problems:
        say(f"REFUSED  {problem.file} {problem.problem}")
    say(f"bundle {report.identifier or 'of no name'}")
    say(f"{report.files} files, {report.size / 1e6:.1f} MB; signed by {report.fingerprint or 'nobody'}")
    if not report.intact:
        say(f"refused: {len(report.problems)} problems")
    elif report.signer_checked:
        say(f"intact, signed by the expected key{f' ({report.principal})' if report.principal else ''}")
    else:
        say("intact, but WHO SIGNED WAS NOT CHECKED: give --fingerprint (from paper) or --allowed-signers")


def _open(args: argparse.Namespace) -> int:
    if args.inventory is None:
        return _opened(args)
    # A journal is written in the state of a market that was named, never in one that merely lies beside the bundle.
    kept = MarketPaths.for_inventory(args.inventory).state
    described = {"command": "open", "bundle": args.bundle.resolve().name, **person()}
    try:
        status = _opened(args)
    except CartableError:
        _note(kept, {**described, "result": "failed"})
        raise
    _note(kept, {**described, "result": "opened"})
    return status


def _require_verified(args: argparse.Namespace) -> str:
    """Verify the bundle before its use; returns the prefix of each line if the signer was not checked."""
    if args.unverified:
        return "UNVERIFIED BUNDLE: "
    if args.fingerprint is None and args.allowed_signers is None:
        raise CartableError(
            "Nobody said who should have signed this bundle: give --fingerprint SHA256:… (from paper) or "
            "--allowed-signers FILE, or --unverified to open it all the same."
        )
    report = verify(args.bundle, allowed_signers=args.allowed_signers, fingerprint=args.fingerprint)
    if not report.intact or not report.signer_checked:
        first = report.problems[0] if report.problems else None
        why = f" ({first.file} {first.problem})" if first else ""
        raise CartableError(
            f"{args.bundle} is refused: {len(report.problems)} problems{why}; see reversibility verify. "
            "Nothing was opened."
        )
    return ""


def _opened(args: argparse.Namespace) -> int:
    # Before the prompt.
    opening.refuse_existing(*(path for path in (args.output, args.operator_key) if path is not None))
    mark = _require_verified(args)
    identities = [identity for path in args.identity for identity in opening.load_identity(path)]
    asked = passphrases.has_terminal()
    vault = opening.open_vault(
        args.bundle,
        identities,
        _ask if asked else None,
        (lambda _: True) if args.accept_cost else _agree if asked else None,
    )
    count = len(vault.entries())
    key = vault.operator_key()
    if args.operator_key is not None and not key:
        raise CartableError(
            "The vault of this bundle has no SSH key of the operators, and data/00-lisez-moi says so; run again "
            "without --operator-key."
        )
    if args.output is not None:
        opening.write_vault(vault, args.output, _new_passphrase())
        say(f"{mark}The vault is in {args.output}, under the new passphrase: {count} entries.")
    if args.operator_key is not None:
        opening.write_operator_key(key, args.operator_key)
        say(
            f"{mark}The operators' SSH key is in {args.operator_key}; change it on the machines when you take over."
        )
    if args.output is None and args.operator_key is None:
        say(f"{mark}The vault opens with these keys: {count} entries.")
    return 0


def _new_passphrase() -> str:
    """The passphrase of the vault that is written: as it is configured, else asked for twice."""
    source = passphrases.configured_source()
    if source.configured:
        return passphrases.read_passphrase(command=source.command, fd=source.fd, prompt=False)
    return passphrases.ask_new()


def _ask(holder: str) -> str | None:
    return passphrases.ask(f"Passphrase on the sheet of {holder} (empty: not mine): ") or None


def _agree(cost: str) -> bool:
    return passphrases.confirm(f"{printable(cost)} Ctrl-C ends it. Begin all the same? [y/N] ")


def _still_the_same(args: argparse.Namespace) -> int:
    same = unchanged(args.first, args.second)
    if args.json:
        say_json(same)
    else:
        for line in same:
            say(f"= {line}")
        say(f"{len(same)} credentials are still the same")
    return 1 if same else 0


def _compare(args: argparse.Namespace) -> int:
    if args.still_the_same:
        return _still_the_same(args)
    report = compare(args.first, args.second)
    if args.json:
        say_json(report)
    else:
        for line in describe(report):
            say(line)
        skipped = f"; not compared: {', '.join(report['skipped'])}" if report["skipped"] else ""
        say(f"{'the same' if report['complies'] else 'different'}{skipped}")
    return 0 if report["complies"] else 1
