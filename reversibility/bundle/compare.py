"""Comparison of two bundles, or of a bundle with a state, by meaning and not by bytes.

What differs in every build is left out or compared by its meaning: encrypted files by being there, the vault
by the revisions of its entries, the assessment by the status of each row. The result has the shape of
napalm's compliance report: ``complies``, and for each section ``present`` (with what differs), ``missing``
(only in the first) and ``extra`` (only in the second).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from reversibility.bundle import layout
from reversibility.bundle.digests import digest, scan
from reversibility.bundle.readable_state import ReadableState
from reversibility.errors import CartableError
from reversibility.market.load import load_market
from reversibility.records.inventory_summary import dicts
from reversibility.records.json_text import read_json
from reversibility.records.rebuilds import REBUILD
from reversibility.records.state import VOLATILE

Section = dict[str, Any]  # key -> value that can be compared
View = dict[str, Section]  # section -> its content; a section that a side cannot have is not there

# Files of the bundle that say the same as long as nothing changed; all others are dated, random, or in a
# section.
STABLE = (
    f"{layout.NETWORKS}/", f"{layout.SOFTWARE}/", f"{layout.DOCUMENTS}/", f"{layout.AUTOMATION}/{layout.MARKET}/",
    f"{layout.AUTOMATION}/requirements.txt", f"{layout.AUTOMATION}/versions.json",
    f"{layout.AUTOMATION}/{layout.KNOWN_HOSTS}", f"{layout.AUTOMATION}/{layout.KNOWN_CERTIFICATES}",
    f"{layout.SECRETS}/{layout.HOLDERS_FILE}", f"{layout.ACCOUNTS}/administrateurs.csv",
)  # fmt: skip
ENCRYPTED = "encrypted"
NOT_COMPARED = (VOLATILE, REBUILD)  # what happened to an asset, and not what it is


def compare(first: Path, second: Path) -> dict[str, Any]:
    """Compare two folders, each a bundle or a state, by meaning. Raises CartableError for any other folder."""
    views = [_view(path) for path in (first, second)]
    shared = [name for name in views[0] if name in views[1]]
    report: dict[str, Any] = {name: _compare(views[0][name], views[1][name]) for name in shared}
    report["complies"] = all(report[name]["complies"] for name in shared)
    report["skipped"] = sorted(views[0].keys() ^ views[1].keys())
    return report


def _compare(first: Section, second: Section) -> dict[str, Any]:
    present: dict[str, Any] = {}
    for key in sorted(first.keys() & second.keys()):
        before, after = first[key], second[key]
        present[key] = {"complies": before == after}
        if before != after:
            present[key]["diff"] = _difference(before, after)
    missing, extra = sorted(first.keys() - second.keys()), sorted(second.keys() - first.keys())
    complies = not missing and not extra and all(entry["complies"] for entry in present.values())
    return {"complies": complies, "present": present, "missing": missing, "extra": extra}


def _difference(before: Any, after: Any) -> dict[str, Any]:
    """What differs between two values, by field where both are mappings."""
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return {"": {"before": before, "after": after}}
    fields = sorted(before.keys() | after.keys())
    return {
        name: {"before": before.get(name), "after": after.get(name)}
        for name in fields
        if before.get(name) != after.get(name)
    }


def describe(report: Mapping[str, Any]) -> Iterator[str]:
    """The differences of a report in words, a line each."""
    for section, content in report.items():
        if section in ("complies", "skipped"):
            continue
        for key in content["missing"]:
            yield f"- {section} {key}"
        for key in content["extra"]:
            yield f"+ {section} {key}"
        for key, entry in content["present"].items():
            for name, change in entry.get("diff", {}).items():
                label = f"{key}: {name}" if name else key
                yield f"~ {section} {label}: {_short(change['before'])} -> {_short(change['after'])}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:24]}…"


def _view(path: Path) -> View:
    if (path / layout.BAGIT).is_file():
        return _view_of_bundle(path)
    if (path / ".git").exists():
        return _view_of_state(path)
    raise CartableError(
        f"{path} is neither a bundle (with bagit.txt) nor a state (with .git); give such a folder."
    )


def _view_of_bundle(bundle: Path) -> View:
    data = bundle / layout.DATA
    records: dict[str, dict[str, str]] = {}
    files: Section = {}
    for path, value in _manifest(bundle):
        folder, _, rest = path.partition("/")
        if folder == layout.EQUIPMENT and rest.count("/") >= 2:
            site, tag, name = rest.split("/", 2)
            if name not in NOT_COMPARED:
                records.setdefault(f"{site}/{tag}", {})[name] = ENCRYPTED if name.endswith(".age") else value
        elif path.startswith(STABLE) and not path.endswith(".age"):
            files[path] = value
    try:
        market = load_market(data / layout.AUTOMATION / layout.MARKET)
    except CartableError as error:
        raise CartableError(f"The market's folder in {bundle} does not load: {error}") from error
    assets = {
        tag: json.loads(
            json.dumps(
                {"site": asset.site, "room": asset.room, "address": asset.address, **asset.attributes},
                default=str,
            )
        )
        for tag, asset in market.assets.items()
    }
    accounts: Section = {}
    for entry in _json(data / layout.ACCOUNTS / "comptes.json"):
        accounts.update(_accounts(str(entry["asset"]), entry["accounts"]))
    return {
        "assets": assets,
        "records": dict(records),
        "accounts": accounts,
        "secrets": _secrets(data / layout.ACCOUNTS / "coffre.csv"),
        "obligations": _obligations(data / "completude.json"),
        "files": files,
    }


def _view_of_state(directory: Path) -> View:
    state = ReadableState(directory)
    records: dict[str, dict[str, str]] = {}
    accounts: Section = {}
    for site, tag in state.assets():
        names = layout.portable_names(scan(directory / site / tag).files)
        records[f"{site}/{tag}"] = {
            portable: (ENCRYPTED if name.endswith(".age") else digest(directory / site / tag / name).sha256)
            for name, portable in names.items()
            if name not in NOT_COMPARED
        }
        content = state.read_json(site, tag, "accounts.json")
        accounts.update(_accounts(tag, dicts(content, "accounts")))
    return {"records": dict(records), "accounts": accounts}


def _accounts(tag: str, accounts: Any) -> Iterator[tuple[str, Any]]:
    for account in accounts:
        yield (
            f"{tag}/{account.get('login')}",
            {key: value for key, value in account.items() if key != "login"},
        )


def _manifest(bundle: Path) -> Iterator[tuple[str, str]]:
    """The payload files (below ``data/``) with their SHA-256, as the manifest says; verify checks that it is true."""
    name = bundle / layout.MANIFESTS[0]
    lines = _read(name, lambda: name.read_text(encoding="utf-8").splitlines())
    for line in lines:
        value, _, path = line.partition("  ")
        yield path.removeprefix(f"{layout.DATA}/"), value


def _secrets(path: Path) -> Section:
    """Revision, policy and expiry of each entry of the vault, from its list of contents."""

    def rows() -> Section:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return {
                f"{row['Étiquette']}/{row['Compte']}": {
                    name: row[name] for name in ("Révision", "Règle", "Expire le")
                }
                for row in csv.DictReader(stream, delimiter=";")
            }

    content: Section = _read(path, rows)
    return content


def _obligations(path: Path) -> Section:
    rows = _json(path)["rows"]
    return {
        " ".join(str(row[key]) for key in ("obligation", "site", "asset") if row.get(key)): {
            "status": row["status"],
            "method": row.get("method"),
        }
        for row in rows
    }


def _json(path: Path) -> Any:
    return _read(path, lambda: read_json(path.read_bytes()))


def _read(path: Path, action: Callable[[], Any]) -> Any:
    try:
        return action()
    except (OSError, ValueError, KeyError) as error:
        raise CartableError(f"{path} cannot be read ({error}); verify the bundle first.") from error
