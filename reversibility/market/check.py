"""Check of a whole market: every file, every key, and references between files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from reversibility.market import rules_calendar, rules_contract, rules_fleet, rules_network, rules_variables
from reversibility.market.findings import Finding
from reversibility.market.market_files import MarketFiles
from reversibility.market.shape import shape_findings

RULES = (
    *rules_fleet.RULES,
    *rules_variables.RULES,
    *rules_network.RULES,
    *rules_contract.RULES,
    *rules_calendar.RULES,
)
# Rules that only warn, so that the passing of time never makes a good market invalid.
WARNINGS = (*rules_fleet.WARNINGS, *rules_contract.WARNINGS)


def examine(path: Path, today: dt.date | None = None) -> MarketFiles:
    """Read the market at ``path`` and check it; the rules run on the parts that match their schema.

    ``today`` decides what is over (waivers) and what is still to come (approvals).
    """
    examined = MarketFiles.read(path)
    examined.today = today or dt.date.today()
    found: list[Finding] = []
    for document in examined.documents():
        found += document.findings
    found += shapes(examined)
    examined.gather()
    for rule in RULES:
        found += rule(examined)
    examined.findings = tuple(sorted(set(found)))
    examined.warnings = tuple(sorted({finding for rule in WARNINGS for finding in rule(examined)}))
    return examined


def shapes(examined: MarketFiles) -> list[Finding]:
    """Schema violations of each file; the invalid parts are removed so that the rules can run."""
    found: list[Finding] = []
    for name, document in examined.files.items():
        found += shape_findings(document, name)
    for documents in examined.host_vars.values():
        for document in documents:
            found += shape_findings(document, "host")
    for documents in examined.group_vars.values():
        for document in documents:
            if isinstance(document.value, dict):
                found += shape_findings(document, "host")
            elif document.value is not None:
                found.append(
                    Finding(document.file, 1, document.name, "no mapping of variables", "name: value")
                )
                document.value = {}
    return found


def check_market(path: Path, today: dt.date | None = None) -> list[Finding]:
    """All errors of the market at ``path`` (the folder), by file and line; empty if it is valid.

    Never raises for what a file contains; a folder that is no market gives a finding for each missing file.
    """
    return list(examine(path, today).findings)
