"""Debian's security tracker (``/tracker/data/json``) and simple tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from reversibility.errors import CartableError
from reversibility.operations.advisories.model import SEVERITIES, Advisories, Fix, ForAPerson, Notice, moment
from reversibility.operations.advisories.versions import dpkg_key

URGENCIES = {"high": "important", "medium": "minor", "low": "minor", "unimportant": "unimportant"}
NEVER_AFFECTED = "0"
COLUMNS = {"cve", "release", "package", "fixed", "severity", "published", "title"}


def read_tracker(content: Mapping[str, Any], advisories: Advisories) -> None:
    """Add what the tracker says of every release that it has.

    ``fixed_version`` 0 is "never affected"; an entry without one has no known fix and stays open; "undetermined" is
    for a person.
    """
    undetermined: dict[tuple[str, str], int] = {}
    for package, entries in content.items():
        for cve, entry in entries.items():
            for release, state in entry.get("releases", {}).items():
                status, fixed = state.get("status"), state.get("fixed_version")
                if status == "undetermined":
                    undetermined[package, release] = undetermined.get((package, release), 0) + 1
                    continue
                if fixed == NEVER_AFFECTED:
                    continue
                fixed = fixed if status == "resolved" else None
                advisories.fixes.append(
                    Fix(
                        cve,
                        release,
                        package,
                        fixed or None,
                        _in_archive(state.get("repositories", {}), fixed),
                    )
                )
            urgency = next(
                (
                    u
                    for s in entry.get("releases", {}).values()
                    if (u := str(s.get("urgency", "")).rstrip("*"))
                ),
                "",
            )
            advisories.note(
                Notice(cve, "Debian", _first_line(entry.get("description")), URGENCIES.get(urgency))
            )
    for (package, release), count in sorted(undetermined.items()):
        advisories.unread.append(
            ForAPerson(
                "Debian", f"{count} CVE of {package} in {release} are undetermined: read the tracker's page"
            )
        )


def _in_archive(repositories: Mapping[str, str], fixed: str | None) -> bool:
    """Whether a version that is at least ``fixed`` has been published; what lists no archive is trusted."""
    if not fixed or not repositories:
        return True
    return any(dpkg_key(version) >= dpkg_key(fixed) for version in repositories.values())


def _first_line(text: object) -> str:
    return str(text or "").strip().partition("\n")[0][:200]


def read_table(text: str, name: str, advisories: Advisories) -> None:
    """Add a table with the columns cve, release, package, fixed, severity, published, title (``;`` or ``,``).

    Raises CartableError for a table that cannot be used, with its line.
    """
    dialect = ";" if ";" in text.partition("\n")[0] else ","
    rows = csv.DictReader(io.StringIO(text), delimiter=dialect)
    columns = set(rows.fieldnames or ())
    if not {"cve", "release", "package", "fixed"} <= columns:
        raise CartableError(
            f"{name} lacks columns; it needs cve, release, package, fixed and may have {COLUMNS}."
        )
    for number, row in enumerate(rows, 2):
        severity, published = row.get("severity") or None, row.get("published") or None
        if severity is not None and severity not in SEVERITIES:
            raise CartableError(
                f"{name}:{number}: the severity {severity} is none of {', '.join(SEVERITIES)}."
            )
        when = moment(published) if published else None
        if published and when is None:
            raise CartableError(f"{name}:{number}: {published} is no date such as 2026-11-30.")
        if not row["cve"] or not row["package"] or not row["release"]:
            raise CartableError(f"{name}:{number}: cve, release and package are needed.")
        advisories.fixes.append(Fix(row["cve"], row["release"], row["package"], row["fixed"] or None))
        advisories.note(Notice(row["cve"], name, row.get("title") or "", severity, when))
