"""The configuration of an asset, twice: readable without secrets, and complete but encrypted.

``config/...`` holds a copy of each text file for people and for differences, with secrets taken out.
``config.age`` holds everything as a tar.gz archive, encrypted with age to the market's key, for restoring.

age output differs each time, even for the same content. So a configuration is encrypted again only when its fingerprint
changes: an HMAC-SHA256 of the archive and the
recipient, under a random key that stays on this controller (``.git/cartable-fingerprint-key``, never
committed nor handed over). A plain hash would allow guessing of short secrets, since the rest of the archive has a
readable copy. The fingerprint is in ``volatile.json``; a controller without it encrypts once more, which is harmless. A
take-over notes it anew, under the successor's own key.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import hashlib
import hmac
import io
import secrets as random
import tarfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyrage

from reversibility.errors import CartableError
from reversibility.records.atomic import write_atomically
from reversibility.records.file_names import recorded_name
from reversibility.records.locking import file_lock
from reversibility.records.scrub import scrub
from reversibility.records.state import State

Redactor = Callable[[str, str], str | None]
"""Gives the readable copy of a file, by its path and text; None when it has none."""

RESTORABLE = "config.age"
READABLE = "config/"
FINGERPRINT = "configuration_fingerprint"
FINGERPRINT_KEY = "cartable-fingerprint-key"


@dataclass(frozen=True)
class ConfigurationFile:
    """One file of an asset: absolute path, bytes, and rights as they were; ``link`` for a symbolic link."""

    path: str
    content: bytes = field(repr=False)
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"
    link: str = ""


@dataclass
class Plan:
    """Changes needed to record a configuration: readable records to write, and other names that change."""

    readable: dict[str, str] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    archive: bytes = field(default=b"", repr=False)
    recipient: str = ""

    def remove_stale(self, state: State, site: str, asset: str) -> None:
        """Remove readable copies of files that no longer exist. Called first, since a file may have become a folder."""
        for name in self.stale:
            state.remove(site, asset, name)

    def apply(self, state: State, site: str, asset: str) -> None:
        """Remove stale readable copies and write the encrypted archive, when they change."""
        self.remove_stale(state, site, asset)
        if RESTORABLE in self.changes:
            state.write(site, asset, RESTORABLE, encrypt(self.archive, self.recipient))
            mark = fingerprint(state, self.archive, self.recipient)
            state.note_volatile(site, asset, {FINGERPRINT: mark})


def plan(
    state: State,
    site: str,
    asset: str,
    items: Iterable[Mapping[str, Any]],
    recipient: str,
    secrets: frozenset[str] = frozenset(),
    redactor: Redactor | None = None,
) -> Plan:
    """Compare a configuration from the module ``asset_configuration`` with the recorded one; writes nothing.

    ``secrets`` are the vault's; they are removed from the readable copies. ``redactor`` is the
    platform driver's; without one there is no readable copy.

    Raises CartableError when an item is not what the module gives.
    """
    files = read_items(items)
    readable = readable_copies(files, secrets, redactor)
    archive = pack(files)
    stale = [name for name in state.files(site, asset) if name.startswith(READABLE) and name not in readable]
    changes = list(stale)
    known = state.volatile(site, asset).get(FINGERPRINT)
    kept = state.read_bytes(site, asset, RESTORABLE)
    if not kept or not known or not _same_fingerprint(state, known, archive, recipient):
        changes.append(RESTORABLE)
    return Plan(readable, changes, stale, archive, recipient)


def read_items(items: Iterable[Mapping[str, Any]]) -> list[ConfigurationFile]:
    """Read the module's list {path, mode, owner, group, content_b64 or link}; sorted by path."""
    found: dict[str, ConfigurationFile] = {}
    for item in items:
        try:
            path = str(item["path"])
            content = base64.b64decode(str(item.get("content_b64", "")), validate=True)
            mode = int(str(item.get("mode", "0644")), 8)
        except (KeyError, ValueError, binascii.Error) as error:
            raise CartableError(
                f"The configuration file {item.get('path', '(without a path)')} cannot be read ({error}); "
                "give what cartable.fleet.asset_configuration returns."
            ) from error
        if not path.startswith("/") or ".." in path.split("/") or "\0" in path:
            raise CartableError(f"{path!r} is not the absolute path of a configuration file.")
        owner, group = str(item.get("owner", "root")), str(item.get("group", "root"))
        found[path] = ConfigurationFile(path, content, mode, owner, group, str(item.get("link", "")))
    return [found[path] for path in sorted(found)]


