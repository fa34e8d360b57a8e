"""Reader of a market's folder of advisory files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reversibility.errors import CartableError
from reversibility.operations.advisories.model import Advisories
from reversibility.operations.advisories.read_certfr import read_certfr, read_kev
from reversibility.operations.advisories.read_csaf import read_csaf
from reversibility.operations.advisories.read_cvrf import read_cvrf
from reversibility.operations.advisories.read_debian import read_table, read_tracker


def read_folder(folder: Path) -> Advisories:
    """Read every ``.json`` and ``.csv`` below ``folder``; the format is detected from the content, not the name.

    Raises CartableError for an unknown format: an unread file must not look like "no advisories".
    """
    advisories = Advisories()
    if not folder.is_dir():
        raise CartableError(
            f"There are no advisories in {folder}; put CSAF, CERT-FR, Debian tracker or CSV files there "
            "(docs/advisories.md)."
        )
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".csv":
            read_table(path.read_text(encoding="utf-8-sig"), path.name, advisories)
            advisories.files[path.name] = "table"
        elif path.suffix == ".json":
            advisories.files[path.name] = _read_json(path, advisories)
    return advisories


def _read_json(path: Path, advisories: Advisories) -> str:
    try:
        content = json.loads(path.read_bytes())
        for item in content if isinstance(content, list) else [content]:
            kind = _read_item(item, advisories)
    except (ValueError, KeyError, TypeError, AttributeError, UnboundLocalError) as error:
        raise CartableError(
            f"{path} is no advisory that can be read ({type(error).__name__}: {error}); it must be CSAF 2.0, "
            "Microsoft's CVRF, CERT-FR's JSON, Debian's tracker or CISA's catalogue, so get it anew or take it away."
        ) from error
    return kind


def _read_item(item: Any, advisories: Advisories) -> str:
    if "csaf_version" in (item.get("document") or {}):
        read_csaf(item, advisories)
        return "CSAF"
    if "ProductTree" in item and "Vulnerability" in item:
        read_cvrf(item, advisories)
        return "CVRF"
    if str(item.get("reference", "")).startswith("CERTFR-"):
        read_certfr(item, advisories)
        return "CERT-FR"
    if "catalogVersion" in item:
        read_kev(item, advisories)
        return "KEV"
    if any("releases" in cve for entry in item.values() for cve in entry.values()):
        read_tracker(item, advisories)
        return "Debian security tracker"
    raise ValueError("an unknown format")
