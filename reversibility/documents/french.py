"""French words for what people receive; their typography is in ``reversibility/typography.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reversibility.market.kinds import kind_label
from reversibility.typography import (
    MONTHS,
    NBSP,
    NNBSP,
    PARIS,
    long_date,
    long_moment,
    month_name,
    number,
    percent,
    plural,
    size,
)  # fmt: skip

__all__ = [
    "IN_SERVICE",
    "METHODS",
    "MONTHS",
    "NBSP",
    "NNBSP",
    "PARIS",
    "PARTIES",
    "POLICIES",
    "RESULTS",
    "ROLES",
    "STATUSES",
    "VERSIONS",
    "asset_status_name",
    "financing_name",
    "kind_name",
    "long_date",
    "long_moment",
    "month_name",
    "number",
    "party_name",
    "percent",
    "plural",
    "role_name",
    "selection",
    "size",
]  # fmt: skip

ROLES = {"director": "direction", "teacher": "enseignant", "pupil": "élève", "staff": "personnel"}
IN_SERVICE = {
    "in_service": "en service",
    "stock": "en stock",
    "repair": "en réparation",
    "lent": "prêté",
    "retired": "réformé",
}
STATUSES = {"proven": "prouvé", "present": "présent", "missing": "manquant", "waived": "dérogation"}
METHODS = {
    "opened": "fichier ouvert et relu",
    "checksum": "empreintes vérifiées",
    "parsed_back": "configuration relue",
    "logged_in": "connexion réussie",
    "restored": "restauration réussie",
    "rebuilt": "reconstruction réussie",
    "signed": "signature",
}
PARTIES = {
    "town": "commune",
    "contractor": "titulaire",
    "agglomeration": "agglomération",
    "successor": "repreneur",
    "education": "Éducation nationale",
}


POLICIES = {"administrator": "administrateur", "user": "utilisateur", "readable": "utilisateur, lisible"}
RESULTS = {"success": "réussie", "failed": "échouée"}
SELECTORS = {"kind": "natures", "user_role": "destinataires", "site": "écoles", "tag": "équipements"}
VERSIONS = {"distribution": "celle de la distribution", "latest": "la plus récente"}


def kind_name(kind: str) -> str:
    """Return the French name of a kind of asset; an unknown kind reads as it is written."""
    return kind_label(kind)


def role_name(role: object) -> str | None:
    """Return the French name of an asset's user role; None if none is declared."""
    return ROLES.get(str(role), str(role)) if role else None


def asset_status_name(status: object) -> str | None:
    """Return the French name of an asset's status; None if none is declared."""
    return IN_SERVICE.get(str(status), str(status)) if status else None


def party_name(party: object) -> str | None:
    """Return the French name of a party of the contract; None when none is declared."""
    return PARTIES.get(str(party), str(party)) if party else None


def selection(selected: Mapping[str, Any]) -> str:
    """Write a catalogue's ``for``: ``natures : poste de classe, Mac ; destinataires : élève``."""
    words: dict[str, Callable[[Any], str]] = {
        "kind": kind_name,
        "user_role": lambda role: role_name(role) or "",
    }
    parts = []
    for selector, values in selected.items():
        named = ", ".join(words.get(selector, str)(value) for value in values)
        parts.append(f"{SELECTORS.get(selector, selector)}{NBSP}: {named}")
    return f"{NNBSP}; ".join(parts)


def financing_name(financing: object) -> str | None:
    """Return the French name of an asset's financing; None if none is declared."""
    return (
        {"rental": "location", "purchase": "achat"}.get(str(financing), str(financing)) if financing else None
    )
