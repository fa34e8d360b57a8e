"""Proofs about the inventory: what is declared, seen and handed over agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from reversibility.contract.attributes import mandatory_attributes
from reversibility.contract.context import AssessmentContext, Found, Verdict
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.payload_reader import Inventory
from reversibility.contract.proofs.software import software_agrees
from reversibility.contract.registry import proof
from reversibility.contract.spreadsheet import Row, says
from reversibility.market.model import Asset
from reversibility.records.inventory_summary import record_serial
from reversibility.typography import number, percent

C = "\u00a0:"  # a colon in French


@proof("opened")
def matches_declaration(
    found: Found, context: AssessmentContext, subject: Subject, obligation: Obligation
) -> Verdict:
    """The row says what is declared, CSV and JSON agree, what was seen (serial, software) agrees, changes are listed.

    A row is written from the declaration: without a record it proves nothing of a managed asset, nor of one whose kind
    is in the group ``settings.software_of``, since the contract wants its software listed.
    """
    asset, row = subject.of_asset(), found.content
    wrong = next((name for name, value in _declared(asset) if row.get(name) != value), None)
    if wrong:
        return Verdict(False, f"la colonne «\u00a0{wrong}\u00a0» ne dit pas ce qui est déclaré")
    inventory = context.payload.inventory
    if inventory and asset.tag in inventory.differs:
        return Verdict(
            False, f"inventaire.csv et inventaire.json diffèrent{C} {inventory.differs[asset.tag]}"
        )
    if context.payload.changes_problem:
        return Verdict(False, context.payload.changes_problem)
    folder = context.payload.asset(asset.site, asset.tag)
    has_software = obligation.settings.get("software_of") in asset.kind_groups
    if folder.json("inventory.json") is None:
        if asset.managed:
            return Verdict(False, "jamais relevé\u00a0: numéro de série et logiciels non constatés")
        if has_software:
            return Verdict(False, "logiciels jamais relevés")
        return Verdict(True, "ligne relue, égale à la déclaration")
    if has_software and not folder.software:
        return Verdict(False, "le relevé ne comporte aucun logiciel")
    seen = row.get("serial_seen")
    if seen and seen != row.get("serial"):
        return Verdict(False, f"numéro de série relevé {seen}, déclaré {row.get('serial')}")
    if not software_agrees(context, asset):
        return Verdict(False, "logiciels.csv ne dit pas ce qui a été relevé")
    unseen = "" if seen else " (numéro de série non lisible sur l’appareil)"
    return Verdict(True, f"ligne relue, égale à la déclaration et au dernier relevé{unseen}")


@proof("opened")
def attributes_complete(found: Found, _: AssessmentContext, subject: Subject, __: Obligation) -> Verdict:
    """Every mandatory attribute of the asset's kind has a value in the inventory handed over."""
    asset, rules = subject.of_asset(), mandatory_attributes()
    lacking = rules.lacking(found.content, asset.kind, asset.managed)
    if lacking:
        return Verdict(False, f"à compléter{C} {', '.join(rules.label(name) for name in lacking)}")
    return Verdict(
        True, f"{len(rules.of(found.content, asset.kind, asset.managed))} attributs obligatoires relus"
    )


@proof("parsed_back")
def matches_asset(found: Found, _: AssessmentContext, subject: Subject, __: Obligation) -> Verdict:
    """The record has the shape of GLPI's format and is about this asset: its tag and serial where seen."""
    asset, record = subject.of_asset(), found.content
    content = record.get("content") if isinstance(record, Mapping) else None
    if not (
        isinstance(content, Mapping)
        and isinstance(record.get("deviceid"), str)
        and isinstance(content.get("versionclient"), str)
    ):
        return Verdict(False, "n’est pas au format d’inventaire GLPI")
    tags = {str(value) for value in (record.get("tag"), _bios(content).get("assettag")) if value}
    if asset.tag not in tags and asset.tag not in record["deviceid"]:
        return Verdict(False, "le relevé ne porte pas l’étiquette de cet équipement")
    serial = record_serial(content)
    if serial and serial != asset.attributes.get("serial"):
        declared = asset.attributes.get("serial")
        return Verdict(False, f"numéro de série relevé {serial}, déclaré {declared}")
    agreement = "numéro de série concordant" if serial else "numéro de série non lisible sur l’appareil"
    return Verdict(True, f"format GLPI relu, {agreement}")


