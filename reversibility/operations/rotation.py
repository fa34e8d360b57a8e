"""Selection of the passwords that a rotation changes: by site, kind, account and age, or all after an event."""

from __future__ import annotations

import calendar
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reversibility.errors import CartableError
from reversibility.market.model import Market
from reversibility.records.password_policy import POLICIES
from reversibility.records.vault_entry import Entry


@dataclass(frozen=True, slots=True)
class Selection:
    """What to rotate. Empty ``sites``, ``kinds`` and ``accounts`` mean all of them.

    With ``older_than`` (days) only passwords that are older are meant. With a ``reason`` alone (what has happened) all
    are; with neither, none but those that are due anyway. With ``revisions``, only passwords that still have one of
    these: a run that was cut and is started again changes nobody's twice.
    """

    sites: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    older_than: int | None = None
    reason: str = ""
    revisions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Due:
    """A password to change: account, reason, present revision, and the asset or site that owns it."""

    account: str
    why: str
    revision: str
    owner: str = ""


def check_selection(selection: Selection, market: Market, entries: Iterable[Entry]) -> None:
    """Raise CartableError for a site, a kind or an account that the market has not: a typing error rotates nothing."""
    assets = market.assets.values()
    known = {
        "site": (selection.sites, {asset.site for asset in assets}),
        "kind": (selection.kinds, {asset.kind for asset in assets}),
        "account": (selection.accounts, {entry.account for entry in entries}),
    }
    for word, (asked, there) in known.items():
        if foreign := sorted(asked - there):
            others = ", ".join(sorted(there)) or "none"
            raise CartableError(
                f"There is no {word} {', '.join(foreign)} in {market.name}; there are {others}."
            )
    if selection.older_than is not None and selection.older_than < 1:
        raise CartableError("rotate_older_than is a number of days, 1 at least.")


def due(
    selection: Selection, market: Market, hosts: Iterable[str], entries: Iterable[Entry], now: datetime
) -> dict[str, list[Due]]:
    """Passwords to change, by asset: those of ``hosts`` that are at a selected site and of a selected kind.

    The key of an SSID is its site's, and is changed on each of its access points. A device whose shared secret a RADIUS
    server of the market changes is among them as well, without a password of its own.
    """
    wanted = {
        tag
        for tag in hosts
        if (asset := market.assets.get(tag)) is not None
        and (not selection.sites or asset.site in selection.sites)
        and (not selection.kinds or asset.kind in selection.kinds)
    }
    found: dict[str, list[Due]] = {}
    for entry in entries:
        holders = [entry.asset] if entry.asset in market.assets else _access_points(market, entry)
        holders = [tag for tag in holders if tag in wanted]
        why = _why(entry, selection, now) if holders else ""
        for tag in holders if why else ():
            found.setdefault(tag, []).append(Due(entry.account, why, entry.revision, entry.asset))
        kind, _, client = entry.account.partition("/")
        if why and kind == "radius" and client in hosts:
            found.setdefault(client, [])
    return dict(sorted(found.items()))


def _access_points(market: Market, entry: Entry) -> list[str]:
    """The access points that have a site's key."""
    return [
        tag
        for tag, asset in market.assets.items()
        if entry.account.startswith("wifi/")
        and asset.site == entry.asset
        and "access_points" in asset.kind_groups
    ]


def not_rotated(
    selected: Mapping[str, Iterable[Mapping[str, Any]]],
    entries: Iterable[Entry],
    closed: Collection[str] = (),
) -> list[str]:
    """Selected entries, as ``asset/account``, whose current password did not change.

    ``closed`` are the accounts of people whose access is over: the entry goes with the account.
    """
    now = {(entry.asset, entry.account): entry for entry in entries}
    left = set()
    for asset, accounts in selected.items():
        for before in accounts:
            owner, account = before.get("owner") or asset, str(before["account"])
            entry = now.get((owner, account))
            if entry is None and account in closed:
                continue
            if entry is None or entry.pending or entry.revision == before["revision"]:
                left.add(f"{owner}/{account}")
    return sorted(left)


def made(entry: Entry) -> datetime | None:
    """Creation time of the current password, computed from its expiry and its policy; None if unknown.

    Three days early at most, where a month was shorter.
    """
    policy = POLICIES.get(entry.policy)
    if policy is None or entry.expires is None:
        return None
    expires = entry.expires.astimezone(UTC)
    years, month = divmod(expires.year * 12 + expires.month - 1 - policy.valid_months, 12)
    day = min(expires.day, calendar.monthrange(years, month + 1)[1])
    return expires.replace(year=years, month=month + 1, day=day)


def _why(entry: Entry, selection: Selection, now: datetime) -> str:
    """The reason to change an entry's password, in words; empty if there is none."""
    if entry.pending and entry.password:
        return "a change was cut"
    if not entry.password:
        return ""
    if entry.expired(now):
        return "expired"
    if selection.accounts and entry.account not in selection.accounts:
        return ""
    if selection.revisions and entry.revision not in selection.revisions:
        return ""
    if selection.older_than is None:
        return selection.reason
    since = made(entry)
    if since is None:
        return "its age is not known"
    days = (now - since).days
    return f"{days} days old" if days > selection.older_than else ""
