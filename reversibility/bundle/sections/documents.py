"""``11-documents``: what people wrote, and what they received: announcements, reports and deadlines of maintenance."""

from __future__ import annotations

from pathlib import Path

from reversibility.bundle import layout
from reversibility.bundle.copying import copy_tree
from reversibility.bundle.findings import Finding
from reversibility.bundle.sections.section import Build, Section
from reversibility.documents.deadlines import HEADERS, deadline_rows, deadlines_page
from reversibility.operations.advisories.kept import flaws
from reversibility.records.tables import write_table

RUNS = "holiday"  # in the market's data: reversibility/operations/holiday/run.py


def write(build: Build, folder: Path) -> list[Finding]:
    """Copy the documents that people wrote, from ``documents/`` in the market's folder, and those of holiday runs."""
    written, runs = build.market.path / "documents", build.paths.data / RUNS
    findings: list[Finding] = copy_tree(written, folder) if written.is_dir() else []
    _deadlines(build, folder / "maintenance")
    return [*findings, *(copy_tree(runs, folder / "maintenance") if runs.is_dir() else [])]


def _deadlines(build: Build, folder: Path) -> None:
    """Page and table of published flaws and their deadlines, once any asset was compared with advisories."""
    found, unmatched = flaws(build.market, build.state)
    if len(unmatched) == sum(asset.managed for asset in build.market.assets.values()):
        return
    folder.mkdir(exist_ok=True)
    (folder / "delais-de-correction.html").write_text(
        deadlines_page(build.market, found, unmatched, build.moment), "utf-8"
    )
    with write_table(folder / "delais-de-correction.csv", HEADERS) as table:
        for row in deadline_rows(found, build.moment):
            table.row(row)


SECTION = Section(
    folder=layout.DOCUMENTS,
    contains="Les documents établis par les personnes\u00a0: plan de réversibilité, RACI, procès-verbaux, "
    "comptes rendus de maintenance, délais de correction des failles.",
    formats=(".pdf", ".html", ".json", ".ics", ".odt", ".ods", ".csv", ".txt", ".jpg", ".png"),
    readers="les parties",
    empty="l’inventaire du marché n’a pas de dossier «\u00a0documents\u00a0»",
    write=write,
)
