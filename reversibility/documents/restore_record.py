"""The record of a witness restore, to be signed by the parties (B 6.6), in French."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reversibility.documents.completeness import market_title, party_name
from reversibility.documents.render import render_html
from reversibility.market.kinds import kind_table
from reversibility.market.model import Asset, Market
from reversibility.records.inventory_summary import dicts


def restore_record(market: Market, asset: Asset, record: Mapping[str, Any], moment: datetime) -> str:
    """The page about one rebuilding, from its record; the signatures are added by hand."""
    begun, ended = (_time(record.get(name)) for name in ("begun", "ended"))
    minutes = round((ended - begun).total_seconds() / 60, 1) if begun and ended else None
    context = {
        "market_title": market_title(market),
        "contractor": party_name(market, "contractor"),
        "town": party_name(market, "town"),
        "moment": moment,
        "asset": asset,
        "kind": kind_table().kinds[asset.kind].label,
        "begun": begun,
        "ended": ended,
        "minutes": minutes,
        "data": list(dicts(record, "data")),
        "success": record.get("result") == "success",
    }
    return render_html("pv_restauration.html.j2", context)


def _time(value: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return time if time.tzinfo else None
