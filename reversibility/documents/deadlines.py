"""The page and the table "Délais de correction": open CVEs, and whether deadlines were met."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from reversibility.documents import french
from reversibility.documents.completeness import market_title, party_name
from reversibility.documents.render import render_html
from reversibility.market.model import Market
from reversibility.operations.advisories.deadlines import HOURS
from reversibility.operations.advisories.kept import LATE, OPEN, WORKAROUND, Flaw, by_month, by_severity

SEVERITIES = {
    "critical": "critique",
    "important": "importante",
    "security": "de sécurité, gravité non publiée",
    "minor": "mineure",
    "unimportant": "sans portée",
}
STATES = {
    "open": "dans le délai",
    "late": "délai dépassé",
    "workaround": "mesure provisoire",
    "none": "sans délai",
    "in_time": "corrigée dans le délai",
    "too_late": "corrigée hors délai",
}
HEADERS = (
    "École", "Étiquette", "Faille", "Paquet", "Gravité", "Version installée", "Version corrigée", "Publiée le",
    "À corriger avant le", "Corrigée le", "État", "Mesure provisoire",
)  # fmt: skip
_LISTED = 500  # rows of the page; the table has all


def deadlines_page(market: Market, found: Sequence[Flaw], unmatched: Sequence[str], now: dt.datetime) -> str:
    """The page, as HTML."""
    shown = [flaw for flaw in found if flaw.state(now) in (LATE, OPEN, WORKAROUND)]
    return render_html(
        "delais.html.j2",
        {
            "market_title": market_title(market),
            "contractor": party_name(market, "contractor"),
            "moment": now,
            "sites": [
                (str(site["name"]), by_severity([flaw for flaw in found if flaw.site == name], now))
                for name, site in market.sites.items()
            ],
            "months": by_month(found, now),
            "rows": [(flaw, flaw.state(now)) for flaw in shown[:_LISTED]],
            "more": max(0, len(shown) - _LISTED),
            "unmatched": list(unmatched),
            "hours": HOURS,
            "severities": SEVERITIES,
            "states": STATES,
            "workaround": workaround_text,
        },
    )


def deadline_rows(found: Sequence[Flaw], now: dt.datetime) -> Iterator[tuple[str, ...]]:
    """The cells below HEADERS, a row for each flaw on each asset; moments in UTC."""
    for flaw in found:
        yield (
            flaw.site, flaw.asset, flaw.cve, flaw.package, SEVERITIES.get(flaw.severity, flaw.severity), flaw.installed,
            flaw.fixed, *(_cell(each) for each in (flaw.since, flaw.due, flaw.closed)), STATES[flaw.state(now)],
            workaround_text(flaw),
        )  # fmt: skip


def deadline_totals(found: Sequence[Flaw], now: dt.datetime) -> list[dict[str, Any]]:
    """For the report of a holiday run: a row for each severity."""
    return [
        {"severity": name, **{state: counted[state] for state in STATES if state != "none"}}
        for name, counted in by_severity(found, now).items()
    ]


def workaround_text(flaw: Flaw) -> str:
    """The temporary measure, in French; empty without one."""
    work = flaw.workaround
    return (
        f"{work['what']} ({work['by']}, jusqu’au {french.long_date(date.fromisoformat(work['until']))})"
        if work
        else ""
    )


def _cell(moment: dt.datetime | None) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M}" if moment else ""
