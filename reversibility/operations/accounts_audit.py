"""Audit of accounts: compares the vault's entries with the accounts seen on the assets (R34, C 9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from reversibility.market.model import Asset, Market
from reversibility.market.people import Person, accepted_as_shared, named_accounts, people
from reversibility.operations.default_passwords import RECORD, open_accounts
from reversibility.records.inventory_summary import dicts
from reversibility.records.logins import RECORDS, SUCCESS
from reversibility.records.password_policy import USERS
from reversibility.records.state import State
from reversibility.records.vault_entry import Entry

FINDINGS = {
    "never_read": "the accounts of the asset were never read",
    "unknown": "nobody declared the account",
    "without_entry": "a password may open it, and the vault has none",
    "unusable_entry": "the vault's entry cannot be used as it is written",
    "expired": "the password is past its validity",
    "expires_soon": "the password is soon past its validity",
    "never_proven": "no login with the current password succeeded",
    "never_used": "nobody has logged in with it, in the 30 days or more of which the asset knows its logins",
    "shared": "several people use it, and nobody has accepted that in contract.yml (shared_accounts)",
    "default_password": "the maker's password opens it",
    "ended": "the access of the person whose account it is is over (contract.yml), and it is not closed",
    "undeclared_administrator": "it may administer, and is not an administrator's account in the vault",
}


KNOWN_FOR = timedelta(days=30)
"""How far an asset's own record of logins has to reach back for its silence to say that an account is not used."""


@dataclass(slots=True)
class Account:
    """One account of an asset, wanted or seen. ``administrator``: None where it was not seen."""

    site: str
    asset: str
    account: str
    policy: str = ""
    person: str = ""
    seen: bool = False
    administrator: bool | None = None
    locked: bool | None = None
    in_vault: bool = False
    expires: date | None = None
    proven: bool = False
    last_login: date | None = None
    findings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Observed:
    """Records of one asset: its accounts (None if never read), and the proven revision of each account."""

    accounts: tuple[Mapping[str, Any], ...] | None
    proven: frozenset[tuple[str, str]]
    with_default: frozenset[str] = frozenset()
    """Accounts that a maker's password opens."""
    logins_since: date | None = None
    """First day of which the asset knows its logins; None where it keeps none."""
    last_logins: Mapping[str, date] = field(default_factory=dict)
    """Account → day of its last login."""

    @classmethod
    def read(cls, state: State, asset: Asset) -> Observed:
        """Read them from the state."""
        names = (asset.site, asset.tag)
        seen = state.read_json(*names, "accounts.json")
        proven = {
            (str(login.get("account")), str(login.get("vault_revision")))
            for record, methods in RECORDS.items()
            for login in dicts(state.read_json(*names, record), "logins")
            if login.get("result") == SUCCESS and login.get("method") in {method.login for method in methods}
        }
        since, days = _last_logins(state.volatile(*names).get("last_logins"))
        return cls(
            None if seen is None else tuple(dicts(seen, "accounts")),
            frozenset(proven),
            open_accounts(state.read_json(*names, RECORD)),
            since,
            days,
        )


def audit(
    market: Market,
    observed: Mapping[str, Observed],
    entries: Iterable[Entry],
    now: datetime | None = None,
    *,
    soon: timedelta = timedelta(days=30),
) -> list[Account]:
    """List every account by site, asset and name, each with the keys of FINDINGS that are true of it.

    Assets that are not managed have no accounts of ours; one of them is listed only where something was seen or kept.
    """
    now = now or datetime.now(UTC)
    kept: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.password or entry.pending or entry.flaw:  # others hold recovery keys or attachments
            kept.setdefault(entry.asset, []).append(entry)
    found: list[Account] = []
    for asset in market.assets.values():
        records = observed.get(asset.tag, Observed(None, frozenset()))
        found += _of_asset(market, asset, records, kept.get(asset.tag, []), now, soon)
    named = named_accounts(people(market.contract))
    for row in found:
        _note_person(row, named.get(row.account), now.date())
    return sorted(found, key=lambda each: (each.site, each.asset, each.account))


