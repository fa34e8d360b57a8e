"""The inventory opens in common programs, is equal in all formats, and holds no password."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reversibility.contract.spreadsheet import Spreadsheet, says
from reversibility.documents.columns import COLUMNS, Source
from reversibility.documents.inventories import tags_in_vault, write_inventories
from reversibility.documents.workbook import Workbook, sheet_names
from reversibility.errors import CartableError
from reversibility.records.inventory_summary import Seen, Software, installed_version, seen_from_records
from reversibility.records.state import State
from reversibility.records.tables import cell_text, read_table, write_table
from reversibility.records.vault import Vault
from tests.unit.contract.handover import CHEAP, NOW, PASSPHRASE, Handover, write_records

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)


@pytest.fixture
def folder(pristine: Handover) -> Path:
    return pristine.data / "01-inventaire"


def test_csv_json_and_workbook_say_the_same(folder: Path, pristine: Handover) -> None:
    document = json.loads((folder / "inventaire.json").read_bytes())
    rows = list(csv.reader((folder / "inventaire.csv").open(encoding="utf-8-sig", newline=""), delimiter=";"))
    sheet = openpyxl.load_workbook(folder / "inventaire.xlsx")["Parc complet"]
    assert rows[0] == list(document["columns"].values()) == [cell.value for cell in sheet[1]]
    assert len(rows) - 1 == len(document["assets"]) == sheet.max_row - 1 == len(pristine.market.assets)
    for number, asset in enumerate(document["assets"], 1):
        shown = [cell.value for cell in sheet[number + 1]]
        for column, text, cell in zip(COLUMNS, rows[number], shown, strict=True):
            value = asset.get(column.key)
            assert text == cell_text(value)
            if isinstance(cell, datetime):
                assert column.type == "date" and cell.date().isoformat() == value
            else:
                assert cell_text(cell) == text


def test_the_csv_opens_in_a_french_spreadsheet(folder: Path) -> None:
    for name in ("inventaire.csv", "logiciels.csv", "modifications.csv"):
        raw = (folder / name).read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf") and b"\r\n" in raw and b";" in raw.splitlines()[0]


def test_the_workbook_is_made_for_people(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "inventaire.xlsx")
    names = ["Synthèse", "Parc complet", "École élémentaire des Trois-Pla", "Logiciels du catalogue"]
    assert book.sheetnames == [*names, "Logiciels par école", "Modifications"]
    for name in book.sheetnames[1:]:
        sheet = book[name]
        assert sheet.freeze_panes == "B2"
        assert sheet.auto_filter.ref == sheet.dimensions
        assert sheet.print_title_rows == "$1:$1"
    sheet = book[names[2]]
    headers = {cell.value: cell.column_letter for cell in sheet[1]}
    bought = sheet[f"{headers['Date d’achat']}2"]
    assert isinstance(bought.value, datetime) and bought.number_format == "dd/mm/yyyy"
    assert sheet.column_dimensions[headers["Numéro de série"]].width > 15
    assert sheet.column_dimensions[headers["Code nature"]].hidden
    catalogue = list(book["Logiciels du catalogue"].iter_rows(values_only=True))
    assert ("UC250001", "GNU Typist", "2.9.5") in {(row[0], row[3], row[4]) for row in catalogue}


def test_no_password_is_in_the_inventory_and_a_column_says_where(folder: Path, pristine: Handover) -> None:
    import zipfile

    with zipfile.ZipFile(folder / "inventaire.xlsx") as book:
        written = b"".join(book.read(name) for name in book.namelist())
    written += b"".join(path.read_bytes() for path in folder.glob("*.[cj]*"))
    assert not [e for e in pristine.copy.entries() if e.password.encode() in written]
    rows = json.loads((folder / "inventaire.json").read_bytes())["assets"]
    said = {row["tag"]: row["passwords"] for row in rows}
    assert said["UC250001"] == "dans le coffre" and said["VP250001"] == "sans objet"


def test_a_password_that_is_not_in_the_vault_is_not_said_to_be(pristine: Handover, tmp_path: Path) -> None:
    """Managed without an entry; unmanaged with one; a password that no login has confirmed yet is none."""
    vault = Vault.create(tmp_path / "vault.kdbx", PASSPHRASE, cost=CHEAP)
    with vault.transaction() as change:
        for tag in ("UC250001", "UC250002", "IM250001"):
            change.put_pending(
                "trois_platanes", tag, "cartable", username="cartable", password="Une-phrase-9"
            )
        for tag in ("UC250001", "IM250001"):
            change.make_current("trois_platanes", tag, "cartable")
    assert tags_in_vault(vault) == {"UC250001", "IM250001"}
    market, state = pristine.market, pristine.state
    write_inventories(tmp_path, market, state, in_vault=tags_in_vault(vault), now=NOW)
    rows = json.loads((tmp_path / "inventaire.json").read_bytes())["assets"]
    said = {row["tag"]: row["passwords"] for row in rows}
    assert said["UC250001"] == said["IM250001"] == "dans le coffre"
    assert said["UC250002"] == said["SW250001"] == "absent du coffre"
    assert said["VP250001"] == "sans objet"


def test_a_software_name_is_never_run_as_a_formula(folder: Path) -> None:
    assert "\r\nNA250001;trois_platanes;'=danger;1;Debian\r\n" in (
        folder / "logiciels.csv"
    ).read_bytes().decode("utf-8-sig")
    for row in openpyxl.load_workbook(folder / "inventaire.xlsx")["Logiciels par école"].iter_rows():
        assert all(cell.data_type != "f" for cell in row)


def test_the_first_inventory_says_so(folder: Path) -> None:
    rows = list(read_table(folder / "modifications.csv"))
    assert [row[2] for row in rows[1:]] == ["premier inventaire"]


def test_the_second_inventory_lists_what_changed(folder: Path, pristine: Handover, tmp_path: Path) -> None:
    market = pristine.market
    assets = dict(market.assets)
    projector = assets.pop("VP250001")
    assets["VP269999"] = replace(
        projector, tag="VP269999", attributes={**projector.attributes, "serial": "NEW"}
    )
    assets["TB250001"] = replace(assets["TB250001"], room="cm2")
    state = State.create(tmp_path / "state")
    for asset in assets.values():
        if asset.managed:
            write_records(state, market, asset, pristine.vault)
    record = state.read_json("trois_platanes", "UC250001", "inventory.json")
    assert record is not None
    record["content"]["softwares"] = [{"name": "bash", "version": "5.3"}, {"name": "zsh", "version": "1"}]
    state.write("trois_platanes", "UC250001", "inventory.json", record)
    (tmp_path / "out").mkdir()
    market, in_vault = replace(market, assets=assets), tags_in_vault(pristine.vault)
    write_inventories(tmp_path / "out", market, state, in_vault=in_vault, previous=folder, now=NOW)
    rows = [row for row in list(read_table(tmp_path / "out/modifications.csv"))[1:] if "relevé" not in row[3]]
    assert rows == [
        ["TB250001", "trois_platanes", "modifié", "Code salle", "cp", "cm2"],
        ["TB250001", "trois_platanes", "modifié", "Salle", "Classe de CP", "Classe de CM2"],
        ["UC250001", "trois_platanes", "désinstallé", "'=danger", "1", ""],
        ["UC250001", "trois_platanes", "mis à jour", "bash", "5.2.37", "5.3"],
        ["UC250001", "trois_platanes", "désinstallé", "gtypist", "2.9.5", ""],
        ["UC250001", "trois_platanes", "désinstallé", "qpdf", "12.2.0", ""],
        ["UC250001", "trois_platanes", "installé", "zsh", "", "1"],
        ["VP269999", "trois_platanes", "ajouté", "équipement", "", "vidéoprojecteur"],
        ["VP250001", "trois_platanes", "retiré", "équipement", "vidéoprojecteur", ""],
    ]


def test_nothing_changed_is_no_change(folder: Path, pristine: Handover, tmp_path: Path) -> None:
    in_vault = tags_in_vault(pristine.vault)
    write_inventories(tmp_path, pristine.market, pristine.state, in_vault=in_vault, previous=folder, now=NOW)
    [_, said] = read_table(tmp_path / "modifications.csv")
    assert said[2:4] == [
        "aucune modification",
        "depuis l’inventaire du 2\u00a0mars\u00a02026 à 10\u00a0h\u00a030",
    ]
    for name in ("inventaire.csv", "inventaire.json", "logiciels.csv"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_a_previous_inventory_that_does_not_read_is_one_sentence(pristine: Handover, tmp_path: Path) -> None:
    (tmp_path / "inventaire.json").write_text("{")
    with pytest.raises(CartableError, match=r"previous inventory .* cannot be read"):
        write_inventories(tmp_path, pristine.market, pristine.state, in_vault=(), previous=tmp_path, now=NOW)


@given(st.lists(st.lists(TEXT, min_size=2, max_size=2), max_size=5))
def test_a_table_reads_back(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    path = tmp_path_factory.mktemp("table") / "a.csv"
    with write_table(path, ("a", "b")) as table:
        for row in rows:
            table.row(row)
    assert list(read_table(path)) == [["a", "b"], *([cell_text(cell) for cell in row] for row in rows)]


@given(TEXT)
def test_no_cell_starts_like_a_formula(value: str) -> None:
    assert not cell_text(value).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell_text(value).removeprefix("'") == value.removeprefix("'") or value.startswith("'")


@pytest.mark.parametrize(
    "value",
    ["\n=1", "＝1+1", " =cmd|'x'!A0", "\u00a0+1", "\ufeff@SUM(A1)", "＋33 1", "﹣2", "＠a", "\r\n-1", "\u200b=1"],
)  # fmt: skip
def test_a_formula_behind_what_is_not_seen_or_in_full_width_is_a_text(tmp_path: Path, value: str) -> None:
    assert cell_text(value) == f"'{value}"
    with write_table(tmp_path / "a.csv", ("a", "b")) as table:
        table.row(("x", value))
    assert list(read_table(tmp_path / "a.csv"))[1] == ["x", f"'{value}"]


@pytest.mark.parametrize(
    "value", ["", " ", "7-Zip", "a=1", "été +", "  libre", "«=»", "\u200bmot", "_=1", "(=1)"]
)
def test_other_texts_stay_as_they_are(value: str) -> None:
    assert cell_text(value) == value


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("E" * 30 + "🏫", "E" * 30),
        ("🏫" * 20, "🏫" * 15),
        ("a" + "🎒" * 20, "a" + "🎒" * 15),
        ("É" * 40, "É" * 31),
    ],
)
def test_sheet_names_are_cut_as_excel_counts(tmp_path: Path, title: str, name: str) -> None:
    names = sheet_names([("un", title), ("deux", title)])
    assert names["un"] == name
    now = datetime(2026, 3, 1)
    with Workbook(tmp_path / "a.xlsx", title="t", author="a", created=now) as book:
        for sheet in names.values():
            book.sheet(sheet, ["a"], [9]).add(["🎒" * 20_000])
        book.sheet("Nombres", ["a", "b", "c"], [9, 9, 9]).add([10**400, "Jeu \ud83d", float("nan")])
    read = Spreadsheet(tmp_path / "a.xlsx")
    assert set(names.values()) <= set(read.sheets)
    cell = read.rows(name)[1]["A"]
    assert len(cell.encode("utf-16-le")) // 2 <= 32_767
    assert says(cell, "🎒" * 20_000)
    numbers = read.rows("Nombres")[1]
    assert says(numbers["A"], 10**400)
    assert (numbers["B"], numbers["C"]) == ("Jeu \\ud83d", "nan")


@given(st.lists(TEXT, max_size=8))
def test_sheet_names_are_allowed_and_differ(titles: list[str]) -> None:
    names = sheet_names((str(key), title) for key, title in enumerate(titles))
    assert len({name.casefold() for name in names.values()}) == len(titles)
    for name in names.values():
        assert (
            0 < len(name.encode("utf-16-le")) // 2 <= 31
            and not set(name) & set("[]:*?/\\")
            and name == name.strip(" '")
        )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
SECTIONS = ("bios", "operatingsystem", "hardware", "cpus", "storages", "softwares", "network_device")


@given(st.fixed_dictionaries({"content": st.dictionaries(st.sampled_from(SECTIONS), JSON)}), JSON)
def test_no_record_however_strange_stops_a_handover(inventory: dict[str, object], accounts: object) -> None:
    seen = seen_from_records(
        inventory, accounts if isinstance(accounts, dict) else None, {"last_seen": "soon"}
    )
    assert seen.last_seen is None


def test_a_catalogue_entry_is_found_by_its_package_or_its_name() -> None:
    software = (Software("gtypist", "2.9"), Software("Scratch 3", "3.29"))
    assert (
        installed_version({"name": "GNU Typist", "sources": {"apt": {"packages": ["gtypist"]}}}, software)
        == "2.9"
    )
    assert (
        installed_version({"name": "scratch 3", "sources": {"winget": {"id": "MIT.Scratch"}}}, software)
        == "3.29"
    )
    assert installed_version({"name": "GIMP", "sources": {}}, software) is None


def test_a_system_without_updates_says_what_is_left_to_be_done(pristine: Handover) -> None:
    asset = pristine.market.assets["UC250001"]
    old = replace(asset, attributes={**asset.attributes, "os": "windows-7", "managed": False})
    values = {
        column.key: column.value(Source(pristine.market, old, Seen(), in_vault=False)) for column in COLUMNS
    }
    assert values["os_support_end"] == date(2023, 1, 10)  # nobody has ever read it
    assert "comptes" in str(values["care_possible"]) and "mises à jour" in str(values["care_impossible"])
