"""Passwords that makers deliver: tried on devices of the inventory, so slowly that no account is locked (R34, C 9).

A device is asked only where its address lies in a subnet of its own school; an account that the vault opens is left
alone, since its password is another one. Two tries an account and day at most: devices that lock accounts do so
after three or more. What was tried is kept in the record RECORD: a run on another day goes on where this one stopped.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from reversibility.market.model import Asset, Market
from reversibility.records.inventory_summary import dicts

RECORD = "default-passwords.json"
TRIES_A_DAY = 2
AGAIN_AFTER = timedelta(days=180)
_LIST = Path(__file__).with_suffix(".yml")


class Outcome(StrEnum):
    """What a device said to one try. ``no_answer``: it offers no login of this kind, or said nothing."""

    accepted = "accepted"
    refused = "refused"
    no_answer = "no_answer"


Login = Callable[[str, str, str], Outcome]
"""(address, account, password) → outcome, once."""


@dataclass(frozen=True, slots=True)
class Try:
    """One pair of the list. ``number`` is its place there: the record names no password."""

    account: str
    password: str
    number: str


def known_pairs(vendor: str) -> list[Try]:
    """What is tried on a device of ``vendor``, its own passwords first."""
    listed: Mapping[str, list[list[str]]] = yaml.safe_load(_LIST.read_text(encoding="utf-8"))
    names = [name for name in listed if name in vendor.lower().split()] + ["any"]
    found: dict[tuple[str, str], Try] = {}
    for name in names:
        for place, (account, password) in enumerate(listed[name], start=1):
            found.setdefault((account, password), Try(account, password, f"{name}-{place}"))
    return list(found.values())


def reachable_devices(market: Market) -> Iterator[tuple[Asset, str]]:
    """The devices whose address lies in a subnet of their school, with that address."""
    subnets: dict[str, list[Any]] = {}
    for subnet in market.network.get("subnets") or ():
        subnets.setdefault(str(subnet["site"]), []).append(ipaddress.ip_network(str(subnet["cidr"])))
    for asset in market.assets.values():
        if asset.platform.family not in ("network", "unmanaged"):
            continue  # computers: their accounts are read on them
        try:
            address = ipaddress.ip_address(asset.address or "")
        except ValueError:
            continue
        if any(address in subnet for subnet in subnets.get(asset.site, ())):
            yield asset, str(address)


def due(record: Mapping[str, Any] | None, vendor: str, spared: Iterable[str], now: datetime) -> list[Try]:
    """What may be tried today: nothing twice within AGAIN_AFTER, and few enough a day that no account is locked."""
    spared, found = set(spared), []
    before = list(dicts(record, "tries"))
    lately = {row["number"] for row in before if _when(row) > now - AGAIN_AFTER}
    today: dict[str, int] = {}
    for row in before:
        if _when(row) > now - timedelta(days=1):
            today[row["account"]] = today.get(row["account"], 0) + 1
    for pair in known_pairs(vendor):
        if pair.account in spared or pair.number in lately or today.get(pair.account, 0) >= TRIES_A_DAY:
            continue
        today[pair.account] = today.get(pair.account, 0) + 1
        found.append(pair)
    return found


def try_device(
    address: str,
    pairs: Iterable[Try],
    login: Login,
    now: Callable[[], datetime],
    pause: float,
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[dict[str, str]]:
    """Try them one after the other, ``pause`` seconds apart; stop at the first that opens, or when nothing answers.

    A row a try, to be kept before the next one: a run that is cut must not begin to count anew.
    """
    for place, pair in enumerate(pairs):
        if place:
            wait(pause)
        outcome = login(address, pair.account, pair.password)
        if outcome is Outcome.no_answer:
            return  # not asked again in this run: a device that locks may have begun to
        yield {
            "account": pair.account,
            "number": pair.number,
            "time": now().isoformat(),
            "result": outcome.value,
        }
        if outcome is Outcome.accepted:
            return


def merged(record: Mapping[str, Any] | None, rows: Iterable[dict[str, str]]) -> dict[str, Any]:
    """The record with what was tried now: one row a pair, the newest."""
    kept = {row["number"]: dict(row) for row in dicts(record, "tries")}
    kept.update({row["number"]: row for row in rows})
    return {"tries": sorted(kept.values(), key=lambda row: (row["account"], row["number"]))}


def open_accounts(record: Mapping[str, Any] | None) -> frozenset[str]:
    """The accounts that a maker's password has opened when it was tried last."""
    return frozenset(
        row["account"] for row in dicts(record, "tries") if row.get("result") == Outcome.accepted
    )


def _when(row: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(str(row["time"]))
