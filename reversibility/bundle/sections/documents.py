"""``11-documents``: what people wrote, and what they received: announcements and reports of the maintenance."""

from __future__ import annotations

from pathlib import Path

from reversibility.bundle import layout
from reversibility.bundle.copying import copy_tree
from reversibility.bundle.sections.section import Build, Section

RUNS = "holiday"  # in the market's data: reversibility/operations/holiday/run.py


def write(build: Build, folder: Path) -> list[str]:
    """Copy the documents that people wrote, from ``documents/`` in the market's folder, and those of holiday runs."""
    written, runs = build.market.path / "documents", build.paths.data / RUNS
    findings = copy_tree(written, folder) if written.is_dir() else []
    return [*findings, *(copy_tree(runs, folder / "maintenance") if runs.is_dir() else [])]


SECTION = Section(
    folder=layout.DOCUMENTS,
    contains="Les documents établis par les personnes\u00a0: plan de réversibilité, RACI, procès-verbaux, "
    "comptes rendus de maintenance.",
    formats=(".pdf", ".html", ".json", ".ics", ".odt", ".ods", ".csv", ".txt", ".jpg", ".png"),
    readers="les parties",
    empty="l’inventaire du marché n’a pas de dossier «\u00a0documents\u00a0»",
    write=write,
)
