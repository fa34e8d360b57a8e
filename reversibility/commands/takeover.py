"""``reversibility takeover``: take a market over from its bundle, in resumable steps."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reversibility import console
from reversibility.bundle import open as opening
from reversibility.bundle.takeover import arrival
from reversibility.bundle.takeover.context import Context
from reversibility.bundle.takeover.handed_over import handed_over
from reversibility.bundle.takeover.playbooks import Playbooks
from reversibility.bundle.takeover.steps import NAMES, run_steps
from reversibility.bundle.verify import verify
from reversibility.console import printable
from reversibility.errors import CartableError
from reversibility.market.paths import MarketPaths
from reversibility.operations.permission import Emergency
from reversibility.operations.takeover.progress import Progress
from reversibility.records import passphrase as passphrases
from reversibility.records.journals import record
from reversibility.records.origin import origin
from reversibility.records.state import State

_FINGERPRINT = re.compile(r"^SHA256:[A-Za-z0-9+/]{43}$")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "takeover",
        help="take a market over from its bundle: audit, change every credential, build a new bundle",
        description=(
            "Verify the bundle, open it with two holders' keys, record and audit what is there, change each credential "
            "of the outgoing contractor, prove that the former ones are refused, and build the first bundle. Type the "
            "same command again after it was cut. Exit status: 0 nothing is left, 1 something is (it is listed), 2 not "
            "done."
        ),
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument(
        "-i", "--inventory", type=Path, metavar="DIR", required=True, help="the market, inventories/NAME"
    )
    parser.add_argument(
        "--fingerprint",
        metavar="SHA256:…",
        required=True,
        help="who signed the bundle, from the town's paper",
    )
    parser.add_argument(
        "--identity",
        type=Path,
        metavar="FILE",
        action="append",
        default=[],
        help="a holder's private key (age or OpenSSH); twice, one of each group. Needed at the first start only",
    )
    parser.add_argument(
        "--accept-cost",
        action="store_true",
        help="open a vault whose key derivation takes hours, without asking",
    )
    parser.add_argument(
        "--until",
        choices=("open", *NAMES),
        help="stop after this step; up to 'declare' nothing is changed on any machine",
    )
    parser.add_argument(
        "--emergency",
        metavar="REASON",
        default="",
        help="why the work cannot wait for a window; it is written to the journal",
    )
    parser.add_argument("--reference", metavar="TICKET", default="", help="the ticket of that emergency")
    parser.add_argument(
        "--keep-former-until",
        metavar="DATE",
        type=_day,
        help="keep former secrets in the vault's history until this day (2027-03-31)",
    )
    parser.set_defaults(func=_takeover)


def _day(text: str) -> str:
    return datetime.strptime(text, "%Y-%m-%d").date().isoformat()


def say(text: str) -> None:
    """Print a line at once: the playbooks between the lines print by themselves."""
    console.say(text)
    sys.stdout.flush()


def _takeover(args: argparse.Namespace) -> int:
    emergency = {"reason": args.emergency, "reference": args.reference}
    if not any(emergency.values()):
        emergency = {}
    Emergency.read(emergency)  # refuse early: every playbook would refuse it too
    _require_intact(args.bundle, args.fingerprint)
    if arrival.bring_market(args.bundle, args.inventory):
        say(f"The market is in {args.inventory}.")
    paths = MarketPaths.for_inventory(args.inventory)
    context = _opened(args, paths, emergency)
    if args.until == "open":
        return 0
    left = run_steps(context, say, until=args.until or "")
    for line in left:
        say(f"LEFT  {line}")
    say("Start the same command again for what is left." if left else "Nothing is left.")
    return 1 if left else 0


def _require_intact(bundle: Path, fingerprint: str) -> None:
    if not _FINGERPRINT.match(fingerprint):
        raise CartableError(
            f"{fingerprint} is no fingerprint; it reads SHA256: and 43 characters, as on the town's paper."
        )
    report = verify(bundle, fingerprint=fingerprint)
    if not report.intact or not report.signer_checked:
        first = report.problems[0] if report.problems else None
        why = f" ({first.file} {first.problem})" if first else ""
        raise CartableError(
            f"{bundle} is refused: {len(report.problems)} problems{why}; see reversibility verify. Nothing was opened."
        )
    say(f"verify: {report.files} files, signed by {report.fingerprint}")


def _opened(args: argparse.Namespace, paths: MarketPaths, emergency: Mapping[str, str]) -> Context:
    """Import the bundle's content, and read the progress of the take-over."""
    first = not paths.vault.exists()
    if first and not args.identity:
        raise CartableError(
            "The vault is not open yet: give --identity twice, one holder's key of each group (part 2 of "
            "lisez-moi.html has the table)."
        )
    passphrase, asked = _passphrase(first), passphrases.has_terminal()
    vault = arrival.bring_vault(
        args.bundle,
        paths,
        lambda: _identities(args.identity),
        passphrase,
        _ask if asked else None,
        (lambda _: True) if args.accept_cost else _agree if asked else None,
    )
    arrival.bring_records(args.bundle, paths)
    arrival.bring_public_keys(args.bundle, paths)
    state = State.create(paths.state)
    arrival.bring_volatile(args.bundle, state, vault.age_identity())
    name = args.bundle.resolve().name
    progress = Progress.read(paths.state)
    if progress is not None and progress.bundle != name:
        raise CartableError(
            f"{paths.state} is of the take-over of {progress.bundle}; give that bundle, and not {name}."
        )
    if progress is None:
        known = handed_over(args.bundle, vault, state, args.fingerprint)
        progress = Progress.begin(paths.state, name, known, datetime.now(UTC))
        # The first line of the successor, whose chain goes on from those that were handed over.
        begun = {"event": "takeover", "step": "open", "result": "done", "bundle": name}
        chains = {"former_chains": known["journal"], "signed_by": args.fingerprint}
        record(
            paths.journal,
            {**begun, **chains, "market": paths.market, **origin(paths.inventory)},
            vault.secrets(),
        )
        state.commit("takeover: open done")
    say(f"open: {len(vault.entries())} accounts in {paths.vault}")
    return Context(
        bundle=args.bundle,
        paths=paths,
        vault=vault,
        state=state,
        progress=progress,
        playbooks=Playbooks(paths, passphrase, emergency),
        kept_until=args.keep_former_until or "",
    )


def _passphrase(first: bool) -> str:
    """The passphrase of the market's vault: as it is configured, else asked for (twice where the vault is made)."""
    source = passphrases.configured_source()
    if source.configured:
        return passphrases.read_passphrase(command=source.command, fd=source.fd, prompt=False)
    return passphrases.ask_new() if first else passphrases.read_passphrase()


def _identities(files: Sequence[Path]) -> list[Any]:
    return [identity for path in files for identity in opening.load_identity(path)]


def _agree(cost: str) -> bool:
    return passphrases.confirm(f"{printable(cost)} Ctrl-C ends it. Begin all the same? [y/N] ")


def _ask(holder: str) -> str | None:
    return passphrases.ask(f"Passphrase on the sheet of {holder} (empty: not mine): ") or None
