"""Access of a contractor and its status: passwords, keys, halves of the vault's key, copies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reversibility.market.model import Asset, Market
from reversibility.records import revocations
from reversibility.records.inventory_summary import dicts
from reversibility.records.logins import METHODS, RECORDS
from reversibility.records.state import State
from reversibility.records.vault_entry import Entry

HELD, REFUSED, REPLACED, ATTESTED = "held", "refused", "replaced", "attested"
PASSWORD, OPERATOR_KEY, HOST_KEY = "password", "operator_key", "host_key"
AGE, SIGNING, HALF, PERSON, COPIES = "age_identity", "signing_key", "half", "person", "copies"
CONTRACTOR = "contractor"
# Methods with which a take-over tries a former secret. Other secrets are replaced without a test of the former one.
TRIED = frozenset({"unix_password", "samba", "restic", "windows_local", "network_account", "radius_secret"})


@dataclass(frozen=True, slots=True)
class Access:
    """One access: what it is, where, whose, and its status. ``method``: how a login with it is made, "" for none."""

    what: str
    site: str
    asset: str
    name: str
    status: str
    method: str = ""


@dataclass(frozen=True, slots=True)
class Present:
    """What is in use now."""

    revisions: Mapping[tuple[str, str], str]
    age_recipient: str
    signing_key: str
    operator_key: str
    recipients: frozenset[str]


def handed_over_passwords(entries: Iterable[Entry], state: State) -> list[dict[str, str]]:
    """Every entry with a password, its revision, and by which method a login with it was proven ("" for none)."""
    found, known = [], dict[tuple[str, str], dict[str, str]]()
    for entry in entries:
        if not (entry.password or entry.flaw):
            continue
        place = (entry.site, entry.asset)
        if place not in known:
            known[place] = _methods(state, *place)
        row = {name: str(getattr(entry, name)) for name in ("site", "asset", "account", "username", "policy")}
        method = known[place].get(entry.account, "")
        found.append({**row, "revision": entry.revision, "method": method})
    return found


def _methods(state: State, site: str, asset: str) -> dict[str, str]:
    """By account the method with which a login was proven; the first one of METHODS where there are two."""
    by_login = {(method.record, method.login): name for name, method in reversed(METHODS.items())}
    found: dict[str, str] = {}
    for record in RECORDS:
        for login in dicts(state.read_json(site, asset, record), "logins"):
            name = by_login.get((record, str(login.get("method"))))
            if name:
                found.setdefault(str(login.get("account")), name)
    return found


def reached_with_key(market: Market) -> list[Asset]:
    """The managed machines that are reached by SSH with the operators' key."""
    assets = market.assets.values()
    return [asset for asset in assets if asset.managed and asset.platform.family == "linux"]


def outgoing_access(
    market: Market, handed_over: Mapping[str, Any], state: State, present: Present
) -> list[Access]:
    """List the access in ``handed_over`` with its present status."""
    return [
        *_passwords(handed_over, state, present),
        *_machines(market, handed_over, state, present),
        *_keys(handed_over, present),
        Access(COPIES, "", "", "", ATTESTED),
    ]


def _passwords(handed_over: Mapping[str, Any], state: State, present: Present) -> Iterator[Access]:
    known: dict[tuple[str, str], frozenset[tuple[str, str]]] = {}
    for row in handed_over["passwords"]:
        names, place = (row["asset"], row["account"]), (row["site"], row["asset"])
        if place not in known:
            known[place] = revocations.refused(state, *place, revocations.PASSWORDS)
        refused = known[place]
        status = HELD if present.revisions.get(names) == row["revision"] else REPLACED
        if status == REPLACED and (row["account"], row["revision"]) in refused:
            status = REFUSED
        yield Access(PASSWORD, row["site"], *names, status, row["method"])


def _machines(
    market: Market, handed_over: Mapping[str, Any], state: State, present: Present
) -> Iterator[Access]:
    host_keys: dict[str, set[str]] = {}
    for line in handed_over["host_keys"]:
        host_keys.setdefault(str(line).split()[0], set()).add(str(line))
    for asset in reached_with_key(market):
        place = (asset.site, asset.tag)
        if handed_over["operator_key"]:
            marks = {mark for _, mark in revocations.refused(state, *place, revocations.OPERATOR_KEY)}
            status = REFUSED if handed_over["operator_key"] in marks else HELD
            yield Access(OPERATOR_KEY, *place, handed_over["operator_key"], status, "ssh")
        if shown := host_keys.get(str(asset.address)):
            marks = {mark for _, mark in revocations.refused(state, *place, revocations.HOST_KEYS)}
            yield Access(HOST_KEY, *place, str(asset.address), REFUSED if shown <= marks else HELD, "ssh")


def _keys(handed_over: Mapping[str, Any], present: Present) -> Iterator[Access]:
    for what, now in ((AGE, present.age_recipient), (SIGNING, present.signing_key)):
        former = str(handed_over["age_recipient" if what == AGE else "signing_key"])
        yield Access(what, "", "", former, HELD if former == now else REPLACED)
    for holder in handed_over["holders"]:
        if holder.get("party") == CONTRACTOR:
            held = holder["recipient"] in present.recipients
            yield Access(HALF, "", "", str(holder["name"]), HELD if held else REPLACED)
    for name in handed_over.get("people", ()):
        yield Access(PERSON, "", "", str(name), ATTESTED)
