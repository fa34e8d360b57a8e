"""The command ``reversibility``: what a person types about the records and the hand-over."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from reversibility import __version__
from reversibility.commands import (
    accounts,
    advisories,
    bundle,
    calendar,
    certificates,
    compliance,
    holiday,
    journal,
    logs,
    market,
    obtain,
    packages,
    rename,
    state,
    takeover,
    vault,
)
from reversibility.console import say, say_error
from reversibility.errors import CartableError
from reversibility.market.paths import MarketPaths
from reversibility.records.modes import secure_data


def build_parser() -> argparse.ArgumentParser:
    """Assemble the parser from the subcommands; each sets ``func`` to a callable that returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="reversibility",
        description="Records and hand-over of a market: the vault, the state, the journal and the bundle.",
    )
    parser.add_argument("--version", action="version", version=f"cartable {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands = (
        compliance,
        *(market, vault, state, obtain, journal, bundle, calendar, advisories, holiday, accounts),
        certificates,
        takeover,
        rename,
        logs,
        packages,
    )
    for command in commands:
        command.add_parser(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 when all is well, 1 when a check found problems, 2 when it could not be done."""
    args = build_parser().parse_args(argv)
    os.umask(os.umask(0o077) | 0o022)  # nothing that we write may be changed by others
    try:
        _secure_data(getattr(args, "inventory", None))
        return int(args.func(args))
    except CartableError as error:
        say_error(error)
        return 2
    except BrokenPipeError:  # the reader of our output (head, less) went away: nothing is wrong
        sys.stderr.close()
        return 0
    except OSError as error:  # a file that may not be read, a full disk: not done, which is no check's answer
        say(f"error: {error.filename or 'the system'}: {error.strerror}", sys.stderr)
        return 2
    except KeyboardInterrupt:
        say("interrupted", sys.stderr)
        return 130


def _secure_data(inventory: Path | None) -> None:
    """Take the market's data from others, where a command is about a market."""
    if inventory is None:
        return
    try:
        paths = MarketPaths.for_inventory(inventory)
    except CartableError:  # the command says it, if it needs one
        return
    secure_data(paths.data)


if __name__ == "__main__":
    sys.exit(main())
