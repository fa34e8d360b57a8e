"""The sheet « Accès du titulaire sortant », in French: HTML, CSV and JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from reversibility.documents.completeness import market_title, party_name
from reversibility.documents.names import site_name
from reversibility.documents.render import render_html
from reversibility.market.model import Market
from reversibility.operations.takeover.access import TRIED, Access
from reversibility.records.tables import write_table

OUTGOING, PRESENT = "acces-titulaire-sortant", "acces-titulaire"
TITLES = {OUTGOING: "Accès du titulaire sortant", PRESENT: "Accès du titulaire"}
WHAT = {
    "password": "Mot de passe",
    "operator_key": "Clé SSH des exploitants",
    "host_key": "Clé d’hôte SSH",
    "age_identity": "Identité age (configurations chiffrées)",
    "signing_key": "Clé de signature des dossiers",
    "half": "Moitié de la clé du coffre",
    "person": "Personne habilitée",
    "copies": "Copies du coffre, des relevés et des dossiers",
}
STATUSES = {
    "held": "détenu",
    "refused": "retiré, connexion refusée constatée",
    "replaced": "retiré, remplacé par un autre",
    "attested": "à attester par écrit",
}
HOW = {
    "operator_key": "reversibility takeover, étape «\u00a0operator_key\u00a0»",
    "host_key": "reversibility takeover, étape «\u00a0host_keys\u00a0»",
    "age_identity": "reversibility takeover, étape «\u00a0age_identity\u00a0»",
    "signing_key": "reversibility takeover, étape «\u00a0signing_key\u00a0»\u202f; empreinte remise sur papier",
    "half": "retrait des détenteurs («\u00a0holders\u00a0») dans contract.yml, puis nouveau dossier",
    "person": "date de fin, ou retrait des administrateurs, dans contract.yml, et attestation",
    "copies": "attestation d’effacement signée par le titulaire sortant",
}
SHOWN = 200  # passwords that the page lists by name; the table has them all
HEADERS = ("Accès", "École", "Étiquette", "Nom", "État", "Retrait", "Code école")


def how(access: Access) -> str:
    """How an access is revoked."""
    if access.what != "password":
        return HOW[access.what]
    if not access.method:
        return "à la main, sur l’équipement et dans le coffre\u00a0: aucun rôle ne le change"
    tried = (
        "l’ancien est essayé et doit être refusé" if access.method in TRIED else "l’ancien n’est pas essayé"
    )
    return f"reversibility takeover, étape «\u00a0passwords\u00a0»\u202f; {tried}"


def write_sheet(folder: Path, name: str, market: Market, rows: Sequence[Access], moment: datetime) -> None:
    """Write the sheet ``name`` in its three formats below ``folder``."""
    with write_table(folder / f"{name}.csv", HEADERS) as table:
        for row in rows:
            place = (site_name(market, row.site) if row.site else "", row.asset)
            table.row((WHAT[row.what], *place, row.name, STATUSES[row.status], how(row), row.site))
    text = json.dumps({"access": [asdict(row) for row in rows]}, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    counts = Counter((row.what, row.status) for row in rows)
    by_hand = [row for row in rows if row.what == "password" and not row.method]
    html = render_html(
        "outgoing_access.html.j2",
        {
            "title": TITLES[name],
            "name": name,
            "market_title": market_title(market),
            "contractor": party_name(market, "contractor"),
            "moment": moment,
            "what": WHAT,
            "statuses": STATUSES,
            "counts": counts,
            "by_hand": by_hand[:SHOWN],
            "more": len(by_hand[SHOWN:]),
            "ways": {what: how(Access(what, "", "", "", "", "unix_password")) for what in WHAT},
        },
    )
    (folder / f"{name}.html").write_text(html, encoding="utf-8")
