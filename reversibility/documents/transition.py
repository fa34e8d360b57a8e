"""Page about the transition between two contractors: who has access until when, what is frozen, the lots (R57)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reversibility.documents.completeness import market_title, party_name
from reversibility.documents.names import site_name
from reversibility.documents.render import render_html
from reversibility.market.model import Market
from reversibility.market.people import people

OPERATIONS = {
    "provision": "configuration des équipements",
    "patch": "mises à jour",
    "holiday": "maintenance des vacances",
    "rotate": "changement des mots de passe",
    "rebuild": "reconstruction",
    "restore_device": "remise d’une configuration",
    "takeover": "reprise des accès",
}


def transition_page(market: Market, transition: Mapping[str, Any], moment: datetime) -> str:
    """The page, of ``transition`` as contract.yml declares it."""
    day = moment.date()
    context = {
        "market_title": market_title(market),
        "contractor": party_name(market, "contractor"),
        "moment": moment,
        "transition": transition,
        "operations": OPERATIONS,
        "people": [
            {
                "person": one,
                "state": "terminé" if one.has_ended(day) else "ouvert" if one.is_open(day) else "à venir",
            }
            for one in people(market.contract)
        ],
        "lots": [
            {**lot, "sites": ", ".join(site_name(market, site) for site in lot.get("sites") or market.sites)}
            for lot in transition.get("lots") or ()
        ],
    }
    return render_html("transition.html.j2", context)
