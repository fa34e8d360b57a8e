"""Page with the results of the isolation tests of each site (R43)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from reversibility.documents.completeness import market_title, party_name
from reversibility.documents.names import site_name, vlan_name
from reversibility.documents.render import render_html
from reversibility.market.model import Market

WORDS = {"passes": "passe", "blocked": "bloqué"}


def isolation_page(market: Market, records: Mapping[str, Mapping[str, Any]], moment: datetime) -> str:
    """The page of the records ``isolation.json``, by the name of their site."""
    context = {
        "market_title": market_title(market),
        "contractor": party_name(market, "contractor"),
        "moment": moment,
        "sites": [_site(market, name, record) for name, record in sorted(records.items())],
        "words": WORDS,
    }
    return render_html("isolation.html.j2", context)


def _site(market: Market, name: str, record: Mapping[str, Any]) -> dict[str, Any]:
    rows = record["attempts"]
    pairs: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        key = (row["source_vlan"], row["target_vlan"])
        pair = pairs.setdefault(
            key,
            {
                "source": vlan_name(market, key[0]),
                "target": vlan_name(market, key[1]),
                **{"attempts": 0, "passes": 0, "leaks": 0},
            },
        )
        pair["attempts"] += 1
        pair["passes"] += row["seen"] == "passes"
        pair["leaks"] += row["seen"] != row["expected"]
    return {
        "name": site_name(market, name),
        "day": date.fromisoformat(record["tried_on"]),
        "attempts": len(rows),
        "leaks": [row for row in rows if row["seen"] != row["expected"]],
        "pairs": list(pairs.values()),
    }
