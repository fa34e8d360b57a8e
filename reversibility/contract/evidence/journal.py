"""Evidences about the journal."""

from __future__ import annotations

from reversibility.contract.context import AssessmentContext, Found
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.registry import evidence

JOURNAL = "09-journal"


@evidence(absent="aucune ligne de journal dans 09-journal")
def journal(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """The journal in the bundle, a folder for each controller; content: the paths of its files."""
    paths = context.payload.glob(f"{JOURNAL}/*/*.jsonl")
    return Found(paths[-1], paths) if paths else None
