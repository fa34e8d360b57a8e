"""Proofs about the network as it is documented: tables say what is declared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from reversibility.contract.context import AssessmentContext, Found, Verdict
from reversibility.contract.evidence.network import DHCP, DNS
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.registry import proof
from reversibility.typography import long_date, plural

C = "\u00a0:"  # a colon in French


@proof("opened")
def addressing_plan_agrees(found: Found, context: AssessmentContext, _: Subject, __: Obligation) -> Verdict:
    """The addressing plan has each declared subnet (site, VLAN, addresses, gateway) once, and no other."""
    subnets = context.market.network.get("subnets") or ()
    names = {"site": "Code école", "vlan": "Code VLAN", "cidr": "Sous-réseau", "gateway": "Passerelle"}
    declared = ([subnet.get(name) for name in names] for subnet in subnets)
    return _compare(_cells(found, names.values()), declared, "sous-réseau")


@proof("opened")
def flow_matrix_agrees(found: Found, context: AssessmentContext, _: Subject, __: Obligation) -> Verdict:
    """The flow matrix has each declared flow (from, to) as often as it is declared, and no other."""
    flows = context.market.network.get("flows") or ()
    declared = ([flow.get("from"), flow.get("to")] for flow in flows)
    return _compare(_cells(found, ("Code départ", "Code arrivée")), declared, "flux")


@proof("opened")
def dhcp_and_dns_told(found: Found, context: AssessmentContext, subject: Subject, _: Obligation) -> Verdict:
    """Each declared subnet of the site has its handed out addresses and its name servers, or says that it has none."""
    declared = [one for one in context.market.network.get("subnets") or () if one["site"] == subject.site]
    rows = {row.get("Sous-réseau"): row for row in found.content}
    columns = ((DHCP, "adresses distribuées non déclarées"), (DNS, "serveurs de noms non déclarés"))
    for column, said in columns:
        lacking = [str(one["cidr"]) for one in declared if not rows.get(one["cidr"], {}).get(column)]
        if lacking:
            return Verdict(False, f"{said}{C} {', '.join(lacking)}")
    count = plural(len(declared), "sous-réseau", "sous-réseaux")
    return Verdict(True, f"adresses distribuées et serveurs de noms relus, {count}")


@proof("opened")
def internet_flow_told(found: Found, context: AssessmentContext, subject: Subject, _: Obligation) -> Verdict:
    """Each flow of the site to the Internet has its services and says why, as it is declared."""
    empty = [row["De"] for row in found.content if not row.get("Services") or not row.get("Motif")]
    if empty:
        return Verdict(False, f"flux vers Internet sans service ou sans motif{C} {', '.join(empty)}")
    return Verdict(
        True, f"{plural(len(found.content), 'flux', 'flux')} vers Internet, services et motif relus"
    )


@proof("opened")
def wifi_keys_kept(found: Found, context: AssessmentContext, _: Subject, __: Obligation) -> Verdict:
    """The key of each SSID is in the vault of the bundle, has the length that WPA takes, and no flaw."""
    for name, entry in found.content.items():
        if entry is None or not entry.password:
            return Verdict(False, f"clé absente du coffre{C} {name}")
        if entry.flaw or not 8 <= len(entry.password) <= 63:
            return Verdict(False, f"clé inutilisable telle quelle{C} {name}")
    if not found.content:
        return Verdict(True, "aucun réseau Wi-Fi à clé partagée")
    return Verdict(True, f"clés relues dans le coffre{C} {', '.join(found.content)}")


@proof("opened")
def isolation_holds(
    found: Found, context: AssessmentContext, subject: Subject, obligation: Obligation
) -> Verdict:
    """Every pair of the site's networks was tried, not longer ago than ``settings.days``, and each as declared."""
    vlans = {s["vlan"] for s in context.market.network.get("subnets") or () if s["site"] == subject.site}
    tried = set(_cells(found, ("Code départ", "Code arrivée")))
    if missing := sorted((a, b) for a in vlans for b in vlans if a != b and (a, b) not in tried):
        return Verdict(False, f"pas d’essai de {missing[0][0]} vers {missing[0][1]}")
    leaks = [row for row in found.content if row.get("Attendu") != row.get("Constaté")]
    if leaks:
        source, target, what, seen = (leaks[0].get(name, "") for name in ("De", "Vers", "Essai", "Constaté"))
        return Verdict(False, f"{plural(len(leaks), 'écart')}{C} {source} vers {target}, {what} {seen}")
    day = found.content[0]["Essayé le"]
    when = datetime.fromisoformat(day).replace(tzinfo=UTC)
    if context.now - when > timedelta(days=obligation.settings["days"]):
        return Verdict(False, f"derniers essais le {long_date(when.date())}")
    return Verdict(True, f"{plural(len(found.content), 'essai')}, chacun comme déclaré", when)


def _cells(found: Found, headers: Iterable[str]) -> list[tuple[str, ...]]:
    names = tuple(headers)
    return [tuple(row.get(name, "") for name in names) for row in found.content]


def _compare(rows: list[tuple[str, ...]], declared: Iterable[Sequence[Any]], what: str) -> Verdict:
    """Compare the rows of a table with what is declared."""
    wanted = Counter(tuple(_text(value) for value in values) for values in declared)
    listed = Counter(rows)
    different = sorted((listed - wanted) | (wanted - listed))
    if different:
        return Verdict(False, f"le tableau et l’inventaire diffèrent{C} {', '.join(different[0])}")
    count = plural(wanted.total(), what, "flux" if what == "flux" else f"{what}x")
    return Verdict(bool(wanted), f"tableau relu, égal à l’inventaire, {count}")


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return "" if value is None else str(value)
