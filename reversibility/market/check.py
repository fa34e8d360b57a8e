"""Check a whole market: every file, every key, and what the files say of each other."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from reversibility.market import rules_contract, rules_fleet, rules_network
from reversibility.market.examined import FILES, Examined
from reversibility.market.findings import Finding, MarketError
from reversibility.market.shape import shape_findings

__all__ = ["Checked", "Finding", "MarketError", "check_market", "examine"]

RULES = (*rules_fleet.RULES, *rules_network.RULES, *rules_contract.RULES)


@dataclass(frozen=True)
class Checked:
    """The files of a market, read, and everything that is wrong with them."""

    examined: Examined
    findings: list[Finding]


def examine(path: Path, today: dt.date | None = None) -> Checked:
    """Read the market at ``path`` and check it; the rules run on whatever of it has the right shape.

    ``today`` decides what is over (waivers) and what is still to come (approvals).
    """
    examined = Examined.read(path)
    examined.today = today or dt.date.today()
    found: list[Finding] = []
    for document in examined.documents():
        found += document.findings
    for name in FILES:
        found += shape_findings(examined.files[name], name)
    for documents in examined.host_vars.values():
        for document in documents:
            found += shape_findings(document, "host")
    for documents in examined.group_vars.values():
        for document in documents:
            if document.readable and not isinstance(document.value, dict | None):
                found.append(
                    Finding(document.file, 1, document.name, "no mapping of variables", "name: value")
                )
                document.value = {}
    examined.gather()
    for rule in RULES:
        found += rule(examined)
    return Checked(examined, sorted(set(found)))


def check_market(path: Path, today: dt.date | None = None) -> list[Finding]:
    """Everything that is wrong with the market at ``path`` (the folder), by file and line; empty when it is good.

    Never raises for what a file contains; a folder that is no market gives a finding for each missing file.
    """
    return examine(path, today).findings
