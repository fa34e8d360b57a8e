"""Verification of a bundle: unchanged, complete, without additions, and signed by the expected signer.

The chain: two signatures cover the two tag manifests, these cover every other file outside ``data/`` (the
payload manifests, bagit.txt, the stand-alone verifier, the copy of allowed_signers), and the payload
manifests cover every file below ``data/``. A file outside that chain is refused. Both SHA-256 and SHA-512 are checked
for every file: a bag is *valid* (RFC 8493, section 3)
only if all its manifests hold.

``verifier.py`` gives the same verdict without this code; a test compares both.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from reversibility.bundle.digests import Scan, digest_of, digests, scan
from reversibility.bundle.layout import (
    ALGORITHMS,
    ALLOWED_SIGNERS,
    DATA,
    REQUIRED_TAGS,
    SIGNATURES,
    TAGMANIFESTS,
    UNLISTED,
    refusal,
    same_file,
)
from reversibility.bundle.signature import MismatchError, SignatureError, principal, signer_fingerprint
from reversibility.errors import CartableError

MANIFESTS = (*TAGMANIFESTS, *(f"manifest-{algorithm}.txt" for algorithm in ALGORITHMS))
BAG_INFO = "bag-info.txt"
NAMED = "cartable-"  # name of a bundle's folder, unless it was renamed
_LINE = {"sha256": re.compile(r"^([0-9a-f]{64})  (.+)$"), "sha512": re.compile(r"^([0-9a-f]{128})  (.+)$")}


class Problem(NamedTuple):
    """One problem; ``file`` is relative to the bundle."""

    file: str
    problem: str


@dataclass
class Report:
    """Result of a verification. ``signer_checked`` is False without an expected signer."""

    bundle: Path
    files: int = 0
    size: int = 0  # bytes
    problems: list[Problem] = field(default_factory=list)
    fingerprint: str | None = None
    principal: str | None = None
    identifier: str | None = None  # the name that was signed
    signer_checked: bool = False

    @property
    def intact(self) -> bool:
        """Whether there is no problem. The signer is known only if ``signer_checked``."""
        return not self.problems


def verify(
    bundle: Path,
    allowed_signers: Path | None = None,
    *,
    fingerprint: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Check the bundle in the folder ``bundle`` and list all problems.

    Who may sign comes from the outside: an ``allowed_signers`` file (ssh-keygen(1)) or the ``fingerprint``
    (``SHA256:…``) on the town's paper. Without either, the copy inside the bundle shows no more than that the
    bundle agrees with itself.

    Raises CartableError if there is no bundle, or if a file cannot be read, so that no verdict is possible.
    """
    try:
        return _verify(bundle, allowed_signers, fingerprint, progress)
    except OSError as error:
        raise CartableError(
            f"{error.filename or bundle} cannot be read ({error.strerror}), so the bundle cannot be verified; "
            "verify it as somebody who may read all of it."
        ) from error


def _verify(
    bundle: Path,
    allowed_signers: Path | None,
    fingerprint: str | None,
    progress: Callable[[int], None] | None,
) -> Report:
    if not bundle.is_dir():
        raise CartableError(f"{bundle} is not a folder; give the folder that holds bagit.txt.")
    if allowed_signers is not None:
        if not allowed_signers.is_file():
            raise CartableError(
                f"There is no allowed-signers file {allowed_signers}; give the one that you trust."
            )
        with allowed_signers.open("rb"):
            pass  # ssh-keygen treats an unreadable list like an empty one
    report = Report(bundle)
    found = scan(bundle)
    report.files, report.size = len(found.files), sum(found.files.values())
    for path, what in found.irregular.items():
        _note(report, path, f"is a {what}; a bundle holds plain files only")
    for path in found.empty:
        _note(report, path, "is an empty folder that the bundle was not made with")
    # Read once, so that the parsed, compared and signed bytes are the same even if the file changes meanwhile.
    read = {name: (bundle / name).read_bytes() for name in (*MANIFESTS, BAG_INFO) if name in found.files}
    expected, present = _expected(found, read, report)
    _check_files(bundle, found, expected, present, read, report, progress)
    _check_signatures(bundle, found, read, allowed_signers, fingerprint, report)
    _check_identifier(bundle, read, report)
    report.problems.sort()
    return report


def _note(report: Report, path: str, problem: str) -> None:
    report.problems.append(Problem(path, problem))


