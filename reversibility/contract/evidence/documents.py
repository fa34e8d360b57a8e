"""Evidences about the documents that people write."""

from __future__ import annotations

from reversibility.contract.asset_folder import Unreadable
from reversibility.contract.context import AssessmentContext, Found
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.registry import evidence
from reversibility.records.json_text import read_json

DOCUMENTS = "11-documents"
MAINTENANCE = f"{DOCUMENTS}/maintenance"
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


@evidence(
    absent=lambda obligation, subject: (
        f"compte rendu attendu\u00a0: {MAINTENANCE}/*/{subject.site}/compte-rendu.json"
    )
)
def maintenance_report(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """The last report of a holiday run at the site. Content: the parsed compte-rendu.json."""
    read = []
    for path in context.payload.glob(f"{MAINTENANCE}/*/{subject.site}/compte-rendu.json"):
        try:
            read.append((path, read_json((context.payload.data / path).read_bytes())))
        except ValueError as error:
            raise Unreadable(path, "n’est pas du JSON") from error
    found = max(read, key=lambda one: str(one[1].get("reported", "")), default=None)
    return Found(*found) if found else None
