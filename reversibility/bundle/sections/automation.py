"""``10-automatisation``: what runs the fleet, and what is wanted of it."""

from __future__ import annotations

import json
import platform
from pathlib import Path

from reversibility import __version__
from reversibility.bundle import layout, texts
from reversibility.bundle.copying import copy_tree
from reversibility.bundle.findings import Finding
from reversibility.bundle.pinned_packages import pinned_packages, python_range
from reversibility.bundle.project_copy import copy_project, first_line, git, other_markets
from reversibility.bundle.sections.section import Build, Section
from reversibility.bundle.wheels import lacking, wheels_of
from reversibility.documents.runbooks import write_runbooks


def write(build: Build, folder: Path) -> list[Finding]:
    """Write this repository, the market's folder, the machines' known keys and certificates, and the exact packages."""
    project = build.project
    findings = copy_tree(build.market.path, folder / layout.MARKET)
    if build.access.known_hosts:
        (folder / layout.KNOWN_HOSTS).write_text(build.access.known_hosts, encoding="utf-8")
    if build.access.known_certificates:
        (folder / layout.KNOWN_CERTIFICATES).write_text(build.access.known_certificates, encoding="utf-8")
    findings += copy_project(folder, project, build.market.name)
    lines = [f"{name}=={version}" for name, version in pinned_packages().items()]
    (folder / "requirements.txt").write_text(texts.REQUIREMENTS + "\n".join(lines) + "\n", encoding="utf-8")
    wheels = wheels_of(build.paths)
    if wheels.is_dir():
        findings += copy_tree(wheels, folder / layout.WHEELS)
        absent = lacking(wheels, pinned_packages())
        if absent:
            names = ", ".join(absent[:5])
            findings.append(
                Finding(
                    f"{wheels} lacks {names}; run reversibility packages again.",
                    f"Paquets Python absents du dossier, l’installation demande le réseau\u00a0: {names}.",
                )
            )
    versions = {
        "cartable": __version__,
        "commit": git(project, "rev-parse", "HEAD").strip() or None,
        "left_out": [f"inventories/{name}" for name in other_markets(project, build.market.name)],
        "git": first_line("git", "--version"),
        "openssh": first_line("ssh", "-V"),
        "python": platform.python_version(),
        "pythons": list(python_range(pinned_packages())),
        "system": platform.platform(),
    }
    (folder / "versions.json").write_text(
        json.dumps(versions, indent=2, sort_keys=True) + "\n", encoding="utf-8"
    )
    write_runbooks(folder / layout.RUNBOOKS, build.market, build.moment)
    (folder / "INSTALLER.txt").write_text(texts.installation(), encoding="utf-8")
    return findings


SECTION = Section(
    folder=layout.AUTOMATION,
    contains=(
        "Le projet qui exploite le parc (dépôt Git), l’inventaire du marché, les paquets à "
        "version fixée, ce que l’on sait des clés SSH des machines (known_hosts) et des certificats des postes Windows "
        "(known_certificates), et les fiches de remplacement d’un "
        "poste, d’un NAS, d’un routeur et d’un commutateur (fiches)."
    ),
    formats=(".bundle", ".tar.gz", ".whl", ".yml", ".html", ".txt", ".json", ""),
    readers="les parties",
    empty="le projet n’a pas été remis",
    write=write,
)
