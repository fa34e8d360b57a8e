"""Report of the audit that opens a take-over (R47), in French: HTML, PDF/A, CSV and JSON."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from reversibility.documents.completeness import market_title, party_name
from reversibility.documents.render import html_to_pdfa3, render_html
from reversibility.market.model import Asset, Market
from reversibility.operations.takeover.audit import Finding
from reversibility.records.atomic import make_folder, write_atomically
from reversibility.records.tables import write_table

NAME = "audit-de-reprise"
SUBJECTS = {
    "asset": "Équipement",
    "account": "Compte",
    "key": "Clé publique qui ouvre un compte",
    "sudo": "Droit d’administration",
    "job": "Tâche planifiée ou unité système",
    "service": "Service",
    "port": "Port en écoute",
    "file": "Configuration",
}
CHANGES = {
    "added": "apparu depuis la remise",
    "removed": "disparu depuis la remise",
    "changed": "modifié depuis la remise",
    "foreign": "remis tel quel, mais déclaré par personne",
    "unread": "injoignable\u00a0: non contrôlé",
}
HEADERS = ("École", "Étiquette", "Sujet", "Nom", "Constat", "Précision")


def write_report(
    folder: Path,
    market: Market,
    bundle: str,
    assets: Sequence[Asset],
    findings: Sequence[Finding],
    moment: datetime,
) -> list[Path]:
    """Write the report in all its formats below ``folder``; the HTML file is the first of those returned."""
    make_folder(folder)
    html, pdf, table, data = (folder / f"{NAME}.{suffix}" for suffix in ("html", "pdf", "csv", "json"))
    unread = {finding.asset for finding in findings if finding.change == "unread"}
    text = render_html(
        "takeover_audit.html.j2",
        {
            "market_title": market_title(market),
            "contractor": party_name(market, "contractor"),
            "moment": moment,
            "bundle": bundle,
            "checked": len(assets) - len(unread),
            "unread": len(unread),
            "findings": findings,
            "counts": Counter(finding.subject for finding in findings if finding.change != "unread"),
            "subjects": SUBJECTS,
            "changes": CHANGES,
            "sites": market.sites,
        },
    )
    write_atomically(html, text.encode())
    html_to_pdfa3(text, pdf)
    with write_table(table, HEADERS) as rows:
        for one in findings:
            rows.row((one.site, one.asset, SUBJECTS[one.subject], one.name, CHANGES[one.change], one.detail))
    plain = {
        "bundle": bundle,
        "assets": len(assets),
        "findings": [dataclasses.asdict(one) for one in findings],
    }
    write_atomically(data, (json.dumps(plain, ensure_ascii=False, indent=2) + "\n").encode())
    return [html, pdf, table, data]
