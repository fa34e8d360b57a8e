"""Evidences about the network as it is documented."""

from __future__ import annotations

from reversibility.contract.asset_folder import Unreadable
from reversibility.contract.context import AssessmentContext, Found
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.registry import evidence
from reversibility.records.tables import read_table

NETWORKS = "03-reseaux"


@evidence(absent=lambda obligation, _: f"tableau attendu\u00a0: {_path(obligation)}")
def network_table(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """A table about the network, ``settings.table``; content: its rows as lists, the header left out."""
    path = _path(obligation)
    if not context.payload.exists(path):
        return None
    try:
        return Found(path, list(read_table(context.payload.data / path))[1:])
    except ValueError as error:
        raise Unreadable(path, "n’est pas du CSV") from error


def _path(obligation: Obligation) -> str:
    return f"{NETWORKS}/{obligation.settings['table']}.csv"


@evidence(absent="aucun essai entre les réseaux de l’école\u00a0: playbooks/check_isolation.yml")
def isolation_attempts(context: AssessmentContext, subject: Subject, _: Obligation) -> Found | None:
    """The attempts between the networks of a site; content: the rows of the table about that site."""
    path = f"{NETWORKS}/isolation.csv"
    if not context.payload.exists(path):
        return None
    try:
        rows = [row for row in read_table(context.payload.data / path) if row and row[0] == subject.site]
    except ValueError as error:
        raise Unreadable(path, "n’est pas du CSV") from error
    return Found(path, rows) if rows else None
