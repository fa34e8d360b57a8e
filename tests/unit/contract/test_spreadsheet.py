"""A damaged workbook is reported, wherever the damage is."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from reversibility.contract.spreadsheet import Spreadsheet


@pytest.mark.parametrize("member", ["xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"])
@pytest.mark.parametrize("place", [0, 3, 40])
def test_a_damaged_part_is_no_workbook(tmp_path: Path, member: str, place: int) -> None:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("one")
        for row in range(200):
            sheet.write_row(row, 0, [f"text {row}", row * row])
    assert len(Spreadsheet(path).rows("one")) == 200
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo(member).header_offset + 30 + len(member)
    content = bytearray(path.read_bytes())
    content[start + place : start + place + 8] = b"\xff" * 8
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"book\.xlsx|one"):
        Spreadsheet(path).rows("one")
