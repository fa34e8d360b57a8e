"""``08-sauvegardes``: the backups that were seen."""

from __future__ import annotations

from pathlib import Path

from reversibility.bundle import layout
from reversibility.bundle.collected import write_collected
from reversibility.bundle.sections.section import Build, Section


def write(build: Build, folder: Path) -> None:
    """Gather what assets say of their backups into one file, where any asset says something."""
    write_collected(build.state, "backups.json", folder / "sauvegardes.json")


SECTION = Section(
    folder=layout.BACKUPS,
    contains="Les sauvegardes relevées.",
    formats=(".json",),
    readers="les parties",
    empty="aucune sauvegarde n’a été relevée",
    write=write,
)
