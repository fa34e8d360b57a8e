"""``01-inventaire``: the declared fleet, its software, and what changed since the last hand-over."""

from __future__ import annotations

from pathlib import Path

from reversibility.bundle import layout
from reversibility.bundle.sections.section import Build, Section


def write(build: Build, folder: Path) -> list[str]:
    """Write the inventories; damaged records that were met are findings."""
    from reversibility.documents.inventories import (
        write_inventories,  # verify and open do not need its libraries
    )

    previous = build.previous / layout.DATA / layout.INVENTORY if build.previous else None
    write_inventories(
        folder, build.market, build.state, in_vault=build.in_vault, previous=previous, now=build.moment
    )
    return list(build.state.findings)


SECTION = Section(
    folder=layout.INVENTORY,
    contains=(
        "Le parc déclaré, en classeur (une feuille par école), CSV et JSON\u00a0; les logiciels et leurs "
        "versions\u00a0; les modifications depuis la remise précédente."
    ),
    formats=(".csv", ".json", ".xlsx"),
    readers="les parties",
    empty="aucun équipement n’est déclaré",
    write=write,
    background=True,
)