@proof("opened")
def recently_seen(found: Found, context: AssessmentContext, _: Subject, obligation: Obligation) -> Verdict:
    """The asset was reached in the last ``settings.days`` days, so its records are current."""
    days = int(obligation.settings["days"])
    try:
        last = date.fromisoformat(str(found.content.get("last_seen")))
    except ValueError:
        return Verdict(False, "jamais relevé")
    if last < context.now.date() - timedelta(days=days):
        return Verdict(False, f"dernier relevé le {last:%d/%m/%Y}, il y a plus de {days} jours")
    return Verdict(True, f"dernier relevé le {last:%d/%m/%Y}")


@proof("opened")
def replacement_dated(found: Found, context: AssessmentContext, _: Subject, __: Obligation) -> Verdict:
    """An asset at the end of its life says which system it has and by when it is replaced (R02)."""
    row = found.content
    if not row.get("os"):
        return Verdict(False, "système non indiqué")
    try:
        day = date.fromisoformat(str(row.get("replace_by")))
    except ValueError:
        return Verdict(False, f"{row['os']}, qui n’est plus maintenu, sans date de remplacement")
    late = day < context.now.date()
    detail = f"{row['os']}, à remplacer avant le {day:%d/%m/%Y}"
    return Verdict(not late, f"{detail}{C} date dépassée" if late else detail)


@proof("opened")
def sheet_complete(found: Found, context: AssessmentContext, subject: Subject, _: Obligation) -> Verdict:
    """The site's sheet has a row for each of its declared assets and no other, and says what inventaire.json says."""
    sheet, inventory = found.content
    wanted = Counter(asset.tag for asset in context.market.assets.values() if asset.site == subject.site)
    listed = Counter(row.get("A", "") for row in sheet[1:])
    if listed != wanted:
        wrong = ", ".join(sorted((listed - wanted) | (wanted - listed))[:5])
        return Verdict(False, f"la feuille de l’école et le parc déclaré diffèrent{C} {wrong}")
    difference = _first_difference(sheet, inventory)
    if difference:
        return Verdict(False, f"la feuille de l’école et inventaire.json diffèrent{C} {difference}")
    count = number(len(sheet) - 1)
    return Verdict(True, f"feuille relue, égale à inventaire.json, {count} équipements")


@proof("opened")
def completeness_reached(found: Found, context: AssessmentContext, _: Subject, __: Obligation) -> Verdict:
    """The share of mandatory attributes that have a value reaches the threshold, over the *declared* fleet."""
    rules = mandatory_attributes()
    wanted = lacking = 0
    for asset in context.market.assets.values():
        row = found.content.rows.get(asset.tag, {})
        wanted += len(rules.of(row, asset.kind, asset.managed))
        lacking += len(rules.lacking(row, asset.kind, asset.managed))
    share = (wanted - lacking) / wanted if wanted else 0.0
    detail = f"{number(wanted - lacking)} attributs obligatoires sur {number(wanted)}{C} {percent(share)}"
    return Verdict(share >= rules.threshold, f"{detail} (seuil {percent(rules.threshold)})")


def _declared(asset: Asset) -> Iterable[tuple[str, Any]]:
    """Yield what is declared of an asset under the names of the inventory's columns, as JSON gives it back."""
    yield from (("tag", asset.tag), ("site", asset.site), ("room", asset.room), ("kind", asset.kind))
    yield from (("managed", asset.managed), ("address", asset.address))
    for name, value in asset.attributes.items():
        if isinstance(value, date):
            yield name, value.isoformat()
        elif isinstance(value, (str, int, float)):
            yield name, value


def _bios(content: Mapping[str, Any]) -> Mapping[str, Any]:
    bios = content.get("bios")
    return bios if isinstance(bios, Mapping) else {}


def _first_difference(sheet: list[Row], inventory: Inventory) -> str | None:
    """Compare every cell of a site's sheet with inventaire.json; the first that says something else, in French."""
    header = sheet[0] if sheet else {}
    if list(header.values()) != list(inventory.columns.values()):
        return "les colonnes"
    columns = [
        (letters, key, header[letters]) for letters, key in zip(header, inventory.columns, strict=True)
    ]
    for row in sheet[1:]:
        told = inventory.rows.get(row["A"], {})
        for letters, key, title in columns:
            if not says(row.get(letters, ""), told.get(key)):
                return f"{row['A']}, colonne «\u00a0{title}\u00a0»"
    return None
