"""Microsoft's monthly CVRF (MSRC's API, version 3, as JSON): one file with all CVEs of a month."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from reversibility.operations.advisories.model import (
    Advisories,
    ForAPerson,
    Notice,
    Range,
    moment,
    severity_of_score,
)

SOURCE = "Microsoft"
VENDOR_FIX, SEVERITY, AFFECTED = 2, 3, 3  # the types of a remediation, a threat, a product's status
RATINGS = {"critical": "critical", "important": "important", "moderate": "minor", "low": "minor"}
BUILD = re.compile(r"^\d+(\.\d+)+$")


def read_cvrf(content: Mapping[str, Any], advisories: Advisories) -> None:
    """Add what a month's document says: the affected products with the build that is free of each CVE.

    An affected product without a build that can be read is for a person.
    """
    products = {
        str(product["ProductID"]): str(product["Value"])
        for product in content["ProductTree"]["FullProductName"]
    }
    tracking = content.get("DocumentTracking") or {}
    published = moment(tracking.get("InitialReleaseDate"))
    for vulnerability in content["Vulnerability"]:
        cve = vulnerability.get("CVE")
        if not cve:
            continue
        title = str((vulnerability.get("Title") or {}).get("Value", ""))
        advisories.note(Notice(cve, SOURCE, title, _severity(vulnerability), published))
        fixes = _fixes(vulnerability)
        unread = set()
        for identifier in _affected(vulnerability):
            name = products.get(identifier, identifier)
            builds = fixes.get(identifier) or {}
            if not builds:
                unread.add(name)
            # Two updates for one product (a hotpatch and the whole): either suffices, so the lower build counts.
            for build, fix in sorted(builds.items(), key=lambda item: _numbers(item[0]))[:1]:
                advisories.ranges.append(Range(cve, "Microsoft", name, build, fix=fix))
        if unread:
            advisories.unread.append(
                ForAPerson(SOURCE, f"{cve}: no build for {', '.join(sorted(unread))}"[:300])
            )


def _fixes(vulnerability: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Product → build that is free of the CVE → the update that brings it."""
    found: dict[str, dict[str, str]] = {}
    for remediation in vulnerability.get("Remediations") or ():
        build = str(remediation.get("FixedBuild") or "")
        if remediation.get("Type") == VENDOR_FIX and BUILD.match(build):
            article = str((remediation.get("Description") or {}).get("Value", ""))
            for identifier in remediation.get("ProductID") or ():
                found.setdefault(str(identifier), {})[build] = (
                    f"KB{article}" if article.isdigit() else article
                )
    return found


def _affected(vulnerability: Mapping[str, Any]) -> Iterable[str]:
    for status in vulnerability.get("ProductStatuses") or ():
        if status.get("Type") == AFFECTED:
            yield from map(str, status.get("ProductID") or ())


def _severity(vulnerability: Mapping[str, Any]) -> str | None:
    scores = [
        float(one["BaseScore"]) for one in vulnerability.get("CVSSScoreSets") or () if "BaseScore" in one
    ]
    if scores:
        return severity_of_score(max(scores))
    words = (
        RATINGS.get(str((threat.get("Description") or {}).get("Value", "")).lower())
        for threat in vulnerability.get("Threats") or ()
        if threat.get("Type") == SEVERITY
    )
    return min((word for word in words if word), key=list(RATINGS.values()).index, default=None)


def _numbers(build: str) -> tuple[int, ...]:
    return tuple(map(int, build.split(".")))
