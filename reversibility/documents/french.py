"""French words for what people receive; their typography is in ``reversibility/typography.py``."""

from __future__ import annotations

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
    "KINDS", "METHODS", "MONTHS", "NBSP", "NNBSP", "PARIS", "PARTIES", "ROLES", "STATUSES",
    "financing_name", "kind_name", "long_date", "long_moment", "month_name", "number", "percent", "plural",
    "role_name", "size",
]  # fmt: skip

KINDS = {
    "access_point": "borne Wi-Fi",
    "charging_cart": "chariot de recharge",
    "classroom_pc": "poste de classe",
    "copier": "copieur",
    "director_laptop": "portable de direction",
    "firewall": "pare-feu",
    "interactive_board": "tableau interactif",
    "mac": "Mac",
    "mobile": "téléphone mobile",
    "nas": "serveur de fichiers",
    "office_pc": "poste de bureau",
    "phone": "téléphone",
    "printer": "imprimante",
    "projector": "vidéoprojecteur",
    "pupil_laptop": "portable élève",
    "pupil_pc": "poste élève",
    "router": "routeur",
    "screen": "écran",
    "server": "serveur",
    "switch": "commutateur",
    "tablet": "tablette",
    "teacher_laptop": "portable enseignant",
    "thin_client": "client léger",
    "ups": "onduleur",
}
ROLES = {"director": "direction", "teacher": "enseignant", "pupil": "élève", "staff": "personnel"}
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


def kind_name(kind: str) -> str:
    """Return the French name of a kind of asset; an unknown kind reads as it is written."""
    return KINDS.get(kind, kind.replace("_", " "))


def role_name(role: object) -> str | None:
    """Return for whom an asset is; None when nothing is declared."""
    return ROLES.get(str(role), str(role)) if role else None


def financing_name(financing: object) -> str | None:
    """Return how an asset is paid for; None when nothing is declared."""
    return (
        {"rental": "location", "purchase": "achat"}.get(str(financing), str(financing)) if financing else None
    )
