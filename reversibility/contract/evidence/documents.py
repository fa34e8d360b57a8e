"""Evidences about the documents that people write."""

from __future__ import annotations

from reversibility.contract.context import AssessmentContext, Found
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.registry import evidence

DOCUMENTS = "11-documents"
EMPTY_NOTE = "DOSSIER-VIDE.txt"  # says why a folder is empty; no evidence of anything


def pattern(obligation: Obligation, subject: Subject) -> str:
    """Fill in the pattern of a document."""
    tag = subject.asset.tag if subject.asset else None
    return str(obligation.settings["document"]).format(site=subject.site, asset=tag)


@evidence(
    absent=lambda obligation, subject: f"document attendu\u00a0: {DOCUMENTS}/{pattern(obligation, subject)}"
)
def document(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """A document that people wrote, by ``settings.document``: a pattern below ``11-documents``.

    ``{site}`` and ``{asset}`` in the pattern stand for the subject's. Content: the paths found.
    """
    found = context.payload.glob(f"{DOCUMENTS}/{pattern(obligation, subject)}")
    paths = [path for path in found if not path.endswith(EMPTY_NOTE)]
    return Found(paths[0], paths) if paths else None
