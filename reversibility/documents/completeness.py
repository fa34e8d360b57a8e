"""The files of the assessment: ``completude.json``, ``completude.csv``, ``completude.html``.

JSON and CSV hold every row; they are written a row at a time. The page holds the totals and the rows that are not
proven, at most ``SHOWN`` of each obligation, so that it opens at once for a fleet of 25,000 assets as well.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

from reversibility.contract.assessment import Assessment, Row
from reversibility.documents.french import METHODS, STATUSES
from reversibility.documents.render import render_html
from reversibility.market.model import Market
from reversibility.records.tables import write_table

SHOWN = 200
WHOLE_MARKET = "Marché dans son ensemble"
CSV_HEADERS = (
    "Obligation", "Clause", "Intitulé", "Exigence", "Code école", "Équipement", "État", "Pièce", "Preuve",
    "Prouvé le", "Constat", "Motif de la dérogation", "Auteur de la dérogation", "Fin de la dérogation",
)  # fmt: skip


def write_completeness(data: Path, assessment: Assessment, market: Market) -> None:
    """Write the three files into ``data`` (the payload folder of the bundle)."""
    write_json(data / "completude.json", assessment)
    write_csv(data / "completude.csv", assessment)
    html = render_html("completude.html.j2", page_context(assessment, market))
    (data / "completude.html").write_text(html, encoding="utf-8")


def write_json(path: Path, assessment: Assessment) -> None:
    """Write all of the assessment, one row a line (its schema: completude.schema.json)."""
    with path.open("w", encoding="utf-8") as stream:
        stream.write(json.dumps(assessment.head(), ensure_ascii=False, indent=1)[:-2])
        stream.write(',\n "rows": [')
        separator = "\n  "
        for row in assessment.rows:
            stream.write(separator)
            stream.write(json.dumps(row.to_json(), ensure_ascii=False))
            separator = ",\n  "
        stream.write("\n ]\n}\n")


def write_csv(path: Path, assessment: Assessment) -> None:
    """Write all rows as a table for a spreadsheet."""
    titles = {obligation.id: obligation.title for obligation in assessment.profile.obligations}
    with write_table(path, CSV_HEADERS) as table:
        for row in assessment.rows:
            waiver = row.waiver or {}
            table.row(
                (
                    row.obligation,
                    row.clause,
                    titles[row.obligation],
                    row.requirement,
                    row.site,
                    row.asset,
                    STATUSES[row.status],
                    row.evidence,
                    METHODS[row.method] if row.method else None,
                    row.proved_at,
                    row.detail,
                    waiver.get("reason"),
                    waiver.get("author"),
                    waiver.get("until"),
                )
            )


def page_context(assessment: Assessment, market: Market) -> dict[str, Any]:
    """Return what the page shows; also used by the start page for its figures."""
    by_obligation, by_site = assessment.by_obligation(), assessment.by_site()
    obligations = assessment.profile.obligations
    names = {site: str(content.get("name", site)) for site, content in market.sites.items()}
    return {
        "market_title": market_title(market),
        "contractor": party_name(market, "contractor"),
        "moment": datetime.fromisoformat(assessment.generated),
        "profile_name": assessment.profile.name,
        "totals": assessment.totals(),
        "obligations": [(obligation, by_obligation[obligation.id]) for obligation in obligations],
        "numbers": {obligation.id: number for number, obligation in enumerate(obligations, 1)},
        "sites": [
            (names.get(site, site) or WHOLE_MARKET, totals) for site, totals in sorted(by_site.items())
        ],
        "site_names": names,
        "open_rows": _open_rows(assessment),
        "day": date.fromisoformat,
    }


def market_title(market: Market) -> str:
    """Return the contract's title."""
    return str(market.contract.get("contract", {}).get("title", market.name))


def party_name(market: Market, party: str) -> str:
    """Return the name of a party to the contract, empty when there is none."""
    return str(market.contract.get("parties", {}).get(party, {}).get("name", ""))


def _open_rows(assessment: Assessment) -> dict[str, list[Row]]:
    """Gather the rows that are not proven, the first ``SHOWN`` of each obligation: missing, present, waived."""
    order = {"missing": 0, "present": 1, "waived": 2}
    found: dict[str, list[Row]] = {}
    for row in assessment.rows:
        if row.status != "proven":
            found.setdefault(row.obligation, []).append(row)
    for rows in found.values():
        rows.sort(key=lambda row: order[row.status])
        del rows[SHOWN:]
    return found
