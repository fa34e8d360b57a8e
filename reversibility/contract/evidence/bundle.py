"""Evidences about the bundle as a whole: its automation, and all its files."""

from __future__ import annotations

from reversibility.contract.context import AssessmentContext, Found
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.registry import evidence

AUTOMATION = "10-automatisation"


@evidence(absent="ni depot.bundle ni depot.tar.gz dans 10-automatisation")
def automation(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """This repository in the bundle, as a Git bundle or an archive; content: its path."""
    for name in ("depot.bundle", "depot.tar.gz"):
        if context.payload.exists(f"{AUTOMATION}/{name}"):
            return Found(f"{AUTOMATION}/{name}", f"{AUTOMATION}/{name}")
    return None


@evidence(absent="le dossier ne contient aucun fichier")
def all_files(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """Everything in the bundle; content: the Formats report on all its files."""
    report = context.payload.check_rest()
    return Found("", report) if report.opened else None
