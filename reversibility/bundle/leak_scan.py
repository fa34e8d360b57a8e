"""Scan of a finished bundle for secrets in the clear: private keys, age identities, KeePass files, vault secrets."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zipfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from reversibility.bundle import layout
from reversibility.errors import CartableError

KDBX = b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5"
KEY_BEGIN = re.compile(rb"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----")
# A whole key, not a text that speaks of one: tests and documents of the project quote the first line.
SHORTEST_KEY, LONGEST_KEY = 100, 20_000  # bytes between the two lines
NOT_OF_A_KEY = re.compile(rb"[^A-Za-z0-9+/=\s:,.-]")
AGE_IDENTITY = re.compile(rb"AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}")
SHORTEST = 8  # of a secret: anything shorter stands in ordinary words; the policy asks for twelve characters
LARGEST = 256 * 1024 * 1024  # bytes of an archive's member that are looked at


def refuse_leaks(data: Path, secrets: Iterable[str], published: Collection[Path] = ()) -> None:
    """Raise CartableError with the names of the files of the payload ``data`` that hold a secret in the clear.

    Looks into tar and zip archives (workbooks), not into ``depot.bundle``, which holds commits of the project, nor into
    ``published``: packages from an index, whose documents have private keys as examples.
    """
    needles = _starts(secrets)
    found = [
        f"{name} ({what})"
        for path in sorted(data.rglob("*"))
        if path.is_file() and not path.is_symlink() and path not in published
        for name, content in _contents(path, str(path.relative_to(data)))
        if (what := _leak(name, content, needles))
    ]
    if found:
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        raise CartableError(
            f"The bundle is not built: secrets would be in it in the clear, in {'; '.join(found[:5])}{more}. "
            "Take them out where they come from, and change them."
        )


def _leak(name: str, content: bytes, needles: dict[bytes, list[bytes]]) -> str | None:
    """What secret a file holds, in words; None when it holds none."""
    if content.startswith(KDBX) and not name.startswith(f"{layout.SECRETS}/"):
        return "a KeePass file"
    if _has_private_key(content):
        return "a private key"
    if b"AGE-SECRET-KEY-1" in content and AGE_IDENTITY.search(content):
        return "an age identity"
    for start, wholes in needles.items():
        if start in content and any(whole in content for whole in wholes):
            return "a secret of the vault"
    return None


def _has_private_key(content: bytes) -> bool:
    for begin in KEY_BEGIN.finditer(content):
        body, end, _ = content[begin.end() : begin.end() + LONGEST_KEY].partition(b"-----END ")
        if end and len(body) >= SHORTEST_KEY and not NOT_OF_A_KEY.search(body):
            return True
    return False


def _starts(secrets: Iterable[str]) -> dict[bytes, list[bytes]]:
    """Secrets by their first bytes, so that thousands are looked for at the price of their beginnings."""
    grouped: dict[bytes, list[bytes]] = {}
    for secret in secrets:
        whole = secret.encode("utf-8", "surrogateescape")
        if len(secret) >= SHORTEST:
            grouped.setdefault(whole[:SHORTEST], []).append(whole)
    return grouped


def _contents(path: Path, name: str) -> Iterator[tuple[str, bytes]]:
    """The file, and what is inside of it when it is an archive."""
    content = path.read_bytes()
    yield name, content
    try:
        if name.endswith(".log.gz"):
            yield name, gzip.decompress(content)
        if name.endswith((".tar.gz", ".tgz", ".tar")):
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                for member in archive:
                    opened = archive.extractfile(member) if member.isreg() else None
                    if opened is not None:
                        yield f"{name}/{member.name}", opened.read(LARGEST)
        elif zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as book:
                for entry in book.infolist():
                    with book.open(entry) as stream:
                        yield f"{name}/{entry.filename}", stream.read(LARGEST)
    except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError):
        return  # not an archive after all: its bytes were looked at
