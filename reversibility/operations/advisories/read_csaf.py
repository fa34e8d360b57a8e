"""CSAF 2.0 as vendors publish it: product tree, relationships, product status, scores, remediations.

Distributions name exact packages (purl); makers of devices name ranges in free text, of which a small grammar is read
and the rest is for a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from reversibility.operations.advisories.model import (
    Advisories,
    Fix,
    ForAPerson,
    Notice,
    Range,
    moment,
    severity_of_score,
)

FIXED = ("fixed", "first_fixed", "recommended")
RATINGS = {"critical": "critical", "important": "important", "high": "important", "moderate": "minor",
           "medium": "minor", "low": "minor"}  # fmt: skip
VERSION = r"[vV]?\d+(?:\.\d+)*"
BOUNDS = re.compile(rf"^(?:>=\s*(?P<low>{VERSION})\s*\|?\s*)?(?P<op><=?)\s*(?P<high>{VERSION})$")
ALL = frozenset({"vers:all/*", "*", "all versions", "all/*"})
VERS = re.compile(r"^vers:(?P<scheme>[a-z]+)/(?P<range>.+)$")
PURL = re.compile(r"^pkg:deb/(?P<vendor>[^/]+)/(?P<name>[^@?]+)@(?P<version>[^?#]+)(?:\?(?P<query>[^#]*))?")


@dataclass(frozen=True, slots=True)
class Product:
    """A leaf of the product tree, with the names of its branches."""

    identifier: str
    vendor: str
    name: str
    version: str
    is_range: bool
    purl: str


def read_csaf(content: Mapping[str, Any], advisories: Advisories) -> None:
    """Add one document."""
    document = content["document"]
    source = str(document["tracking"]["id"])
    rating = RATINGS.get(str((document.get("aggregate_severity") or {}).get("text", "")).lower())
    published = moment(document["tracking"].get("initial_release_date"))
    products = _products(content.get("product_tree") or {})
    for vulnerability in content.get("vulnerabilities") or ():
        cve = str(vulnerability.get("cve") or "")
        if not cve:
            title = vulnerability.get("title") or document.get("title", "")
            advisories.unread.append(ForAPerson(source, f"{title}: a vulnerability without a CVE"))
            continue
        severity = _severity(vulnerability) or rating
        advisories.note(Notice(cve, source, str(document.get("title", "")), severity, published))
        _status(cve, source, vulnerability, products, advisories)


def _severity(vulnerability: Mapping[str, Any]) -> str | None:
    scores = [
        float(score["cvss_v3"]["baseScore"])
        for score in vulnerability.get("scores") or ()
        if "baseScore" in (score.get("cvss_v3") or {})
    ]
    if scores:
        return severity_of_score(max(scores))
    impacts = (
        RATINGS.get(str(threat.get("details", "")).lower())
        for threat in vulnerability.get("threats") or ()
        if threat.get("category") == "impact"
    )
    return next((impact for impact in impacts if impact), None)


def _status(
    cve: str,
    source: str,
    vulnerability: Mapping[str, Any],
    products: Mapping[str, Product],
    advisories: Advisories,
) -> None:
    status = vulnerability.get("product_status") or {}
    fixes = _vendor_fixes(vulnerability)
    for kind in FIXED:
        for identifier in status.get(kind) or ():
            product = products.get(identifier)
            if product and (fix := debian_fix(cve, product.purl)):
                advisories.fixes.append(fix)
    for identifier in status.get("known_affected") or ():
        product = products.get(identifier)
        if product is None:
            advisories.unread.append(
                ForAPerson(source, f"{cve}: the product {identifier} is not in its tree")
            )
        elif found := version_range(cve, product, fixes.get(identifier, "")):
            advisories.ranges.append(found)
        elif not debian_fix(cve, product.purl):
            what = f"{cve}: {product.vendor} {product.name} {product.version}".strip()
            advisories.unread.append(ForAPerson(source, f"{what} (version not readable)"[:300]))
    for identifier in status.get("under_investigation") or ():
        product = products.get(identifier)
        name = product.name if product else identifier
        advisories.unread.append(ForAPerson(source, f"{cve}: {name} is under investigation"))


def version_range(cve: str, product: Product, fix: str) -> Range | None:
    """The versions of a leaf that is affected; None when a person must read it."""
    text = product.version.strip()
    if not product.is_range:
        if not re.fullmatch(VERSION, text):
            return None
        return Range(cve, product.vendor, product.name, text, text, inclusive=True, fix=fix)
    if text.lower() in ALL:
        return Range(cve, product.vendor, product.name, None, fix=fix)
    if match := VERS.match(text):
        if match["scheme"] == "all":
            return None  # vers:all/<1.2 contradicts itself
        text = match["range"]
    match = BOUNDS.match(text)
    if match is None:
        return None
    return Range(
        cve, product.vendor, product.name, match["high"], match["low"], inclusive=match["op"] == "<=", fix=fix
    )


def debian_fix(cve: str, purl: str) -> Fix | None:
    """The fix that a purl of a Debian or Ubuntu package names; None for anything else."""
    match = PURL.match(purl)
    if match is None:
        return None
    distro = parse_qs(match["query"] or "").get("distro", [""])[0].rpartition("-")[2]
    return Fix(cve, distro, unquote(match["name"]), unquote(match["version"])) if distro else None


def _vendor_fixes(vulnerability: Mapping[str, Any]) -> dict[str, str]:
    return {
        identifier: str(remediation.get("details", ""))[:200]
        for remediation in vulnerability.get("remediations") or ()
        if remediation.get("category") == "vendor_fix"
        for identifier in remediation.get("product_ids") or ()
    }


def _products(tree: Mapping[str, Any]) -> dict[str, Product]:
    """Every product by its identifier, those that relationships join included: as what they refer to."""
    found = {product.identifier: product for product in _leaves(tree.get("branches") or (), {})}
    for name in tree.get("full_product_names") or ():
        found[name["product_id"]] = _leaf(name, {})
    for relation in tree.get("relationships") or ():
        part = found.get(relation.get("product_reference"))
        if part is not None:
            found[relation["full_product_name"]["product_id"]] = part
    return found


def _leaves(branches: Any, above: Mapping[str, str]) -> Iterator[Product]:
    for branch in branches:
        names = {**above, str(branch.get("category")): str(branch.get("name", ""))}
        if "product" in branch:
            yield _leaf(branch["product"], names)
        yield from _leaves(branch.get("branches") or (), names)


def _leaf(product: Mapping[str, Any], names: Mapping[str, str]) -> Product:
    helper = product.get("product_identification_helper") or {}
    is_range = "product_version_range" in names
    return Product(
        product["product_id"],
        names.get("vendor", ""),
        names.get("product_name", str(product.get("name", ""))),
        names.get("product_version_range" if is_range else "product_version", ""),
        is_range,
        str(helper.get("purl", "")),
    )
