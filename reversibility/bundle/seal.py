"""Closing a bundle: BagIt's tag files and manifests (RFC 8493), and the signatures over them.

The manifests are written here and not by the ``bagit`` library: it keeps the digests of all files in memory
and reads each file on its own account. ``bagit.py --validate`` is the judge of the result, in the tests.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reversibility import __version__
from reversibility.bundle import layout, texts
from reversibility.bundle.digests import Digest, digests, scan
from reversibility.bundle.signature import (
    allowed_signers_line,
    fingerprint_of,
    principal,
    public_key,
    sign,
    signer_fingerprint,
)
from reversibility.errors import CartableError


@dataclass(frozen=True)
class Label:
    """Metadata of the bundle for ``bag-info.txt`` and ``LISEZ-MOI.txt``."""

    market: str
    title: str
    organization: str
    identifier: str
    moment: datetime


@dataclass(frozen=True)
class Seal:
    """The result: payload files, their bytes, and the fingerprint of the key that signed."""

    files: int
    size: int
    fingerprint: str


def seal(bag: Path, label: Label, signing_key: Path, progress: Callable[[int], None] | None = None) -> Seal:
    """Close the bag in the folder ``bag``, whose ``data/`` is complete. Nothing may be written to it
    afterwards.

    Raises CartableError for a file that a bundle cannot hold, or when the key cannot sign.
    """
    public = public_key(signing_key)
    fingerprint = fingerprint_of(public)
    signer = f"{layout.SIGNER}-{layout.slug(label.market)}"
    _write(bag / layout.BAGIT, layout.BAGIT_TEXT)
    _write(bag / layout.VERIFIER, Path(__file__).with_name(layout.VERIFIER).read_bytes())
    _write(bag / layout.ALLOWED_SIGNERS, allowed_signers_line(signer, public).encode())
    _write(
        bag / layout.README,
        texts.readme(label.market, label.title, label.moment, fingerprint, label.identifier).encode("utf-8"),
    )
    files, size = _write_manifests(bag, progress)
    _write(bag / layout.BAG_INFO, _bag_info(label, files, size, fingerprint))
    _write_tagmanifests(bag)
    for manifest, signature in zip(layout.TAGMANIFESTS, layout.SIGNATURES, strict=True):
        _write(bag / signature, sign(bag / manifest, signing_key))
        made_by = signer_fingerprint(bag / manifest, bag / signature)
        if made_by != fingerprint:
            raise CartableError(
                f"{signing_key}.pub is not the public half of {signing_key}; write it again with: "
                f"ssh-keygen -y -f '{signing_key}' > '{signing_key}.pub'."
            )
        principal(bag / manifest, bag / signature, bag / layout.ALLOWED_SIGNERS)
    return Seal(files, size, fingerprint)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _payload(bag: Path) -> dict[str, int]:
    """The files below ``data/``, as they will be listed; what a bundle cannot hold is refused by name."""
    found = scan(bag / layout.DATA)
    problems = [f"{path} is a {what}" for path, what in found.irregular.items()]
    problems += [f"{path} is an empty folder" for path in found.empty]
    seen: dict[str, str] = {}
    for path in found.files:
        if (reason := layout.refusal(path)) is not None:
            problems.append(f"{path!r} {reason}")
        elif path != unicodedata.normalize("NFC", path):
            problems.append(f"{path!r} is not written with composed accents (NFC)")
        if (other := seen.setdefault(layout.same_file(path), path)) != path:
            problems.append(f"{path} is the same name as {other} on Windows or macOS")
    if problems:
        raise CartableError(
            f"The bundle cannot hold what was put into data/ ({'; '.join(problems[:5])}); rename it at its "
            "source."
        )
    return {f"{layout.DATA}/{path}": size for path, size in sorted(found.files.items())}


def _write_manifests(bag: Path, progress: Callable[[int], None] | None) -> tuple[int, int]:
    """Write both payload manifests in one reading of the payload; returns the number of files and bytes."""
    size = 0
    files = _payload(bag)
    with ExitStack() as stack:
        manifests = [
            stack.enter_context((bag / name).open("w", encoding="utf-8", newline="\n"))
            for name in layout.MANIFESTS
        ]
        for path, digest in digests(bag, files, progress):
            _add(manifests[0].write, manifests[1].write, path, digest)
            size += files[path]
    return len(files), size


def _write_tagmanifests(bag: Path) -> None:
    """List every tag file but the tag manifests themselves, as RFC 8493 (2.2.1) wants it."""
    names = sorted(entry.name for entry in os.scandir(bag) if entry.is_file(follow_symlinks=False))
    tags = {name: 0 for name in names if name not in layout.UNLISTED}
    lines: tuple[list[str], list[str]] = ([], [])
    for path, digest in digests(bag, tags):
        _add(lines[0].append, lines[1].append, path, digest)
    for name, content in zip(layout.TAGMANIFESTS, lines, strict=True):
        _write(bag / name, "".join(content).encode("utf-8"))


def _add(
    sha256: Callable[[str], object], sha512: Callable[[str], object], path: str, digest: Digest | OSError
) -> None:
    if isinstance(digest, OSError):
        raise CartableError(f"{path} of the bundle cannot be read back ({digest.strerror}); check the disk.")
    sha256(f"{digest.sha256}  {path}\n")
    sha512(f"{digest.sha512}  {path}\n")


def _bag_info(label: Label, files: int, size: int, fingerprint: str) -> bytes:
    fields = {
        "Bag-Software-Agent": f"cartable {__version__}",
        "Bagging-Date": f"{label.moment:%Y-%m-%d}",
        "External-Description": f"Dossier de réversibilité, {label.title}",
        "External-Identifier": label.identifier,
        "Payload-Oxum": f"{size}.{files}",
        "Signing-Key-Fingerprint": fingerprint,
        "Source-Organization": label.organization,
    }
    return "".join(f"{name}: {' '.join(value.split())}\n" for name, value in fields.items()).encode("utf-8")
