"""Evidences about configurations."""

from __future__ import annotations

from reversibility.contract.context import AssessmentContext, Found
from reversibility.contract.evidence.records import folder_of
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.registry import evidence


@evidence(absent="aucune configuration de cet équipement, ni lisible ni restaurable")
def restorable_configuration(
    context: AssessmentContext, subject: Subject, obligation: Obligation
) -> Found | None:
    """The asset's encrypted configuration, or at least a readable one; content: the encrypted bytes or None."""
    folder = folder_of(context, subject)
    encrypted = folder.bytes("config.age")
    if encrypted is not None:
        return Found(folder.path("config.age"), encrypted)
    readable = next((name for name in folder.names if name.startswith("config/")), None)
    return Found(folder.path(readable), None) if readable else None
