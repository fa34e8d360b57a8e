"""``reversibility state``: records of the assets, and their changes."""

from __future__ import annotations

import argparse

from reversibility.cli_options import add_inventory
from reversibility.console import say, say_json
from reversibility.errors import CartableError
from reversibility.market.paths import MarketPaths
from reversibility.records.history import history
from reversibility.records.state import State


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its subcommands."""
    parser = subparsers.add_parser("state", help="records of the assets, and their changes")
    commands = parser.add_subparsers(dest="subcommand", required=True, metavar="SUBCOMMAND")
    log = commands.add_parser("log", help="the history of an asset, in words")
    add_inventory(log)
    log.add_argument("asset", metavar="ASSET", help="its tag, such as UC250001")
    log.set_defaults(func=show_log)
    show = commands.add_parser("show", help="the records of an asset")
    add_inventory(show)
    show.add_argument("asset", metavar="ASSET", help="its tag, such as UC250001")
    show.set_defaults(func=show_asset)
    check = commands.add_parser("verify", help="look for damage in the records and their Git repository")
    add_inventory(check)
    check.set_defaults(func=verify)


def show_log(args: argparse.Namespace) -> int:
    """Print one line a commit that changed the asset's records, the oldest first."""
    state = _state(args)
    found = False
    for change in history(state, args.asset):
        found = True
        when = change.when.astimezone().strftime("%Y-%m-%d %H:%M")
        say(f"{when}  {'; '.join(change.words)}")
    if not found:
        raise CartableError(
            f"Nothing was ever recorded of {args.asset}; check its tag, or run playbooks/observe.yml."
        )
    return 0


def show_asset(args: argparse.Namespace) -> int:
    """Print the names and sizes of the records, and when the asset was last seen."""
    state = _state(args)
    pair = state.find(args.asset)
    if pair is None and (now := state.moved_to(args.asset)):
        raise CartableError(f"The records of {args.asset} moved: they are those of {now} now.")
    if pair is None:
        raise CartableError(
            f"Nothing is recorded of {args.asset}; check its tag, or run playbooks/observe.yml."
        )
    volatile = state.volatile(*pair)
    say(f"{args.asset}, site {pair[0]}, last seen {volatile.get('last_seen', 'never on this controller')}")
    attempt = volatile.get("last_attempt", {})
    if attempt and not attempt.get("reachable"):
        say(f"not reached at {attempt.get('time')}: {attempt.get('detail', '')}".rstrip(": "))
    for name in state.files(*pair):
        say(f"{len(state.read_bytes(*pair, name) or b''):>9}  {name}")
    found = state.read_json(*pair, "findings.json")
    for subject, sentences in found.items() if isinstance(found, dict) else ():
        for sentence in sentences if isinstance(sentences, list) else ():
            say(f"{subject}: {sentence}")
    inventory = state.read_json(*pair, "inventory.json")
    if isinstance(inventory, dict):
        say_json(inventory.get("content", {}).get("operatingsystem", {}))
    return 0


def verify(args: argparse.Namespace) -> int:
    """Check the records; 1 when something is damaged."""
    state = _state(args)
    problems = state.verify()
    for problem in problems:
        say(problem)
    say(f"{sum(1 for _ in state.assets())} assets, {len(problems)} problems")
    return 1 if problems else 0


def _state(args: argparse.Namespace) -> State:
    state = State(MarketPaths.for_inventory(args.inventory).state)
    if not state.repository.exists():
        raise CartableError(
            f"There is no state in {state.directory}; run playbooks/observe.yml, which makes it."
        )
    return state
