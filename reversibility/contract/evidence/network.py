"""Evidences about the network as it is documented."""

from __future__ import annotations

from collections.abc import Iterable

from reversibility.contract.asset_folder import Unreadable
from reversibility.contract.context import AssessmentContext, Found
from reversibility.contract.evidence.access import VAULT
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.registry import evidence
from reversibility.records.tables import read_table

NETWORKS = "03-reseaux"
DHCP, DNS = "Adresses distribuées (DHCP)", "Serveurs de noms (DNS)"  # columns of the addressing plan


@evidence(absent=lambda obligation, _: f"tableau attendu\u00a0: {_path(obligation)}")
def network_table(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """A table about the network, ``settings.table``; content: its rows by their headers."""
    path = _path(obligation)
    if not context.payload.exists(path):
        return None
    try:
        return Found(path, rows_by_header(read_table(context.payload.data / path)))
    except ValueError as error:
        raise Unreadable(path, "n’est pas du CSV") from error


def _path(obligation: Obligation) -> str:
    return f"{NETWORKS}/{obligation.settings['table']}.csv"


@evidence(
    absent="ni adresses distribuées (dhcp), ni serveurs de noms (dns) ne sont déclarés dans network.yml"
)
def subnet_services(context: AssessmentContext, subject: Subject, _: Obligation) -> Found | None:
    """The addressing plan of a site, where it says anything of DHCP or DNS; content: its rows by their headers."""
    path = f"{NETWORKS}/plan-adressage.csv"
    rows = _rows_of(context, path, subject)
    told = any(row.get(name) for row in rows for name in (DHCP, DNS))
    return Found(path, rows) if told else None


@evidence(absent="aucun flux vers Internet n’est déclaré dans network.yml")
def internet_flows(context: AssessmentContext, subject: Subject, _: Obligation) -> Found | None:
    """The rows of the flow matrix that lead from the VLANs of a site to the Internet."""
    path = f"{NETWORKS}/matrice-flux.csv"
    if not context.payload.exists(path):
        return None
    vlans = {
        one["vlan"] for one in context.market.network.get("subnets") or () if one["site"] == subject.site
    }
    rows = [
        row
        for row in rows_by_header(read_table(context.payload.data / path))
        if "internet" in row.get("Code arrivée", "").split(", ")
        and vlans & set(row.get("Code départ", "").split(", "))
    ]
    return Found(path, rows) if rows else None


@evidence(absent="aucune clé des réseaux Wi-Fi de l’école dans le coffre")
def wifi_keys(context: AssessmentContext, subject: Subject, _: Obligation) -> Found | None:
    """The keys of a site's SSIDs that have one; content: ``{SSID: its entry in the vault of the bundle, or None}``."""
    wanted = [
        str(ssid["name"])
        for ssid in context.market.network.get("ssids") or ()
        if str(ssid.get("security", "")).endswith("-personal")
        and subject.site in (ssid.get("sites") or context.market.sites)
    ]
    kept = {entry.account: entry for entry in context.entries.get(str(subject.site), ())}
    found = {name: kept.get(f"wifi/{name}") for name in wanted}
    return Found(VAULT, found) if any(found.values()) or not wanted else None


@evidence(absent="aucun essai entre les réseaux de l’école\u00a0: playbooks/check_isolation.yml")
def isolation_attempts(context: AssessmentContext, subject: Subject, _: Obligation) -> Found | None:
    """The attempts between the networks of a site; content: the rows of the table about that site."""
    path = f"{NETWORKS}/isolation.csv"
    rows = _rows_of(context, path, subject)
    return Found(path, rows) if rows else None


def _rows_of(context: AssessmentContext, path: str, subject: Subject) -> list[dict[str, str]]:
    """The rows of a table that are about the subject's site; none where there is no table."""
    if not context.payload.exists(path):
        return []
    try:
        table = rows_by_header(read_table(context.payload.data / path))
    except ValueError as error:
        raise Unreadable(path, "n’est pas du CSV") from error
    return [row for row in table if row.get("Code école") == subject.site]


def rows_by_header(table: Iterable[list[str]]) -> list[dict[str, str]]:
    """The rows of a table as mappings; a cell that a row has not is left out."""
    header, *rows = list(table) or [[]]
    return [dict(zip(header, row, strict=False)) for row in rows]