def _of_asset(
    market: Market, asset: Asset, records: Observed, entries: list[Entry], now: datetime, soon: timedelta
) -> list[Account]:
    logins = {str(account.get("login")): account for account in records.accounts or ()}
    rows = [_wanted(market, asset, entry, records, logins, now, soon) for entry in entries]
    with_entry = {name for entry in entries for name in (entry.account, entry.username)}
    for login, seen in logins.items():
        if login not in with_entry:
            rows.append(_stranger(asset, login, seen))
            _note_login(rows[-1], records, login, now.date())
    listed = {row.account: row for row in rows}
    for name in sorted(records.with_default):
        if name not in listed:
            rows.append(Account(asset.site, asset.tag, name, seen=True))
        listed.get(name, rows[-1]).findings.append("default_password")
    if asset.managed and asset.platform.family != "unmanaged" and records.accounts is None:
        rows.append(Account(asset.site, asset.tag, "", findings=["never_read"]))
    return rows


def _wanted(
    market: Market,
    asset: Asset,
    entry: Entry,
    records: Observed,
    logins: Mapping[str, Mapping[str, Any]],
    now: datetime,
    soon: timedelta,
) -> Account:
    """The account of a vault entry."""
    seen = logins.get(entry.username) or logins.get(entry.account)
    row = Account(
        asset.site,
        asset.tag,
        entry.account,
        policy=entry.policy,
        in_vault=True,
        expires=entry.expires.date() if entry.expires else None,
        proven=any((name, entry.revision) in records.proven for name in (entry.account, entry.username)),
    )
    _note_seen(row, seen)
    if entry.flaw:
        row.findings.append("unusable_entry")
    if entry.expired(now):
        row.findings.append("expired")
    elif entry.expired(now + soon):
        row.findings.append("expires_soon")
    if not row.proven:
        row.findings.append("never_proven")
    if seen is not None:
        _note_login(row, records, str(seen.get("login")), now.date())
    if seen is not None and seen.get("declared") is False:
        row.findings.append("unknown")
    if row.administrator and entry.policy != "administrator":
        row.findings.append("undeclared_administrator")
    of_people = (
        entry.policy in USERS or row.administrator
    )  # others are secrets of services, which nobody logs in with
    if of_people and not accepted_as_shared(market, asset, entry.account, now.date()):
        row.findings.append("shared")
    return row


def _stranger(asset: Asset, login: str, seen: Mapping[str, Any]) -> Account:
    """An account that was seen and has no entry. Root and Windows' own administrator, while locked, are everywhere."""
    row = Account(asset.site, asset.tag, login)
    _note_seen(row, seen)
    if row.locked and (login == "root" or str(seen.get("sid", "")).endswith("-500")):
        return row
    if seen.get("declared") is not True:
        row.findings.append("unknown")
    if not row.locked:
        row.findings.append("without_entry")
    if row.administrator:
        row.findings.append("undeclared_administrator")
    return row


def _note_person(row: Account, person: Person | None, day: date) -> None:
    """What follows from the account being one person's: nobody shares it, and it is closed when the access is over."""
    if person is None:
        return
    row.person = person.name
    row.findings = [key for key in row.findings if key != "shared"]
    if person.has_ended(day) and (row.in_vault or (row.seen and not row.locked)):
        row.findings.append("ended")


def _last_logins(record: Any) -> tuple[date | None, dict[str, date]]:
    """What the record of ``last_logins`` says; nothing where it is not as observe.yml writes it."""
    if not isinstance(record, dict) or not isinstance(record.get("days"), dict):
        return None, {}
    since = _day(record.get("since"))
    days = {str(login): day for login, text in record["days"].items() if (day := _day(text)) is not None}
    return since, days


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        return None


def _note_login(row: Account, records: Observed, login: str, day: date) -> None:
    """The last login, or that there was none although the asset would know of it."""
    row.last_login = records.last_logins.get(login)
    known = records.logins_since is not None and records.logins_since <= day - KNOWN_FOR
    if row.seen and not row.locked and known and row.last_login is None:
        row.findings.append("never_used")


def _note_seen(row: Account, seen: Mapping[str, Any] | None) -> None:
    if seen is not None:
        row.seen = True
        row.locked = bool(seen.get("locked"))
        row.administrator = bool(seen.get("administrator")) or seen.get("role") == "admin"
