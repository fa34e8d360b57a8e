"""Evidences about security: the comparison with the rules, and the logs that are kept off the machine."""

from __future__ import annotations

from reversibility.contract.context import AssessmentContext, Found
from reversibility.contract.evidence.records import folder_of, record_in
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.registry import evidence


@evidence(absent="équipement jamais comparé aux règles de sécurité (compliance.json)")
def compliance(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """What the role security found; content: the parsed compliance.json."""
    return record_in(folder_of(context, subject), "compliance.json")


@evidence(absent="aucun journal de cet équipement n’a quitté la machine (playbooks/collect_logs.yml)")
def logs_of_asset(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """The sealed days of the asset; content: their paths in the bundle."""
    paths = context.payload.glob(f"09-journal/journaux/*/hosts/{subject.of_asset().tag}/*.log.gz")
    return Found(paths[-1], paths) if paths else None
