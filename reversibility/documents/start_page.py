"""``00-lisez-moi``: the page with which a successor who has never met us takes over, in HTML and PDF/A-3."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reversibility.contract.assessment import Assessment
from reversibility.documents.completeness import page_context
from reversibility.documents.render import html_to_pdfa3, render_html
from reversibility.market.model import Market

FOLDERS = {
    "00-lisez-moi": "Ce document, en HTML et en PDF/A-3\u00a0; les anomalies constatées en l’établissant "
    "(anomalies.txt).",
    "01-inventaire": "Le parc déclaré, en classeur (une feuille par école), CSV et JSON\u00a0; les logiciels et leurs "
    "versions\u00a0; les modifications depuis la remise précédente.",
    "02-equipements": "Un dossier par équipement\u00a0: relevé au format GLPI, comptes, mises à jour, configuration "
    "lisible (config) et configuration restaurable chiffrée (config.age).",
    "03-reseaux": "VLAN, plan d’adressage, réseaux Wi-Fi, flux autorisés, configurations des équipements réseau.",
    "04-logiciels": "Le catalogue des logiciels, avec les deux accords de chacun (qui, quand).",
    "05-comptes": "Les comptes relevés sur chaque équipement, leurs droits, les connexions vérifiées. "
    "Aucun mot de passe.",
    "06-secrets": "Le coffre de mots de passe et de clés (vault.kdbx) et les deux moitiés de sa clé, chiffrées pour "
    "leurs détenteurs.",
    "07-certificats": "Les certificats relevés et leur échéance.",
    "08-sauvegardes": "Les sauvegardes relevées.",
    "09-journal": "Qui a fait quoi, quand et avec quel résultat\u00a0: lignes chaînées, et l’historique Git "
    "des relevés.",
    "10-automatisation": "Le projet qui exploite le parc (dépôt Git), l’inventaire du marché, les paquets à "
    "version fixée et ce que l’on sait des clés SSH des machines (known_hosts).",
    "11-documents": "Les documents établis par les personnes\u00a0: plan de réversibilité, RACI, procès-verbaux.",
}


@dataclass(frozen=True)
class FolderContents:
    """How much one folder of the bundle holds; ``size`` in bytes."""

    name: str
    files: int
    size: int


def contents_of(data: Path) -> list[FolderContents]:
    """Count what each folder of the payload ``data`` holds now."""
    found = []
    for folder in sorted(path for path in data.iterdir() if path.is_dir()):
        sizes = [(Path(at) / name).stat().st_size for at, _, names in os.walk(folder) for name in names]
        found.append(FolderContents(folder.name, len(sizes), sum(sizes)))
    return found


def write_start_page(
    folder: Path,
    market: Market,
    assessment: Assessment,
    contents: Iterable[FolderContents],
    *,
    bundle: str = "",
    fingerprint: str = "",
    operator_key: bool = False,
    known_hosts: bool = False,
) -> None:
    """Write ``lisez-moi.html`` and ``lisez-moi.pdf`` into ``folder``, which must exist.

    ``contents`` comes from ``contents_of``; ``bundle`` is the name of the bundle's folder and ``fingerprint`` that
    of the key that will sign it, both shown when known. ``operator_key`` and ``known_hosts`` say whether the bundle
    has the operators' SSH key (in its vault) and the machines' own: without them other steps are printed.
    """
    context = start_context(
        market, assessment, contents, bundle, fingerprint, operator_key=operator_key, known_hosts=known_hosts
    )
    html = render_html("lisez-moi.html.j2", context)
    (folder / "lisez-moi.html").write_text(html, encoding="utf-8")
    html_to_pdfa3(html, folder / "lisez-moi.pdf")


def start_context(
    market: Market,
    assessment: Assessment,
    contents: Iterable[FolderContents],
    bundle: str,
    fingerprint: str,
    *,
    operator_key: bool = False,
    known_hosts: bool = False,
) -> dict[str, Any]:
    """Return what the page shows."""
    contract = market.contract
    described = {content.name: content for content in contents}
    return {
        **page_context(assessment, market),
        "market_name": market.name,
        "bundle": bundle or f"cartable-{market.name}-…",
        "fingerprint": fingerprint,
        "operator_key": operator_key,
        "known_hosts": known_hosts,
        "folders": [(name, text, described.get(name)) for name, text in FOLDERS.items()],
        "contract": contract.get("contract", {}),
        "contacts": contract.get("parties", {}),
        "administrators": contract.get("administrators") or (),
        "holders": contract.get("holders") or {},
        "schools": market.sites,
        "asset_count": len(market.assets),
        "managed_count": sum(asset.managed for asset in market.assets.values()),
    }
