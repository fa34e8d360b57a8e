"""Open formats are opened, not believed; and the data about kinds covers every kind a market may declare."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
import zlib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xlsxwriter.utility import xl_col_to_name

from reversibility.contract.attributes import mandatory_attributes
from reversibility.contract.formats import OPENERS, open_format
from reversibility.contract.spreadsheet import Spreadsheet, says
from reversibility.documents.columns import COLUMNS
from reversibility.documents.workbook import Workbook
from reversibility.market.kinds import kind_table
from reversibility.records.tables import Cell
from tests.unit.contract.handover import NOW, PROJECT

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**15), 10**15),
    st.dates(date(1900, 3, 1)),  # a workbook counts a 29 February 1900, which never was
    st.text(st.characters(codec="utf-8")),
    st.sampled_from(["_x000D_", "a\r\n\tb ", "=1+1", "2025-04-14", "12"]),
)


def archive(member: str) -> bytes:
    """A zip file with one member."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as found:
        found.writestr(member, "x")
    return buffer.getvalue()


def tar() -> bytes:
    """A tar.gz with one file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as found:
        found.addfile(tarfile.TarInfo("a"), io.BytesIO())
    return buffer.getvalue()


def pdf(metadata: bytes, compressed: bool = False) -> bytes:
    """As much of a PDF file as shows what it says of itself."""
    data = zlib.compress(metadata) if compressed else metadata
    how = b"/Filter /FlateDecode" if compressed else b""
    return b"%PDF-1.7\n1 0 obj\n<</Type /Metadata" + how + b">>\nstream\n" + data + b"\nendstream\n%%EOF\n"


PDFA = b"<pdfaid:part>3</pdfaid:part>"
GOOD = {
    "a.json": b'{"a": 1}',
    "a.jsonl": b'{"a": 1}\n{"a": 2}\n',
    "a.csv": '\ufeffÉcole;Nombre\r\n"a;b";2\r\n'.encode(),
    "comma.csv": b"a,b\n1,2\n",
    "a.xlsx": archive("xl/workbook.xml"),
    "a.ods": archive("mimetype"),
    "a.pdf": pdf(PDFA),
    "compressed.pdf": pdf(PDFA, compressed=True),
    "a.xml": b"<a><b/></a>",
    "a.yml": b"a: !vault |\n  b\n",
    "a.age": b"age-encryption.org/v1\n-> X25519 a\n",
    "a.kdbx": bytes.fromhex("03d9a29a67fb4bb5") + b"\x00",
    "a.bundle": b"# v2 git bundle\n",
    "a.tar.gz": tar(),
    "essai-1.0-py3-none-any.whl": archive("essai-1.0.dist-info/RECORD"),
    "a.png": b"\x89PNG\r\n\x1a\n",
    "a.jpg": b"\xff\xd8\xff\xe0",
    "sshd_config": "Banner é\n".encode(),
}
BAD = {
    "a.json": b"{",
    "a.jsonl": b'{"a": 1}\n{\n',
    "a.csv": b"a;b\n1;2;3\n",
    "latin.csv": b"\xc9cole;b\n",
    "a.xlsx": archive("word/document.xml"),
    "a.ods": b"not a zip file",
    "a.pdf": pdf(b"<x:xmpmeta/>"),
    "claims.pdf": b"%PDF-1.7\n% pdfaid:part in the text only\n%%EOF\n",
    "broken.pdf": pdf(PDFA, compressed=True).replace(b"x\x9c", b"xx"),
    "cut.pdf": pdf(PDFA)[:-6],
    "a.xml": b"<a>",
    "a.yml": b"a: [",
    "a.age": b"a password in clear",
    "a.kdbx": b"not a vault",
    "a.bundle": b"",
    "a.tar.gz": tar()[:-12],
    "essai-1.0-py3-none-any.whl": archive("essai/__init__.py"),
    "a.png": b"GIF89a",
    "a.docx": b"PK\x03\x04\x00",
    "sshd_config": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("name", GOOD)
def test_what_is_in_an_open_format_opens(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(GOOD[name])
    assert open_format(str(tmp_path / name)) is None


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_what_its_name_says_does_not(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(BAD[name])
    assert open_format(str(tmp_path / name))


def test_every_opener_is_tried_both_ways() -> None:
    tried = {Path(name).suffix for name in GOOD} | {
        ".tar.gz",
        ".jpeg",
        ".odt",
        ".svg",
        ".tar",
        ".tgz",
        ".yaml",
    }
    assert set(OPENERS) <= tried


def test_a_missing_file_does_not_open(tmp_path: Path) -> None:
    assert open_format(str(tmp_path / "a.json"))


def test_a_workbook_of_another_program_is_read(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "École"
    for tag in ("Étiquette", "UC250001", "UC250002"):
        sheet.append([tag, None, 7])
    book.save(tmp_path / "a.xlsx")
    read = Spreadsheet(tmp_path / "a.xlsx")
    rows = [{"A": tag, "C": "7"} for tag in ("Étiquette", "UC250001", "UC250002")]
    assert (read.sheets, read.rows("École")) == (["École"], rows)
    with pytest.raises(ValueError, match="Other"):
        read.rows("Other")
    read.close()


@settings(max_examples=25, deadline=None)  # a workbook each
@given(st.lists(VALUES, min_size=1, max_size=30))
def test_a_sheet_says_what_was_written_into_it(
    tmp_path_factory: pytest.TempPathFactory, values: list[Cell]
) -> None:
    path = tmp_path_factory.mktemp("book") / "a.xlsx"
    with Workbook(path, title="t", author="a", created=NOW) as book:
        book.sheet("École", ["x"] * (len(values) + 1), []).add(["UC250001", *values])
    read = Spreadsheet(path)
    row = read.rows("École")[1]
    read.close()
    letters = [xl_col_to_name(number) for number in range(1, len(values) + 1)]
    in_json = [json.loads(json.dumps(value, default=date.isoformat)) for value in values]
    for place, value in zip(letters, in_json, strict=True):
        assert says(row.get(place, ""), value)
        assert not says(row.get(place, "") + "0", value)
    assert set(row) <= {"A", *letters}


def test_every_declared_attribute_has_its_column() -> None:
    schema = json.loads((PROJECT / "reversibility/market/schemas/asset.schema.json").read_text())
    assert set(schema["properties"]) - {"buyout"} <= {column.key for column in COLUMNS}


def test_mandatory_attributes_are_columns_with_a_label() -> None:
    rules = mandatory_attributes()
    keys = {column.key for column in COLUMNS}
    for kind in (*kind_table().kinds, "unknown"):
        for managed in (True, False):
            names = rules.of({"financing": "rental", "second_hand": True}, kind, managed)
            assert set(names) <= keys and set(names) <= set(kind_table().attributes)
            assert len(names) == len(set(names))
    assert rules.threshold == 0.98
    assert {"purchased", "serial", "end_of_life"} <= set(
        rules.lacking({"tag": "A", "serial": ""}, "projector", False)
    )
    assert "contract_reference" in rules.lacking({"financing": "rental"}, "projector", False)
    assert "second_hand_certificate" in rules.lacking({"second_hand": True}, "classroom_pc", True)
    owned = rules.lacking({"financing": "purchase", "second_hand": False}, "classroom_pc", True)
    assert {"contract_reference", "second_hand_certificate", "buyout_date"}.isdisjoint(owned)
