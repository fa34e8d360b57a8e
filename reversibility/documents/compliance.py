"""The page "Conformité aux règles de sécurité": by school, by rule, over time, with what is waived and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from reversibility.documents.completeness import market_title, party_name
from reversibility.documents.render import render_html
from reversibility.market.model import Market
from reversibility.operations.compliance import NEVER_READ, OPEN, Day, RuleState, Totals, totals

LEVELS = {"minimal": "minimal", "intermediary": "intermédiaire", "enhanced": "renforcé", "high": "élevé"}
STATES = {
    "complies": "conforme",
    "present": "autre valeur",
    "missing": "absent",
    "waived": "dérogation",
    "declined": "écarté",
    "not_applicable": "sans objet",
    "never_read": "jamais relevé",
}
_DAYS = 24  # points of the table over time; what is older is thinned out


def compliance_page(market: Market, rows: Sequence[RuleState], days: Sequence[Day], now: datetime) -> str:
    """The page, as HTML."""
    by_rule: dict[str, list[RuleState]] = {}
    for row in rows:
        by_rule.setdefault(row.rule, []).append(row)
    by_rule.pop("", None)
    return render_html(
        "conformite.html.j2",
        {
            "market_title": market_title(market),
            "contractor": party_name(market, "contractor"),
            "moment": now,
            "sites": [(_site(market, site), each) for site, each in totals(rows, "site").items()],
            "never_read": [row for row in rows if row.state == NEVER_READ],
            "rules": [_rule(each) for each in by_rule.values()],
            "waivers": _waivers(by_rule, now.date()),
            "declined": [each[0] for each in by_rule.values() if each[0].state == "declined"],
            "days": _thinned(days),
            "levels": LEVELS,
            "states": STATES,
        },
    )


def _site(market: Market, site: str) -> str:
    return str(market.sites[site]["name"]) if site in market.sites else site


def _rule(rows: Sequence[RuleState]) -> tuple[RuleState, Totals, list[RuleState]]:
    """A rule, its totals, and the assets that do not keep it."""
    return rows[0], totals(rows, "rule")[rows[0].rule], [row for row in rows if row.state in OPEN]


def _waivers(by_rule: dict[str, list[RuleState]], today: date) -> list[tuple[RuleState, int, bool]]:
    """Each waiver once, with how many assets it concerns, and whether its end is past."""
    found: dict[tuple[str, str, str, str], list[RuleState]] = {}
    for rows in by_rule.values():
        for row in rows:
            if row.state == "waived":
                found.setdefault((row.rule, row.reason, row.author, row.until), []).append(row)
    return [(rows[0], len(rows), rows[0].overdue(today)) for rows in found.values()]


def _thinned(days: Sequence[Day]) -> list[Day]:
    """The newest days, and of the older ones the last of each month."""
    recent, older = list(days[-_DAYS // 2 :]), days[: -_DAYS // 2]
    months = {(day.day.year, day.day.month): day for day in older}
    return [*list(months.values())[-_DAYS // 2 :], *recent]
