"""Which CVEs are open on an asset.

An asset's packages are looked up one by one; the verdict on a (release, package, version) is computed once, since
thousands of assets have the same ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from reversibility.operations.advisories.model import Advisories, Fix, Range
from reversibility.operations.advisories.observed import Observed
from reversibility.operations.advisories.versions import dotted_less, dpkg_key

WINDOWS_BUILD = re.compile(r"^(\d+\.\d+\.\d+)\.\d+$")


@dataclass(frozen=True, slots=True)
class Open:
    """An open CVE of an installed package or product. ``fixed`` is None when no version without it is known.

    ``certain`` is False where the versions cannot be compared: a person must look.
    """

    cve: str
    package: str
    installed: str
    fixed: str | None
    available: bool = True
    certain: bool = True


class Matcher:
    """The advisories by package, and the verdicts so far."""

    def __init__(self, advisories: Advisories) -> None:
        self._fixes: dict[str, dict[str, list[Fix]]] = {}
        for fix in advisories.fixes:
            self._fixes.setdefault(fix.release, {}).setdefault(fix.package, []).append(fix)
        self._ranges: dict[str, list[Range]] = {}
        for entry in advisories.ranges:
            self._ranges.setdefault(_key(entry.product, entry.below or ""), []).append(entry)
        self._verdicts: dict[str, dict[tuple[str, str], tuple[Open, ...]]] = {}
        self.compared = 0

    def open_on(self, asset: Observed) -> list[Open]:
        """The open CVEs of an asset, in the order of its packages."""
        found: list[Open] = []
        concerned = self._fixes.get(asset.release, {})
        verdicts = self._verdicts.setdefault(asset.release, {})
        for pair in asset.packages:  # a thousand an asset: the pair itself is the key, nothing is made for it
            if pair[0] in concerned:
                verdict = verdicts.get(pair)
                if verdict is None:
                    verdict = verdicts[pair] = tuple(self._open_fixes(concerned[pair[0]], pair[1]))
                found += verdict
        for vendor, product, version in asset.products:
            found += self._product(vendor, product, version)
        return found

    def _open_fixes(self, fixes: Iterable[Fix], version: str) -> Iterable[Open]:
        """Several sources may know one CVE: it is closed when any fix is installed, else the lowest fix counts."""
        by_cve: dict[str, list[Fix]] = {}
        for fix in fixes:
            by_cve.setdefault(fix.cve, []).append(fix)
        installed = dpkg_key(version) if by_cve else ()
        for cve, known in by_cve.items():
            named = sorted((fix for fix in known if fix.fixed), key=lambda fix: dpkg_key(str(fix.fixed)))
            self.compared += len(named)
            if any(dpkg_key(str(fix.fixed)) <= installed for fix in named):
                continue
            first = named[0] if named else known[0]
            yield Open(cve, first.package, version, first.fixed, first.available)

    def _product(self, vendor: str, product: str, version: str) -> Iterable[Open]:
        for entry in self._ranges.get(_key(product, version), ()):
            if vendor and entry.vendor and not _same_vendor(vendor, entry.vendor):
                continue
            affected = in_range(version, entry)
            if affected is not False:
                fixed = None if entry.below is None or entry.inclusive else entry.below
                yield Open(entry.cve, product, version, fixed, True, affected is True)


def in_range(version: str, entry: Range) -> bool | None:
    """Whether ``version`` is in the range; None when that cannot be told."""
    if entry.from_ is not None:
        before = dotted_less(version, entry.from_)
        if before is None:
            return None
        if before:
            return False
    if entry.below is None:
        return True
    below = dotted_less(version, entry.below)
    if below is False and entry.inclusive:
        above = dotted_less(entry.below, version)
        return None if above is None else not above
    return below


def _key(product: str, version: str) -> str:
    """Look-up key of ranges: the product's name; for Windows the branch, the first three fields of its build.

    An advisory says "Windows 11 Version 24H2 for x64-based Systems", the machine "Windows 11 Éducation".
    """
    name = _folded(product)
    build = WINDOWS_BUILD.match(version)
    return f"windows {build[1]}" if build and name.removeprefix("microsoft ").startswith("windows ") else name


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _same_vendor(one: str, other: str) -> bool:
    """``Microsoft Corporation`` is ``Microsoft``: the first word decides."""
    return _folded(one).split(" ")[0].rstrip(",.") == _folded(other).split(" ")[0].rstrip(",.")
