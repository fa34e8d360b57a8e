"""Open formats (B 6.2): the allowed formats of a bundle, and the check of a file's content against its suffix.

Each opener reads the whole of what makes the format (a header is not enough for CSV or JSON; it is for
encrypted files, which nobody can read here) and answers None, or a few words in French on what is wrong. Paths
are plain strings: a bundle of 25,000 assets has 150,000 files, and making a Path of each takes longer than opening it.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import PurePath
from xml.etree import ElementTree

import yaml

Opener = Callable[[str], str | None]

KDBX_SIGNATURE = bytes.fromhex("03d9a29a67fb4bb5")
AGE_HEADER = b"age-encryption.org/v1\n"
# A stream of XML metadata, which is never inside another stream; its dictionary in any order.
PDF_METADATA = re.compile(rb"<<(?=[^>]*/Type\s*/Metadata)[^>]*>>\s*stream\r?\n")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def open_format(path: str) -> str | None:
    """Open ``path`` by its suffix; None when it opens, otherwise what is wrong, in French."""
    name = path.rpartition("/")[2].lower()
    suffix = ".tar.gz" if name.endswith(".tar.gz") else PurePath(name).suffix
    opener = OPENERS.get(suffix, _text)
    try:
        return opener(path)
    except OSError as error:
        return f"illisible ({error.strerror})"


def _bytes(path: str) -> bytes:
    with open(path, "rb") as stream:  # noqa: PTH123 - see above
        return stream.read()


def _json(path: str) -> str | None:
    try:
        # Only whether it reads: the 300,000 rows of a large completude.json are not kept.
        json.loads(_bytes(path), object_pairs_hook=len)
    except (ValueError, RecursionError):
        return "n’est pas du JSON"
    return None


def _jsonl(path: str) -> str | None:
    with open(path, "rb") as lines:  # noqa: PTH123 - see above
        for number, line in enumerate(lines, 1):
            try:
                json.loads(line)
            except (ValueError, RecursionError):
                return f"la ligne {number} n’est pas du JSON"
    return None


def _csv(path: str) -> str | None:
    """Read every row: UTF-8, and as many cells in each row as in the header."""
    with open(path, encoding="utf-8-sig", newline="") as stream:  # noqa: PTH123 - see above
        try:
            header = stream.readline()
            delimiter = ";" if header.count(";") >= header.count(",") else ","
            stream.seek(0)
            rows = csv.reader(stream, delimiter=delimiter, strict=True)
            width = len(next(rows, []))
            if not width:
                return "tableau sans en-tête"
            for number, row in enumerate(rows, 2):
                if len(row) != width:
                    return f"la ligne {number} compte {len(row)} cellules au lieu de {width}"
        except UnicodeDecodeError:
            return "n’est pas en UTF-8"
        except csv.Error:
            return "n’est pas du CSV"
    return None


def _zip_with(member: str) -> Opener:
    """Make an opener for a format that is a zip file with ``member`` inside (OOXML, ODF)."""

    def opener(path: str) -> str | None:
        try:
            with zipfile.ZipFile(path) as archive:
                if archive.testzip() is not None:
                    return "archive endommagée"
                return None if member in archive.namelist() else f"ne contient pas {member}"
        except zipfile.BadZipFile:
            return "n’est pas un classeur ou un document lisible"

    return opener


def _wheel(path: str) -> str | None:
    """A zip file with the list of what it installs."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:
                return "archive endommagée"
            known = any(name.endswith(".dist-info/RECORD") for name in archive.namelist())
    except zipfile.BadZipFile:
        return "n’est pas un paquet Python lisible"
    return None if known else "n’est pas un paquet Python"


def _pdf(path: str) -> str | None:
    """Accept PDF/A only (any part): what documentation must be handed over in."""
    content = _bytes(path)
    if not content.startswith(b"%PDF-") or b"%%EOF" not in content[-1024:]:
        return "n’est pas un PDF complet"
    return None if b"pdfaid:part" in pdf_metadata(content) else "PDF ordinaire, attendu PDF/A"


def pdf_metadata(content: bytes) -> bytes:
    """Return the XMP metadata of a PDF file, decompressed where need be; empty when it has none."""
    found = b""
    for start in PDF_METADATA.finditer(content):
        data = content[start.end() : content.find(b"endstream", start.end())]
        if b"FlateDecode" in start[0]:
            try:
                data = zlib.decompressobj().decompress(data)
            except zlib.error:
                continue
        found += data
    return found


def _xml(path: str) -> str | None:
    try:
        for _, element in ElementTree.iterparse(path):
            element.clear()
    except ElementTree.ParseError:
        return "n’est pas du XML"
    return None


def _yaml(path: str) -> str | None:
    """Read the syntax only: tags such as ``!vault`` belong to others."""
    try:
        for _ in yaml.parse(_bytes(path), Loader=_Loader):
            pass
    except yaml.YAMLError:
        return "n’est pas du YAML"
    except UnicodeDecodeError:
        return "n’est pas en UTF-8"
    return None


def _starts_with(signatures: tuple[bytes, ...], name: str) -> Opener:
    """Make an opener for formats that begin with one of ``signatures``."""

    def opener(path: str) -> str | None:
        with open(path, "rb") as stream:  # noqa: PTH123 - see above
            head = stream.read(max(len(signature) for signature in signatures))
        return None if head.startswith(signatures) else f"n’est pas un fichier {name}"

    return opener


def _tar(path: str) -> str | None:
    """Read every member, and a compressed archive to its very end, where its check sum is."""
    try:
        with tarfile.open(path) as archive:
            if not archive.getmembers():
                return "archive vide"
        if path.endswith("gz"):
            with gzip.open(path) as stream:
                while stream.read(1 << 20):
                    pass
    except (tarfile.TarError, EOFError, OSError, zlib.error):
        return "archive illisible"
    return None


def _text(path: str) -> str | None:
    """Read as UTF-8 text: configurations have any name; what is no text has no place without a known format."""
    try:
        content = _bytes(path)
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "ni texte UTF-8 ni format ouvert connu"
    return "ni texte UTF-8 ni format ouvert connu" if b"\x00" in content else None


OPENERS: dict[str, Opener] = {
    ".age": _starts_with((AGE_HEADER, b"-----BEGIN AGE ENCRYPTED FILE-----"), "age"),
    ".bundle": _starts_with((b"# v2 git bundle\n", b"# v3 git bundle\n"), "Git"),
    ".csv": _csv,
    ".jpeg": _starts_with((b"\xff\xd8\xff",), "JPEG"),
    ".jpg": _starts_with((b"\xff\xd8\xff",), "JPEG"),
    ".json": _json,
    ".jsonl": _jsonl,
    ".kdbx": _starts_with((KDBX_SIGNATURE,), "KeePass"),
    ".ods": _zip_with("mimetype"),
    ".odt": _zip_with("mimetype"),
    ".pdf": _pdf,
    ".png": _starts_with((b"\x89PNG\r\n\x1a\n",), "PNG"),
    ".svg": _xml,
    ".tar": _tar,
    ".tar.gz": _tar,
    ".tgz": _tar,
    ".whl": _wheel,
    ".xlsx": _zip_with("xl/workbook.xml"),
    ".xml": _xml,
    ".yaml": _yaml,
    ".yml": _yaml,
}
