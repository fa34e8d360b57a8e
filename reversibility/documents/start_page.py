"""``00-lisez-moi``: the start page for a successor, in HTML and PDF/A-3."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reversibility.contract.assessment import Assessment
from reversibility.contract.evidence.documents import EMPTY_NOTE
from reversibility.documents.completeness import page_context
from reversibility.documents.render import html_to_pdfa3, render_html
from reversibility.market.model import Market

START = "00-lisez-moi"
# What Debian and Ubuntu have to have before Python's packages run: those of scripts/setup.
SYSTEM_PACKAGES = (
    *("python3", "python3-venv", "git", "openssh-client", "ca-certificates"),
    *("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-dejavu-core"),
)


@dataclass(frozen=True)
class FolderContents:
    """Description and size of one folder of the bundle; ``size`` in bytes.

    ``formats`` are the suffixes of its files, and ``readers`` says in French who may read it. What is not counted
    yet (the folder of this page itself) is None.
    """

    name: str
    contains: str = ""
    formats: tuple[str, ...] = ()
    readers: str = ""
    files: int | None = None
    size: int | None = None

    @classmethod
    def of(cls, folder: Path, contains: str, formats: tuple[str, ...], readers: str) -> FolderContents:
        """Count what the folder holds now; not that of this page, which is not written yet.

        The note that says why a folder is empty does not count.
        """
        if folder.name == START:
            return cls(folder.name, contains, formats, readers)
        files = ((at, name) for at, _, names in os.walk(folder) for name in names if name != EMPTY_NOTE)
        sizes = [(Path(at) / name).stat().st_size for at, name in files]
        return cls(folder.name, contains, formats, readers, len(sizes), sum(sizes))

    @property
    def shown_formats(self) -> str:
        """The formats as they are shown: ``CSV, JSON``."""
        return ", ".join(name.removeprefix(".").upper() for name in self.formats if name)


@dataclass(frozen=True)
class HolderLine:
    """One holder of a half of the vault's key; ``public_key`` is its file below ``06-secrets``, None on paper."""

    group: str
    name: str
    party: str
    file: str
    public_key: str | None


def write_start_page(
    folder: Path,
    market: Market,
    assessment: Assessment,
    contents: Iterable[FolderContents],
    *,
    bundle: str = "",
    fingerprint: str = "",
    operator_key: bool = False,
    known_hosts: bool = False,
    holders: Iterable[HolderLine] = (),
    pythons: tuple[str, str] = ("3.12", "3.13"),
    wheels: bool = False,
) -> None:
    """Write ``lisez-moi.html`` and ``lisez-moi.pdf`` into ``folder``, which must exist.

    ``contents`` are all folders; ``bundle`` is the name of the bundle's folder and ``fingerprint`` that
    of the key that will sign it, both shown when known. ``operator_key`` and ``known_hosts`` say whether the bundle
    has the operators' SSH key (in its vault) and the machines' own: without them other steps are printed. ``pythons``
    are the oldest and the newest on which the pinned packages install, ``wheels`` whether the bundle has the packages.
    """
    context = start_context(
        market,
        assessment,
        contents,
        bundle,
        fingerprint,
        operator_key=operator_key,
        known_hosts=known_hosts,
        holders=holders,
        pythons=pythons,
        wheels=wheels,
    )
    html = render_html("lisez-moi.html.j2", context)
    (folder / "lisez-moi.html").write_text(html, encoding="utf-8")
    html_to_pdfa3(html, folder / "lisez-moi.pdf")


def start_context(
    market: Market,
    assessment: Assessment,
    contents: Iterable[FolderContents],
    bundle: str,
    fingerprint: str,
    *,
    operator_key: bool = False,
    known_hosts: bool = False,
    holders: Iterable[HolderLine] = (),
    pythons: tuple[str, str] = ("3.12", "3.13"),
    wheels: bool = False,
) -> dict[str, Any]:
    """Return what the page shows."""
    contract = market.contract
    return {
        **page_context(assessment, market),
        "market_name": market.name,
        "bundle": bundle or f"cartable-{market.name}-…",
        "fingerprint": fingerprint,
        "operator_key": operator_key,
        "known_hosts": known_hosts,
        "folders": list(contents),
        "contract": contract.get("contract", {}),
        "contacts": contract.get("parties", {}),
        "administrators": contract.get("administrators") or (),
        "holders": list(holders),
        "pythons": pythons,
        "system_packages": SYSTEM_PACKAGES,
        "wheels": wheels,
        "wheels_python": ".".join(platform.python_version_tuple()[:2]),
        "schools": market.sites,
        "asset_count": len(market.assets),
        "managed_count": sum(asset.managed for asset in market.assets.values()),
    }
