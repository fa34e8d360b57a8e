"""Proofs about the network as it is documented: tables say what is declared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from reversibility.contract.context import AssessmentContext, Found, Verdict
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.registry import proof
from reversibility.typography import plural

C = "\u00a0:"  # a colon in French


@proof("opened")
def addressing_plan_agrees(found: Found, context: AssessmentContext, _: Subject, __: Obligation) -> Verdict:
    """The addressing plan has each declared subnet (site, VLAN, addresses, gateway) once, and no other."""
    subnets = context.market.network.get("subnets") or ()
    names = ("site", "vlan", "cidr", "gateway")
    return _compare(
        found.content, ([subnet.get(name) for name in names] for subnet in subnets), "sous-réseau"
    )


@proof("opened")
def flow_matrix_agrees(found: Found, context: AssessmentContext, _: Subject, __: Obligation) -> Verdict:
    """The flow matrix has each declared flow (from, to) as often as it is declared, and no other."""
    flows = context.market.network.get("flows") or ()
    return _compare(found.content, ([flow.get("from"), flow.get("to")] for flow in flows), "flux")


@proof("opened")
def isolation_holds(
    found: Found, context: AssessmentContext, subject: Subject, obligation: Obligation
) -> Verdict:
    """Every pair of the site's networks was tried, not longer ago than ``settings.days``, and each as declared."""
    vlans = {s["vlan"] for s in context.market.network.get("subnets") or () if s["site"] == subject.site}
    tried = {(row[2], row[3]) for row in found.content}
    if missing := sorted((a, b) for a in vlans for b in vlans if a != b and (a, b) not in tried):
        return Verdict(False, f"pas d’essai de {missing[0][0]} vers {missing[0][1]}")
    leaks = [row for row in found.content if row[6] != row[7]]
    if leaks:
        source, target, _probe, what, _expected, seen = leaks[0][2:8]
        return Verdict(False, f"{plural(len(leaks), 'écart')}{C} {source} vers {target}, {what} {seen}")
    when = datetime.fromisoformat(found.content[0][1]).replace(tzinfo=UTC)
    if context.now - when > timedelta(days=obligation.settings["days"]):
        return Verdict(False, f"derniers essais le {found.content[0][1]}")
    return Verdict(True, f"{plural(len(found.content), 'essai')}, chacun comme déclaré", when)


def _compare(rows: list[list[str]], declared: Iterable[Sequence[Any]], what: str) -> Verdict:
    """Compare the first cells of the rows with what is declared."""
    wanted = Counter(tuple(_text(value) for value in values) for values in declared)
    width = len(next(iter(wanted), ()))
    listed = Counter(tuple(row[:width]) for row in rows)
    different = sorted((listed - wanted) | (wanted - listed))
    if different:
        return Verdict(False, f"le tableau et l’inventaire diffèrent{C} {', '.join(different[0])}")
    count = plural(wanted.total(), what, "flux" if what == "flux" else f"{what}x")
    return Verdict(bool(wanted), f"tableau relu, égal à l’inventaire, {count}")


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return "" if value is None else str(value)
