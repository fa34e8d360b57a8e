"""Evidences about the inventory: rows, sheets, records and the software catalogue."""

from __future__ import annotations

from collections.abc import Mapping

from reversibility.contract.asset_folder import Unreadable
from reversibility.contract.context import AssessmentContext, Found
from reversibility.contract.evidence.records import folder_of, record_in
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.payload_reader import CATALOGUE, INVENTORY_JSON, INVENTORY_XLSX
from reversibility.contract.registry import evidence


@evidence(absent="cet équipement n’est pas dans inventaire.json")
def inventory_row(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """The asset's row in inventaire.json; content: the row."""
    inventory = context.payload.inventory
    row = inventory.rows.get(subject.of_asset().tag) if inventory else None
    return Found(INVENTORY_JSON, row) if row is not None else None


@evidence(absent="inventaire.json absent")
def whole_inventory(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """inventaire.json as a whole; content: an Inventory."""
    inventory = context.payload.inventory
    return Found(INVENTORY_JSON, inventory) if inventory else None


@evidence(absent="aucune feuille pour cette école dans inventaire.xlsx")
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


@evidence(absent="aucun relevé de cet équipement (inventory.json)")
def inventory_record(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """The asset's record in GLPI's format; content: the parsed record."""
    return record_in(folder_of(context, subject), "inventory.json")


@evidence(absent="aucun catalogue dans 04-logiciels")
def catalogue_entries(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """The catalogue's entries for the asset; content: mapping of id to entry, as in the bundle's catalogue."""
    catalogue = context.payload.catalogue
    if not isinstance(catalogue, Mapping) or not isinstance(catalogue.get("software"), Mapping):
        return None
    handed_over = catalogue["software"]
    wanted = [entry["id"] for entry in context.market.software_for(subject.of_asset())]
    return Found(CATALOGUE, {identifier: handed_over.get(identifier) for identifier in wanted})
