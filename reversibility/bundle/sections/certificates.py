"""``07-certificats``: the certificates that were seen."""

from __future__ import annotations

from pathlib import Path

from reversibility.bundle import layout
from reversibility.bundle.collected import write_collected
from reversibility.bundle.sections.section import Build, Section


def write(build: Build, folder: Path) -> None:
    """Gather what assets say of their certificates into one file, where any asset says something."""
    write_collected(build.state, "certificates.json", folder / "certificats.json")


SECTION = Section(
    folder=layout.CERTIFICATES,
    contains="Les certificats relevés et leur échéance.",
    formats=(".json",),
    readers="les parties",
    empty="aucun certificat n’a été relevé",
    write=write,
)
