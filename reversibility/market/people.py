"""People who administer: their own accounts, from when to when, and the transition from one contractor to the next.

``administrators`` of contract.yml names them (R34); ``transition`` says how long both contractors are there (R57).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from reversibility.market.model import Asset, Market

CONTRACTOR, SUCCESSOR = "contractor", "successor"


@dataclass(frozen=True, slots=True)
class Person:
    """One administrator. ``account``: the person's own login, "" without one.

    ``starts`` and ``ends`` are the first and the last day of the access, None for no limit. ``key`` is the public
    SSH key, or "" where there is none; ``key_file`` is its file in the market's data folder.
    """

    name: str
    party: str
    account: str = ""
    starts: date | None = None
    ends: date | None = None
    key: str = ""
    key_file: str = ""

    def has_ended(self, day: date) -> bool:
        """Whether the last day of the access is over."""
        return self.ends is not None and self.ends < day

    def is_open(self, day: date) -> bool:
        """Whether the access holds on ``day``."""
        return not self.has_ended(day) and (self.starts is None or self.starts <= day)

    @property
    def expires(self) -> int:
        """The moment at which the machine itself closes the account, in seconds since 1970; -1 for never."""
        if self.ends is None:
            return -1
        after = datetime(self.ends.year, self.ends.month, self.ends.day, tzinfo=UTC) + timedelta(days=1)
        return int(after.timestamp())


def people(contract: Mapping[str, Any], data: Path | None = None) -> list[Person]:
    """The administrators of a contract, in its order; with their SSH keys where ``data`` (the market's own) is given.

    The outgoing contractor's access ends with the transition at the latest, the successor's begins with it at the
    earliest.
    """
    transition = contract.get("transition") or {}
    found = []
    for person in contract.get("administrators") or ():
        party = str(person.get("party", ""))
        starts, ends = [person.get("from")], [person.get("until")]
        if party == CONTRACTOR:
            ends.append(transition.get("until"))
        if party == SUCCESSOR:
            starts.append(transition.get("from"))
        file = str(person.get("ssh_key_file", ""))
        key = str(person.get("ssh_key", "")) or (_read(data / file) if data is not None and file else "")
        found.append(
            Person(
                name=str(person.get("name", "")),
                party=party,
                account=str(person.get("account", "")),
                starts=max((day for day in starts if day), default=None),
                ends=min((day for day in ends if day), default=None),
                key=key.strip(),
                key_file=file,
            )
        )
    return found


def named_accounts(found: Iterable[Person]) -> dict[str, Person]:
    """The people who have an account of their own, by its name."""
    return {person.account: person for person in found if person.account}


def account_variables(contract: Mapping[str, Any], data: Path, day: date) -> list[dict[str, Any]]:
    """The named accounts as the role ``accounts`` takes them: open ones, and those that are to be closed."""
    return [
        {
            "name": person.account,
            "comment": person.name,
            "key": person.key,
            "expires": person.expires,
            "state": "ended" if person.has_ended(day) else "open",
        }
        for person in people(contract, data)
        if person.account and (person.is_open(day) or person.has_ended(day))
    ]


def keys_not_there(contract: Mapping[str, Any], data: Path) -> list[str]:
    """A sentence for each person whose SSH key is declared as a file that is not there."""
    return [
        f"{person.name} has no SSH key: {data / person.key_file} is not there, so {person.account} opens to "
        "its password at the console only; put the public key there."
        for person in people(contract, data)
        if person.account and person.key_file and not person.key
    ]


def frozen(contract: Mapping[str, Any], operation: str, day: date) -> str | None:
    """Why ``operation`` (a playbook's name) may not run on ``day``; None when it may."""
    freeze = (contract.get("transition") or {}).get("freeze") or {}
    if operation not in (freeze.get("operations") or ()) or not freeze["from"] <= day <= freeze["until"]:
        return None
    return (
        f"{operation} is frozen from {freeze['from']} until {freeze['until']} by {freeze['author']}: "
        f"{freeze['reason']} (contract.yml, transition.freeze)"
    )


def accepted_as_shared(market: Market, asset: Asset, account: str, day: date) -> bool:
    """Whether somebody has accepted that several people use the account (``shared_accounts`` of contract.yml)."""
    return any(
        entry["account"] == account
        and date.fromisoformat(str(entry["until"])) >= day
        and entry.get("asset") in (None, asset.tag)
        and entry.get("kind") in (None, asset.kind)
        and entry.get("site") in (None, asset.site)
        for entry in market.contract.get("shared_accounts") or ()
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
