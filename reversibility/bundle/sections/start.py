"""``00-lisez-moi``: where a successor starts, and what was not as it should be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reversibility.bundle import layout, texts
from reversibility.bundle.pinned_packages import pinned_packages, python_range
from reversibility.bundle.sections.section import Build, Section

if TYPE_CHECKING:
    from reversibility.contract.assessment import Assessment


def write(build: Build, folder: Path) -> None:
    """Write the findings of all other sections, which run before."""
    (folder / "anomalies.txt").write_text(texts.findings(list(build.findings)), encoding="utf-8")


def finish(build: Build, folder: Path, assessment: Assessment) -> None:
    """Write the start page, which shows the assessment and all sections."""
    from reversibility.documents.start_page import (  # most of a second
        FolderContents,
        HolderLine,
        write_start_page,
    )

    write_start_page(
        folder,
        build.market,
        assessment,
        [
            FolderContents.of(build.data / section.folder, section.contains, section.formats, section.readers)
            for section in build.sections
        ],
        bundle=build.name,
        fingerprint=build.fingerprint,
        operator_key=bool(build.access.operator_key),
        known_hosts=bool(build.access.known_hosts),
        holders=[
            HolderLine(holder.group, holder.name, holder.party, holder.file, holder.public_key)
            for holder in (*build.holders.a, *build.holders.b)
        ],
        pythons=python_range(pinned_packages()),
        wheels=(build.data / layout.AUTOMATION / layout.WHEELS).is_dir(),
    )


SECTION = Section(
    folder=layout.START,
    contains="Ce document, en HTML et en PDF/A-3\u00a0; les anomalies constatées en l’établissant (anomalies.txt).",
    formats=(".html", ".pdf", ".txt"),
    readers="tous",
    empty="rien à lire",
    write=write,
    finish=finish,
    order=2,
)
