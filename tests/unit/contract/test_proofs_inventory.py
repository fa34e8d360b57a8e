"""The inventory (3.9, B 6.6): what is handed over says what is declared and what was seen."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reversibility.documents.columns import COLUMNS
from reversibility.market.model import Market
from reversibility.records.tables import read_table, write_table
from tests.unit.contract.handover import NOW, Handover, edit


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (("LAB-PC-0002", "LAB-PC-9999"), "inventaire.json"),
        (("LAB-PC-0002", "LAB-PC-9999"), "inventaire.csv"),
        (("UC250001;", "UC259999;"), "inventaire.csv"),
        (("gtypist;2.9.5", "gtypist;9.9.9"), "logiciels.csv"),
    ],
)
def test_an_inventory_that_says_something_else_is_not_proven(
    handover: Handover, change: tuple[str, str], where: str
) -> None:
    path = handover.data / "01-inventaire" / where
    text = path.read_text(encoding="utf-8")
    assert change[0] in text
    path.write_text(text.replace(*change), encoding="utf-8")
    assert handover.row("J-3.9-inventaire", "UC250001").status == "present"


def unmanaged(handover: Handover, tag: str) -> Market:
    """The market and the bag's inventory, with an asset that somebody else looks after."""
    market = handover.market
    asset = market.assets[tag]
    asset = replace(asset, managed=False, attributes={**asset.attributes, "managed": False})
    folder = handover.data / "01-inventaire"
    edit(
        folder / "inventaire.json",
        lambda d: [a.update(managed=False) for a in d["assets"] if a["tag"] == tag] and d,
    )
    number = [column.key for column in COLUMNS].index("managed")
    rows = list(read_table(folder / "inventaire.csv"))
    with write_table(folder / "inventaire.csv", rows[0]) as table:
        for row in rows[1:]:
            table.row([*row[:number], "non", *row[number + 1 :]] if row[0] == tag else row)
    return replace(market, assets={**market.assets, tag: asset})


def test_a_row_that_is_only_the_declaration_proves_no_software(handover: Handover) -> None:
    """The row of what was never seen is written from the declaration: that they are equal says nothing."""
    market = unmanaged(handover, "UC250001")
    row = handover.row("J-3.9-inventaire", "UC250001", market=market)
    assert row.status == "proven" and "dernier relevé" in row.detail  # somebody else's, and seen
    (handover.folder("UC250001") / "inventory.json").unlink()
    row = handover.row("J-3.9-inventaire", "UC250001", market=market)
    assert row.status == "present" and row.detail == "logiciels jamais relevés"
    for tag in ("VP250001", "TB250001", "IM250001"):  # these have no software to list
        row = handover.row("J-3.9-inventaire", tag, market=market)
        assert (row.status, row.detail) == ("proven", "ligne relue, égale à la déclaration")


def test_a_computer_whose_record_lists_no_software_is_not_proven(handover: Handover) -> None:
    edit(handover.folder("UC250001") / "inventory.json", lambda d: d["content"].pop("softwares") and d)
    row = handover.row("J-3.9-inventaire", "UC250001")
    assert row.status == "present" and row.detail == "le relevé ne comporte aucun logiciel"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "absent"),
        (b"", "colonnes inattendues"),
        (b"Modification\r\n", "colonnes inattendues"),
        (b"\xff\xfe", "CSV"),
        ("one cell", "CSV"),
    ],
)
def test_a_list_of_changes_that_does_not_read_back_is_not_proven(
    handover: Handover, content: bytes | str | None, said: str
) -> None:
    path = handover.data / "01-inventaire/modifications.csv"
    if content is None:
        path.unlink()
    elif isinstance(content, str):
        path.write_bytes(path.read_bytes() + content.encode() + b"\r\n")
    else:
        path.write_bytes(content)
    for tag in ("UC250001", "VP250001"):
        row = handover.row("J-3.9-inventaire", tag)
        assert row.status == "present" and "modifications.csv" in row.detail and said in row.detail


def test_a_serial_number_seen_that_is_not_the_declared_one(handover: Handover) -> None:
    market = handover.market
    asset = market.assets["UC250001"]
    other = replace(asset, attributes={**asset.attributes, "serial": "ANOTHER"})
    row = handover.row(
        "B-6.2-inventaire-glpi", "UC250001", market=replace(market, assets={"UC250001": other})
    )
    assert row.status == "present" and "LAB-PC-0002" in row.detail and "ANOTHER" in row.detail


def test_a_record_about_another_asset_is_not_proven(handover: Handover) -> None:
    shutil.copy(
        handover.folder("UC250002") / "inventory.json", handover.folder("UC250001") / "inventory.json"
    )
    row = handover.row("B-6.2-inventaire-glpi", "UC250001")
    assert row.status == "present" and "étiquette" in row.detail


def test_a_lacking_attribute_is_named_and_lowers_the_rate(handover: Handover) -> None:
    edit(
        handover.data / "01-inventaire/inventaire.json",
        lambda d: [a.pop("purchased", None) for a in d["assets"]] and d,
    )
    row = handover.row("B-6.6-attributs", "VP250001")
    assert row.status == "present" and "date d’achat" in row.detail
    rate = handover.row("B-6.6-completude")
    assert rate.status == "present" and "93,5" in rate.detail  # 144 of 154