def readable_copies(
    files: Sequence[ConfigurationFile], secrets: frozenset[str], redactor: Redactor | None = None
) -> dict[str, str]:
    """The records for people, by name below the asset's folder: of the files whose grammar the driver knows.

    The others (binary, hashes and keys, a grammar that nobody wrote down) are in the encrypted copy alone.
    """
    copies: dict[str, str] = {}
    for file in files:
        name = READABLE + recorded_name(file.path)
        if file.link:
            copies[name] = f"-> {file.link}\n"
            continue
        try:
            text = file.content.decode("utf-8")
        except UnicodeDecodeError:
            continue
        try:
            readable = redactor(file.path, text) if redactor else None
        except (AttributeError, TypeError, ValueError, LookupError, RecursionError):
            readable = None  # no readable copy without a known grammar
        if readable is not None:
            copies[name] = scrub(readable, secrets)
    return copies


def pack(files: Sequence[ConfigurationFile]) -> bytes:
    """Make the archive: the same bytes for the same files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for file in sorted(files, key=lambda file: file.path):
            member = tarfile.TarInfo(file.path.lstrip("/"))
            member.mode, member.uname, member.gname = file.mode, file.owner, file.group
            if file.link:
                member.type, member.linkname = tarfile.SYMTYPE, file.link
                archive.addfile(member)
            else:
                member.size = len(file.content)
                archive.addfile(member, io.BytesIO(file.content))
    return buffer.getvalue()


def encrypt(archive: bytes, recipient: str) -> bytes:
    """Compress and encrypt with age. Raises CartableError when the recipient is not a public age key."""
    try:
        return bytes(
            pyrage.encrypt(gzip.compress(archive, mtime=0), [pyrage.x25519.Recipient.from_str(recipient)])
        )
    except (pyrage.RecipientError, ValueError) as error:
        raise CartableError(
            f"{recipient!r} is not a public age key; restore age-recipient.txt from the state's history."
        ) from error


def open_restorable(data: bytes, identity: str) -> dict[str, bytes]:
    """Decrypt and unpack ``config.age``: content by absolute path, links left out.

    Raises CartableError when it was not encrypted to this key, or is damaged.
    """
    return {file.path: file.content for file in open_files(data, identity) if not file.link}


def open_files(data: bytes, identity: str) -> list[ConfigurationFile]:
    """Decrypt and unpack ``config.age``: the files with their owners and rights, and the links.

    Raises CartableError when it was not encrypted to this key, or is damaged.
    """
    archive = _decrypt(data, identity)
    found = []
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
            for member in opened:
                content = opened.extractfile(member) if member.isreg() else None
                if content is None and not member.issym():
                    continue
                read = content.read() if content is not None else b""
                owners = member.mode, member.uname, member.gname
                found.append(ConfigurationFile(f"/{member.name}", read, *owners, member.linkname))
    except (tarfile.TarError, OSError, EOFError) as error:
        raise CartableError(f"The archive in a {RESTORABLE} is damaged ({error}).") from error
    return found


def recognize(state: State, site: str, asset: str, identity: str) -> None:
    """Note the fingerprint of a kept configuration that another controller has encrypted, so that it is not again.

    Raises CartableError when it was not encrypted to this key, or is damaged.
    """
    kept, recipient = state.read_bytes(site, asset, RESTORABLE), state.recipient()
    if kept and recipient:
        try:
            archive = gzip.decompress(_decrypt(kept, identity))
        except (OSError, EOFError) as error:
            raise CartableError(f"The archive in a {RESTORABLE} is damaged ({error}).") from error
        state.note_volatile(site, asset, {FINGERPRINT: fingerprint(state, archive, recipient)})


def _decrypt(data: bytes, identity: str) -> bytes:
    try:
        return bytes(pyrage.decrypt(data, [pyrage.x25519.Identity.from_str(identity)]))
    except (pyrage.DecryptError, pyrage.IdentityError, ValueError) as error:
        raise CartableError(
            f"A {RESTORABLE} cannot be decrypted ({error}); is this the right vault?"
        ) from error


def as_item(file: ConfigurationFile) -> dict[str, str]:
    """A file in the format of the module ``asset_configuration``."""
    item = {"path": file.path, "mode": f"{file.mode:04o}", "owner": file.owner, "group": file.group}
    if file.link:
        return {**item, "link": file.link}
    return {**item, "content_b64": base64.b64encode(file.content).decode("ascii")}


def fingerprint(state: State, archive: bytes, recipient: str) -> str:
    """Give the fingerprint of an archive for a recipient, under this controller's key, which is made if
    missing.
    """
    path = state.directory / ".git" / FINGERPRINT_KEY
    with file_lock(state.directory / ".volatile.lock"):
        if not path.is_file() or path.stat().st_size != 32:
            write_atomically(path, random.token_bytes(32), mode=0o600)
        key = path.read_bytes()
    return _fingerprint(key, archive, recipient)


def _same_fingerprint(state: State, known: str, archive: bytes, recipient: str) -> bool:
    path = state.directory / ".git" / FINGERPRINT_KEY
    return path.is_file() and hmac.compare_digest(known, _fingerprint(path.read_bytes(), archive, recipient))


def _fingerprint(key: bytes, archive: bytes, recipient: str) -> str:
    return hmac.new(key, recipient.encode() + b"\0" + archive, hashlib.sha256).hexdigest()
