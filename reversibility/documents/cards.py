"""Cards with the users' passwords of one school, for its director, without administrator accounts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from reversibility.documents.completeness import market_title, party_name
from reversibility.documents.render import render_html
from reversibility.market.model import Market
from reversibility.records.password_policy import USERS
from reversibility.records.vault_entry import Entry


@dataclass(frozen=True)
class Card:
    """One account of one asset."""

    asset: str
    room: str
    account: str
    password: str
    until: datetime | None


def cards(market: Market, site: str, entries: Iterable[Entry]) -> list[Card]:
    """The cards of ``site``, by room and asset: accounts of people, with the password that opens them.

    Left out are administrator accounts, interrupted changes, other sites, and assets that are no longer declared.
    """
    found = []
    for entry in entries:
        asset = market.assets.get(entry.asset)
        theirs = entry.site == site and asset is not None and asset.site == site and asset.managed
        if (
            theirs
            and asset
            and entry.policy in USERS
            and entry.password
            and not (entry.pending or entry.flaw)
        ):
            room = market.sites[site].get("rooms", {}).get(asset.room or "", {}).get("name", "")
            found.append(
                Card(asset.tag, str(room), entry.username or entry.account, entry.password, entry.expires)
            )
    return sorted(found, key=lambda card: (card.room, card.asset, card.account))


def cards_page(market: Market, site: str, found: list[Card], moment: datetime) -> str:
    """The cards as a page to print and cut."""
    return render_html(
        "cartes.html.j2",
        {
            "market_title": market_title(market),
            "contractor": party_name(market, "contractor"),
            "moment": moment,
            "school": str(market.sites[site]["name"]),
            "cards": found,
        },
    )
