"""The names inside a bundle: its folders, its tag files, and the rule for every file name.

A bundle is a BagIt bag (RFC 8493). This is the one place that says where things are in it::

    cartable-demo-20260301T083000Z/
        bagit.txt  bag-info.txt  LISEZ-MOI.txt  verifier.py  allowed_signers
        manifest-sha256.txt  manifest-sha512.txt           every file below data/
        tagmanifest-sha256.txt  tagmanifest-sha512.txt     every other file but these two and their signatures
        tagmanifest-sha256.txt.sig  tagmanifest-sha512.txt.sig
        data/completude.json  data/completude.html
        data/00-lisez-moi/ ... data/11-documents/          a file each in ``bundle/sections``
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

NAMESPACE = "cartable-bundle"
SIGNER = "cartable"  # the principal in allowed_signers when the town writes none of its own

DATA = "data"
START = "00-lisez-moi"
INVENTORY = "01-inventaire"
EQUIPMENT = "02-equipements"
NETWORKS = "03-reseaux"
SOFTWARE = "04-logiciels"
ACCOUNTS = "05-comptes"
SECRETS = "06-secrets"
CERTIFICATES = "07-certificats"
BACKUPS = "08-sauvegardes"
JOURNAL = "09-journal"
AUTOMATION = "10-automatisation"
DOCUMENTS = "11-documents"
EMPTY_NOTE = "DOSSIER-VIDE.txt"  # says why a folder holds nothing; it is no evidence of anything

VAULT = "vault.kdbx"
HALF_A = "moitie-a"
HALF_B = "moitie-b"
HOLDERS_FILE = "detenteurs.json"
KEYS_FILE = "cles.json"  # public halves and fingerprints of the keys that this bundle hands over
PUBLIC_KEYS = "cles-publiques"  # of the holders, as contract.yml names them: a new bundle needs them
OPENING = "OUVRIR.txt"
CONFIGURATIONS = "configurations"
MARKET = "marche"
KNOWN_HOSTS = "known_hosts"
KNOWN_CERTIFICATES = "known_certificates"
RUNBOOKS = "fiches"
WHEELS = "paquets"  # where they were fetched: "reversibility packages"
STATE_HISTORY = "etat.bundle"
LOGS = "journaux"  # of the assets, below JOURNAL
VERIFICATION = "verification.json"

ALGORITHMS = ("sha256", "sha512")
BAGIT = "bagit.txt"
BAG_INFO = "bag-info.txt"
README = "LISEZ-MOI.txt"
VERIFIER = "verifier.py"
ALLOWED_SIGNERS = "allowed_signers"
MANIFESTS = tuple(f"manifest-{name}.txt" for name in ALGORITHMS)
TAGMANIFESTS = tuple(f"tagmanifest-{name}.txt" for name in ALGORITHMS)
SIGNATURES = tuple(f"{name}.sig" for name in TAGMANIFESTS)
BAGIT_TEXT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
REQUIRED_TAGS = (BAGIT, BAG_INFO, README, VERIFIER, ALLOWED_SIGNERS, *MANIFESTS)
UNLISTED = frozenset((*TAGMANIFESTS, *SIGNATURES))  # covered by the signatures themselves

LONGEST_NAME = 200  # bytes of one component; file systems take 255

BUILDING = ".building-"  # an unfinished bundle; the next build removes it after a kill

_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"*:<>?\\|%$]')
_MARK = re.compile(r"=[0-9a-f]{32}(/|$)")
_RESERVED = re.compile(r"(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")


def refusal(path: str) -> str | None:
    """Why ``path`` (relative, with ``/``) cannot name a file of a bundle; None when it can.

    The rule is narrower than BagIt's: a name must be the same file on Windows, macOS and Linux, and can never
    lead out of the bundle. Nothing has to be percent-encoded then, which tools do not agree upon.
    """
    if not path or path.startswith("/") or "\\" in path:
        return "not a relative path with /"
    if _UNSAFE.search(path):
        return "holds a character that is not portable"
    for part in path.split("/"):
        if part in ("", ".", ".."):
            return "has an empty, . or .. component"
        if part != part.strip().rstrip(".") or _RESERVED.match(part):
            return f"has the component {part!r}, which Windows cannot store"
    return None


def portable_names(paths: Iterable[str]) -> dict[str, str]:
    """Give each path of a folder its name in the bundle: portable, and no two the same file on any system.

    Of two names that collide on some system, the first in order keeps its name. Folders are kept apart as
    well as files.
    """
    paths = sorted(paths)
    named = {"": ""}  # also each folder
    taken: set[str] = set()
    for path in paths:
        end = 0
        while end != len(path):
            start = end + 1 if end else 0
            parent, end = path[:end], path.find("/", start)
            end = len(path) if end < 0 else end
            whole = path[:end]
            if whole in named:
                continue
            before = f"{named[parent]}/" if parent else ""
            name = before + portable(path[start:end])
            if same_file(name) in taken:
                name = before + _marked(portable(path[start:end]), whole)
            taken.add(same_file(name))
            named[whole] = name
    return {path: named[path] for path in paths}


def portable(name: str) -> str:
    """Rewrite one component of a path so that ``refusal`` accepts it; each replaced byte becomes ``=XX``.

    As in quoted-printable, so a person can read what the name was on the device. One that gets too long is cut.
    """
    name = unicodedata.normalize("NFC", name)
    name = _UNSAFE.sub(lambda match: _escaped(match[0]), name)
    if _RESERVED.match(name):
        name = _escaped(name[0]) + name[1:]
    end = len(name.rstrip().rstrip("."))
    while end != len(name[:end].rstrip().rstrip(".")):
        end = len(name[:end].rstrip().rstrip("."))
    start = min(end, len(name) - len(name.lstrip()))
    written = (_escaped(name[:start]) + name[start:end] + _escaped(name[end:])) or "=00"
    return written if len(written.encode()) <= LONGEST_NAME else _marked(written, name)


def _marked(written: str, original: str) -> str:
    """A unique replacement for a name that cannot be kept: its beginning, and a digest."""
    beginning = written.encode()[:120].decode("utf-8", "ignore").rstrip(" .")
    return f"{beginning}={hashlib.sha256(original.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def is_marked(name: str) -> bool:
    """Tell whether ``portable_names`` had to give a part of ``name`` a digest."""
    return _MARK.search(name) is not None


def _escaped(text: str) -> str:
    try:
        data = text.encode("utf-8", "surrogateescape")  # the bytes that a file system gave
    except UnicodeEncodeError:  # half a character, which a device may have told in JSON
        data = text.encode("utf-8", "surrogatepass")
    return "".join(f"={byte:02X}" for byte in data)


def same_file(path: str) -> str:
    """The key under which two paths are one file on some system: composed accents, case folded."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def slug(name: str) -> str:
    """A file name for an organisation: ``Mairie, direction générale`` is ``mairie-direction-generale``."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "sans-nom"
