"""CERT-FR's own JSON (``/avis/…/json/``, ``/alerte/…/json/``) and CISA's list of exploited CVEs.

CERT-FR names versions in French prose, and sometimes no CVE: it starts the clock and gives the urgency, and versions
come from elsewhere, joined by the CVE. Without a CVE an advisory is for a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reversibility.operations.advisories.model import Advisories, ForAPerson, Notice, moment

ALERT = "-ALE-"
PAGE = "https://www.cert.ssi.gouv.fr/{kind}/{reference}/"


def read_certfr(content: Mapping[str, Any], advisories: Advisories) -> None:
    """Add one item; an alert that is still open says that its CVEs are exploited."""
    reference, title = str(content["reference"]), str(content.get("title", ""))
    alert = ALERT in reference
    url = PAGE.format(kind="alerte" if alert else "avis", reference=reference)
    dates = [moment(revision.get("revision_date")) for revision in content.get("revisions") or ()]
    published = min((date for date in dates if date), default=None)
    cves = [str(cve["name"]) for cve in content.get("cves") or () if cve.get("name")]
    severity = "critical" if alert and not content.get("closed_at") else None
    for cve in cves:
        advisories.note(Notice(cve, reference, title, severity, published, True, url))
    if not cves:
        systems = "; ".join(
            str(system.get("description", "")) for system in content.get("affected_systems") or ()
        )
        advisories.unread.append(ForAPerson(reference, f"{title} (no CVE named): {systems}"[:300], url))


def read_kev(content: Mapping[str, Any], advisories: Advisories) -> None:
    """Add CISA's catalogue of CVEs that are known to be exploited."""
    advisories.exploited.update(str(entry["cveID"]) for entry in content["vulnerabilities"])
