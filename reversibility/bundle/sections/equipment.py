"""``02-equipements``: the records of each asset, file for file."""

from __future__ import annotations

from pathlib import Path

from reversibility.bundle import layout
from reversibility.bundle.copying import copy_tree
from reversibility.bundle.findings import Finding
from reversibility.bundle.sections.section import Build, Section


def write(build: Build, folder: Path) -> list[Finding]:
    """Copy each asset's folder of the state."""
    findings: list[Finding] = []
    for site, tag in build.state.assets():
        build.state.check(site, tag)
        findings += copy_tree(build.state.directory / site / tag, folder / site / tag)
    return findings


SECTION = Section(
    folder=layout.EQUIPMENT,
    contains=(
        "Un dossier par équipement\u00a0: relevé au format GLPI, comptes, mises à jour, configuration "
        "lisible (config) et configuration restaurable chiffrée (config.age)."
    ),
    formats=(".json", "", ".age"),
    readers="les parties\u00a0; config.age avec l’identité du coffre",
    empty="aucun équipement n’a encore été relevé",
    write=write,
)
