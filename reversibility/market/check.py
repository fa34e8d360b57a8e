"""Check a whole market: every file, every key, and what the files say of each other."""

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
# What people should see and decide, and what stops nothing: a market that was good stays so while time passes.
WARNINGS = (*rules_fleet.WARNINGS, *rules_contract.WARNINGS)


def examine(path: Path, today: dt.date | None = None) -> MarketFiles:
    """Read the market at ``path`` and check it; the rules run on whatever of it has the right shape.

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
    """What in each file has another shape than its schema gives it; it is taken out, for the rules to go on."""
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
    """Everything that is wrong with the market at ``path`` (the folder), by file and line; empty when it is good.

    Never raises for what a file contains; a folder that is no market gives a finding for each missing file.
    """
    return list(examine(path, today).findings)
