"""``04-logiciels``: the software catalogue with its approvals, and what is wanted where."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reversibility.bundle import layout
from reversibility.bundle.plain_tables import mapping, write_rows
from reversibility.bundle.sections.section import Build, Section
from reversibility.documents.french import VERSIONS, selection
from reversibility.documents.names import site_name

CATALOGUE_HEADERS = (
    "Identifiant", "Logiciel", "Usage", "Version", "Sources", "Pour", "Accord Éducation nationale",
    "Accord Éducation nationale, le", "Accord réseau", "Accord réseau, le",
)  # fmt: skip


def write(build: Build, folder: Path) -> None:
    """Write catalogue.yml as it is, its table with the approvals, and what is wanted where."""
    market = build.market
    shutil.copyfile(market.path / "catalogue.yml", folder / "catalogue.yml")
    software = mapping(market.catalogue.get("software"))
    write_rows(
        folder / "catalogue.csv", CATALOGUE_HEADERS, (_catalogue_row(*item) for item in software.items())
    )
    write_rows(
        folder / "affectations.csv",
        ("École", "Étiquette", "Logiciel", "Code école", "Code logiciel"),
        (
            (site_name(market, asset.site), asset.tag, entry.get("name"), asset.site, entry["id"])
            for asset in market.assets.values()
            for entry in market.software_for(asset)
        ),
    )


def _catalogue_row(identifier: str, entry: Mapping[str, Any]) -> tuple[Any, ...]:
    approvals = mapping(entry.get("approvals"))
    education, network = mapping(approvals.get("education")), mapping(approvals.get("network"))
    version = VERSIONS.get(str(entry.get("version")), entry.get("version"))
    described = (identifier, entry.get("name"), entry.get("purpose"), version)
    selected = (list(mapping(entry.get("sources"))), selection(mapping(entry.get("for"))))
    return (
        *described, *selected, education.get("by"), education.get("date"), network.get("by"),
        network.get("date"),
    )  # fmt: skip


SECTION = Section(
    folder=layout.SOFTWARE,
    contains="Le catalogue des logiciels, avec les deux accords de chacun (qui, quand).",
    formats=(".yml", ".csv"),
    readers="les parties",
    empty="aucun logiciel n’est au catalogue",
    write=write,
)
