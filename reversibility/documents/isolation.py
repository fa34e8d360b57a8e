"""Page about what passes between the networks of each site, as it was tried (R43)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reversibility.documents.completeness import market_title, party_name
from reversibility.documents.render import render_html
from reversibility.market.model import Market

WORDS = {"passes": "passe", "blocked": "bloqué"}


def isolation_page(market: Market, records: Mapping[str, Mapping[str, Any]], moment: datetime) -> str:
    """The page of the records ``isolation.json``, by the name of their site."""
    context = {
        "market_title": market_title(market),
        "contractor": party_name(market, "contractor"),
        "moment": moment,
        "sites": [_site(name, record) for name, record in sorted(records.items())],
        "words": WORDS,
    }
    return render_html("isolation.html.j2", context)


def _site(name: str, record: Mapping[str, Any]) -> dict[str, Any]:
    rows = record["attempts"]
    pairs: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        key = (row["source_vlan"], row["target_vlan"])
        pair = pairs.setdefault(
            key, {"source": key[0], "target": key[1], "attempts": 0, "passes": 0, "leaks": 0}
        )
        pair["attempts"] += 1
        pair["passes"] += row["seen"] == "passes"
        pair["leaks"] += row["seen"] != row["expected"]
    return {
        "name": name,
        "day": record["tried_on"],
        "attempts": len(rows),
        "leaks": [row for row in rows if row["seen"] != row["expected"]],
        "pairs": list(pairs.values()),
    }
