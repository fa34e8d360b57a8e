"""Names of collected files, escaped for every file system and for Git.

A managed host chooses how its files are called. Recorded under that name, one file could stop every commit of the
state (``.GIT``, ``git~1``) or every hand-over (``Foo`` beside ``foo``, which are one file on Windows and macOS). So a
name is written with ``a-z 0-9 . _ + @ -`` alone, and everything else is escaped:

``=x``      the letter before which it stands is a capital: ``=network=manager`` is ``NetworkManager``;
``=0hh``    one byte, in hexadecimal: ``a=03ab`` is ``a:b``, and bytes of UTF-8 stand for themselves;
``=1...``   a name that would be too long: its beginning, and the SHA-256 of all of it;
``=2...``   the same for a path as a whole;
``=3``      an empty name (``/etc//x``).

Two different paths have different names, also after folding case and composing accents.
"""

from __future__ import annotations

import hashlib
import re

LONGEST_NAME = 150  # bytes: file systems take 255, and writers add to it
LONGEST_PATH = 600
_PLAIN = re.compile(r"[a-z0-9_+@.-]*[a-z0-9_+@-]")
_OTHER = re.compile(rb"[^a-z0-9_+@.-]")
_ESCAPED = re.compile(r"=(?:0([0-9a-f]{2})|([a-z])|3)")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")  # Windows


def recorded_name(path: str) -> str:
    """The name under which the file ``path`` of an asset is recorded, relative and with ``/``."""
    name = "/".join(_part(part) for part in path.removeprefix("/").split("/"))
    return f"=2{_digest(path)}" if len(name) > LONGEST_PATH else name


def original_path(name: str) -> str:
    """The path that ``recorded_name`` was given; a part that was cut stays as it is written."""
    return "/" + "/".join(_original(part) for part in name.split("/"))


def _part(part: str) -> str:
    if _PLAIN.fullmatch(part) and not part.startswith(".git") and not _RESERVED.match(part):
        return part if len(part) <= LONGEST_NAME else _cut(part, part)
    if not part:
        return "=3"
    data = part.encode("utf-8", "surrogatepass")
    written = _OTHER.sub(_escape, data).decode("ascii")
    if written.startswith(".git") or _RESERVED.match(written):
        written = f"=0{ord(written[0]):02x}{written[1:]}"
    if written.endswith("."):  # Windows drops it
        written = f"{written[:-1]}=02e"
    return written if len(written) <= LONGEST_NAME else _cut(written, part)


def _escape(match: re.Match[bytes]) -> bytes:
    byte = match[0]
    return b"=" + byte.lower() if byte.isalpha() else b"=0%02x" % byte[0]


def _cut(written: str, part: str) -> str:
    beginning = written[:80].rpartition("=")[0] if "=" in written[76:80] else written[:80]
    return f"{beginning}=1{_digest(part)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def _original(part: str) -> str:
    if "=" not in part or re.search("=[12]", part):
        return part
    data = b""
    end = 0
    for match in _ESCAPED.finditer(part):
        data += part[end : match.start()].encode()
        data += bytes([int(match[1], 16)]) if match[1] else (match[2] or "").upper().encode()
        end = match.end()
    return (data + part[end:].encode()).decode("utf-8", "backslashreplace")