def test_an_asset_that_the_inventory_lost_is_missing(handover: Handover) -> None:
    def lose(document: dict[str, Any]) -> None:
        document["assets"] = [asset for asset in document["assets"] if asset["tag"] != "VP250001"]

    edit(handover.data / "01-inventaire/inventaire.json", lose)
    assert handover.row("J-3.9-inventaire", "VP250001").status == "missing"


def test_a_sheet_that_lost_an_asset_is_not_proven(handover: Handover) -> None:
    more = {**handover.market.assets, "UC259999": replace(handover.market.assets["UC250001"], tag="UC259999")}
    row = handover.row("J-3.9-classeur", "trois_platanes", market=replace(handover.market, assets=more))
    assert row.status == "present" and "UC259999" in row.detail
    (handover.data / "01-inventaire/inventaire.xlsx").write_bytes(b"PK\x03\x04 cut")
    assert handover.row("J-3.9-classeur", "trois_platanes").status == "present"


@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        ("<t>LAB-PC-0002</t>", "<t>LAB-PC-9999</t>", "UC250001, colonne «\u00a0Numéro de série\u00a0»"),
        ("<t>Projecteur HD</t>", "", "VP250001, colonne «\u00a0Modèle\u00a0»"),
        (
            "<t>École élémentaire des Trois-Platanes</t>",
            "<t>Autre école</t>",
            "IM250001, colonne «\u00a0École\u00a0»",
        ),
        ("<v>45761</v>", "<v>45762</v>", "NA250001, colonne «\u00a0Date d’achat\u00a0»"),  # 14 April 2025
        ("<v>4096</v>", "<v>4097</v>", "NA250001, colonne «\u00a0Mémoire relevée (Mo)\u00a0»"),
        ("<t>Affecté à</t>", "", "les colonnes"),
        ("<t>Affecté à</t>", "<t>Prêté à</t>", "les colonnes"),
    ],
)
def test_a_sheet_that_says_something_else_names_the_first_cell(
    handover: Handover, before: str, after: str, where: str
) -> None:
    assert handover.row("J-3.9-classeur", "trois_platanes").status == "proven"
    rewrite_workbook(handover.data / "01-inventaire/inventaire.xlsx", before, after)
    row = handover.row("J-3.9-classeur", "trois_platanes")
    said = f"la feuille de l’école et inventaire.json diffèrent\u00a0: {where}"
    assert (row.status, row.detail) == ("present", said)


def test_an_asset_that_stands_in_a_sheet_twice_is_named(handover: Handover) -> None:
    rewrite_workbook(handover.data / "01-inventaire/inventaire.xlsx", "<t>UC250002</t>", "<t>UC250001</t>")
    row = handover.row("J-3.9-classeur", "trois_platanes")
    assert row.status == "present" and row.detail.endswith("diffèrent\u00a0: UC250001, UC250002")
    market = handover.market
    fewer = {tag: asset for tag, asset in market.assets.items() if tag != "UC250002"}
    row = handover.row("J-3.9-classeur", "trois_platanes", market=replace(market, assets=fewer))
    assert row.status == "present" and row.detail.endswith("diffèrent\u00a0: UC250001")


def rewrite_workbook(path: Path, before: str, after: str) -> None:
    """Replace ``before`` in every sheet of a workbook."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    assert any(before.encode() in content for content in members.values())
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content.replace(before.encode(), after.encode()))


@pytest.mark.parametrize(
    ("replace_by", "status"), [("2027-07-31", "proven"), (None, "present"), ("2026-01-31", "present")]
)
def test_an_old_system_needs_a_replacement_date_to_come(
    handover: Handover, replace_by: str | None, status: str
) -> None:
    asset = handover.market.assets["UC180001"]
    old = replace(asset, attributes={**asset.attributes, "os": "windows-7"})
    change = {"os": "windows-7", "replace_by": replace_by}
    edit(
        handover.data / "01-inventaire/inventaire.json",
        lambda d: [a.update(change) for a in d["assets"] if a["tag"] == "UC180001"] and d,
    )
    market = replace(handover.market, assets={"UC180001": old})
    assert handover.row("J-2.3-equipements-anciens", "UC180001", market=market).status == status


def test_a_record_that_is_old_is_said_to_be_old(handover: Handover) -> None:
    row = handover.row("B-6.1-releves-recents", "UC250001", now=NOW + timedelta(days=40))
    assert row.status == "present" and "31 jours" in row.detail


@pytest.mark.parametrize(
    ("days", "status"), [(0, "proven"), (30, "proven"), (31, "present"), (60, "present")]
)
def test_a_record_is_recent_to_the_day(handover: Handover, days: int, status: str) -> None:
    """The asset was seen the day before; 31 days are the most."""
    assert handover.row("B-6.1-releves-recents", "UC250001", now=NOW + timedelta(days=days)).status == status
