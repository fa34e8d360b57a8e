"""Evidences: what answers an obligation for one subject.

Each opens what is in the bundle that is being built (never the live records) and returns what it found, or None
when there is nothing. It may raise Unreadable: then something is there, and it does not open. An evidence never
says that what it found is good: a proof does (``proofs.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reversibility.contract.context import AssessmentContext, Found
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.payload import CATALOGUE, INVENTORY_JSON, INVENTORY_XLSX, AssetFolder, Unreadable
from reversibility.market.model import Asset

Evidence = Callable[[AssessmentContext, Subject, Obligation], Found | None]

VAULT = "06-secrets/vault.kdbx"
JOURNAL = "09-journal"
AUTOMATION = "10-automatisation"
EMPTY_NOTE = "DOSSIER-VIDE.txt"  # says why a folder is empty; no evidence of anything


def inventory_row(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """The asset's row in inventaire.json; content: the row."""
    inventory = context.payload.inventory
    row = inventory.rows.get(_asset(subject).tag) if inventory else None
    return Found(INVENTORY_JSON, row) if row is not None else None


def whole_inventory(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """inventaire.json as a whole; content: an Inventory."""
    inventory = context.payload.inventory
    return Found(INVENTORY_JSON, inventory) if inventory else None


def workbook_sheet(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """The site's sheet in inventaire.xlsx; content: its rows, header first, and the bundle's Inventory."""
    book, inventory = context.payload.workbook, context.payload.inventory
    if book is None or inventory is None:
        return None
    name = inventory.sheets.get(str(subject.site))
    if name is None or name not in book.sheets:
        return None
    try:
        return Found(INVENTORY_XLSX, (book.rows(name), inventory))
    except ValueError as error:
        raise Unreadable(INVENTORY_XLSX, f"la feuille «\u00a0{name}\u00a0» n’est pas lisible") from error


def inventory_record(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """The asset's record in GLPI's format; content: the parsed record."""
    return _record(_folder(context, subject), "inventory.json")


def accounts(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """The accounts that were seen on the asset; content: the parsed accounts.json."""
    return _record(_folder(context, subject), "accounts.json")


def restorable_configuration(
    context: AssessmentContext, subject: Subject, obligation: Obligation
) -> Found | None:
    """The asset's encrypted configuration, or at least a readable one; content: the encrypted bytes or None."""
    folder = _folder(context, subject)
    encrypted = folder.bytes("config.age")
    if encrypted is not None:
        return Found(folder.path("config.age"), encrypted)
    readable = next((name for name in folder.names if name.startswith("config/")), None)
    return Found(folder.path(readable), None) if readable else None


def vault_entries(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """The asset's entries in the vault of the bundle; content: a list of Entry, None when it is not open."""
    if not context.payload.exists(VAULT):
        return None
    if context.exported_vault is None:
        return Found(VAULT, None)
    entries = context.entries.get(_asset(subject).tag)
    return Found(VAULT, entries) if entries else None


def catalogue_entries(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """The catalogue's entries for the asset; content: mapping of id to entry, as in the bundle's catalogue."""
    catalogue = context.payload.catalogue
    if not isinstance(catalogue, Mapping) or not isinstance(catalogue.get("software"), Mapping):
        return None
    handed_over = catalogue["software"]
    wanted = [entry["id"] for entry in context.market.software_for(_asset(subject))]
    return Found(CATALOGUE, {identifier: handed_over.get(identifier) for identifier in wanted})


def key_halves(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """The two halves of the vault's key; content: ``{"a": [paths], "b": [paths]}``."""
    halves = {group: context.payload.glob(f"06-secrets/moitie-{group}/*.age") for group in "ab"}
    if not context.payload.exists(VAULT) or not all(halves.values()):
        return None
    return Found(VAULT, halves)


def journal(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """The journal in the bundle, a folder for each controller; content: the paths of its files."""
    paths = context.payload.glob(f"{JOURNAL}/*/*.jsonl")
    return Found(paths[-1], paths) if paths else None


def automation(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """This repository in the bundle, as a Git bundle or an archive; content: its path."""
    for name in ("depot.bundle", "depot.tar.gz"):
        if context.payload.exists(f"{AUTOMATION}/{name}"):
            return Found(f"{AUTOMATION}/{name}", f"{AUTOMATION}/{name}")
    return None


def all_files(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """Everything in the bundle; content: the Formats report on all its files."""
    report = context.payload.check_rest()
    return Found("", report) if report.opened else None


def document(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """A document that people wrote, by ``settings.document``: a pattern below ``11-documents``.

    ``{site}`` and ``{asset}`` in the pattern stand for the subject's. Content: the paths found.
    """
    found = context.payload.glob(f"11-documents/{_pattern(obligation, subject)}")
    paths = [path for path in found if not path.endswith(EMPTY_NOTE)]
    return Found(paths[0], paths) if paths else None


def absence(obligation: Obligation, subject: Subject) -> str:
    """Say in French what was looked for in vain, and where it was expected."""
    if obligation.evidence == "document":
        return f"document attendu\u00a0: 11-documents/{_pattern(obligation, subject)}"
    return ABSENCES.get(obligation.evidence, "rien dans le dossier ne répond à cette obligation")


ABSENCES = {
    "accounts": "aucun relevé des comptes de cet équipement (accounts.json)",
    "automation": "ni depot.bundle ni depot.tar.gz dans 10-automatisation",
    "catalogue_entries": "aucun catalogue dans 04-logiciels",
    "inventory_record": "aucun relevé de cet équipement (inventory.json)",
    "inventory_row": "cet équipement n’est pas dans inventaire.json",
    "journal": "aucune ligne de journal dans 09-journal",
    "key_halves": "coffre ou moitiés de sa clé absents de 06-secrets",
    "restorable_configuration": "aucune configuration de cet équipement, ni lisible ni restaurable",
    "vault_entries": "aucune entrée pour cet équipement dans le coffre",
    "whole_inventory": "inventaire.json absent",
    "workbook_sheet": "aucune feuille pour cette école dans inventaire.xlsx",
}

EVIDENCES: dict[str, Evidence] = {
    evidence.__name__: evidence
    for evidence in (
        accounts,
        all_files,
        automation,
        catalogue_entries,
        document,
        inventory_record,
        inventory_row,
        journal,
        key_halves,
        restorable_configuration,
        vault_entries,
        whole_inventory,
        workbook_sheet,
    )
}


def _pattern(obligation: Obligation, subject: Subject) -> str:
    """Fill in the pattern of a document."""
    tag = subject.asset.tag if subject.asset else None
    return str(obligation.settings["document"]).format(site=subject.site, asset=tag)


def _asset(subject: Subject) -> Asset:
    """Return the subject's asset; an obligation about something else may not use such an evidence."""
    if subject.asset is None:
        raise TypeError("this evidence is about an asset; its obligation must concern assets")
    return subject.asset


def _folder(context: AssessmentContext, subject: Subject) -> AssetFolder:
    asset = _asset(subject)
    return context.payload.asset(asset.site, asset.tag)


def _record(folder: AssetFolder, name: str) -> Found | None:
    content: Any = folder.json(name)
    return Found(folder.path(name), content) if content is not None else None