def _expected(
    found: Scan, read: Mapping[str, bytes], report: Report
) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Read the four manifests: path as listed -> {algorithm: digest}, and -> path on the disk."""
    tags: dict[str, dict[str, str]] = {}
    payload: dict[str, dict[str, str]] = {}
    for algorithm in ALGORITHMS:
        for name, into in ((f"tagmanifest-{algorithm}.txt", tags), (f"manifest-{algorithm}.txt", payload)):
            if name in read:  # otherwise it is missing or irregular, which is said below
                _read_manifest(name, read[name], algorithm, into, report)
    for name in (*REQUIRED_TAGS, *TAGMANIFESTS, *SIGNATURES):
        if name not in found.files and name not in found.irregular:
            _note(report, name, "is missing")
        elif name in REQUIRED_TAGS and name not in tags and tags:
            _note(report, name, "is in no tag manifest")
    listed = {**tags, **payload}
    _check_collisions(listed, report)
    on_disk: dict[str, list[str]] = {}
    for path in found.files:
        on_disk.setdefault(unicodedata.normalize("NFC", path), []).append(path)
    present = {}
    for path in listed:
        if path in found.files:
            present[path] = path
        elif len(same := on_disk.get(unicodedata.normalize("NFC", path), [])) == 1:
            present[path] = same[0]  # a Mac decomposes accents; the content is what counts
        elif path not in found.irregular and path not in REQUIRED_TAGS:
            _note(report, path, "is missing")
    for path in found.files.keys() - set(present.values()) - UNLISTED - set(REQUIRED_TAGS):
        _note(report, path, "was added: no manifest lists it")
    return listed, present


def _read_manifest(
    name: str, content: bytes, algorithm: str, into: dict[str, dict[str, str]], report: Report
) -> None:
    """Read one manifest into ``into``; each line that is not as we write them is a problem."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        _note(report, name, "is not UTF-8 text")
        return
    if text and not text.endswith("\n"):
        _note(report, name, "does not end with a whole line")
    in_payload = name.startswith("manifest-")
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        if (match := _LINE[algorithm].match(line)) is None:
            _note(report, name, f"line {number} is not a {algorithm} digest, two spaces and a path")
            continue
        digest, path = match.groups()
        reason = refusal(path)
        if reason is None and (path.split("/")[0] == DATA) is not in_payload:
            reason = "belongs to another manifest"
        if reason is None and path in UNLISTED:
            reason = "cannot be in a manifest"
        if reason is not None:
            _note(report, name, f"line {number} lists {path!r}, which {reason}")
        elif algorithm in into.setdefault(path, {}):
            _note(report, name, f"line {number} lists {path} a second time")
        else:
            into[path][algorithm] = digest


def _check_collisions(listed: dict[str, dict[str, str]], report: Report) -> None:
    seen: dict[str, str] = {}
    for path in listed:
        if (other := seen.setdefault(same_file(path), path)) != path:
            _note(report, path, f"is the same name as {other} on Windows or macOS")


def _check_files(
    bundle: Path,
    found: Scan,
    listed: dict[str, dict[str, str]],
    present: dict[str, str],
    read: Mapping[str, bytes],
    report: Report,
    progress: Callable[[int], None] | None,
) -> None:
    wanted = {disk: path for path, disk in present.items()}
    later = {disk: found.files[disk] for disk in wanted if disk not in read}
    parsed = ((disk, digest_of(read[disk])) for disk in wanted if disk in read)
    for disk, result in (*parsed, *digests(bundle, later, progress)):
        path = wanted[disk]
        if isinstance(result, OSError):
            raise result
        for algorithm in ALGORITHMS:
            expected = listed[path].get(algorithm)
            if expected is None:
                _note(report, path, f"is missing from the {algorithm} manifest")
            elif expected != getattr(result, algorithm):
                _note(report, path, f"was changed: its {algorithm} is not the manifest's")


def _check_identifier(bundle: Path, read: Mapping[str, bytes], report: Report) -> None:
    """Compare the folder's name with the signed one, to detect an older bundle under a newer name."""
    if BAG_INFO not in read:
        return  # said already
    signed = re.search(rb"^External-Identifier: ([!-~]+)$", read[BAG_INFO], re.MULTILINE)
    if signed is None:
        _note(report, BAG_INFO, "does not say which bundle this is (External-Identifier)")
        return
    report.identifier = signed[1].decode("ascii")
    # The name as it was given may be a link's.
    for name in sorted({bundle.absolute().name, bundle.resolve().name}):
        if name.casefold().startswith(NAMED) and name != report.identifier:
            _note(report, BAG_INFO, f"is of the bundle {report.identifier}, and the folder is called {name}")


def _check_signatures(
    bundle: Path,
    found: Scan,
    read: Mapping[str, bytes],
    allowed_signers: Path | None,
    fingerprint: str | None,
    report: Report,
) -> None:
    prints = set()
    for manifest, signature in zip(TAGMANIFESTS, SIGNATURES, strict=True):
        if manifest not in read or signature not in found.files:
            continue  # said already
        data, file = read[manifest], bundle / signature
        try:
            report.fingerprint = signer_fingerprint(data, file)
            prints.add(report.fingerprint)
            if ALLOWED_SIGNERS in found.files:
                principal(data, file, bundle / ALLOWED_SIGNERS)
            if fingerprint is not None and report.fingerprint != fingerprint:
                raise SignatureError(
                    f"is of the key {report.fingerprint}, not of {fingerprint}: the wrong signer"
                )
            if allowed_signers is not None:
                report.principal = principal(data, file, allowed_signers)
        except SignatureError as error:
            _note(report, signature, f"{error}; it signs {manifest}")
            if isinstance(error, MismatchError):
                _note(report, manifest, f"is not what was signed, or {signature} was changed")
    if len(prints) > 1:
        _note(report, SIGNATURES[1], "is of another key than the other signature")
    report.signer_checked = (fingerprint is not None or allowed_signers is not None) and len(prints) == 1
