"""``11-documents``: what people wrote."""

from __future__ import annotations

from pathlib import Path

from reversibility.bundle import layout
from reversibility.bundle.copying import copy_tree
from reversibility.bundle.sections.section import Build, Section


def write(build: Build, folder: Path) -> list[str]:
    """Copy the documents that people wrote, from ``documents/`` in the market's folder."""
    source = build.market.path / "documents"
    return copy_tree(source, folder) if source.is_dir() else []


SECTION = Section(
    folder=layout.DOCUMENTS,
    contains="Les documents établis par les personnes\u00a0: plan de réversibilité, RACI, procès-verbaux.",
    formats=(".pdf", ".odt", ".ods", ".csv", ".txt", ".jpg", ".png"),
    readers="les parties",
    empty="l’inventaire du marché n’a pas de dossier «\u00a0documents\u00a0»",
    write=write,
)
