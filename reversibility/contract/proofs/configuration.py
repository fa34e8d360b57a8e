"""Proofs about configurations."""

from __future__ import annotations

import hashlib
from datetime import date

from reversibility.contract.context import AssessmentContext, Found, Verdict
from reversibility.contract.evidence.records import folder_of
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.parse_back import NotRestorable, open_configuration, read_back
from reversibility.contract.registry import proof


@proof("parsed_back")
def parsed_back(found: Found, context: AssessmentContext, subject: Subject, __: Obligation) -> Verdict:
    """The encrypted configuration decrypts with the vault's identity, unpacks, has what restoring the asset takes, and
    says what is declared.
    """
    asset = subject.of_asset()
    if found.content is None:
        return Verdict(False, "copie lisible seulement\u00a0: aucune copie restaurable (config.age)")
    if context.age_identity is None:
        return Verdict(False, "coffre non ouvert pendant l’évaluation\u00a0: non déchiffrée")
    try:
        files = open_configuration(found.content, context.age_identity)
    except NotRestorable as error:
        return Verdict(False, str(error))
    problem = read_back(context.market, asset, files)
    if problem:
        return Verdict(False, problem)
    count = f"{len(files)} fichier{'s' if len(files) > 1 else ''}"
    return Verdict(True, f"déchiffrée et relue, {count}{_giver(context, subject, found.content)}")


def _giver(context: AssessmentContext, subject: Subject, encrypted: bytes) -> str:
    """Who gave this very configuration, and of which day it is; '' for one that was read on the device."""
    given = folder_of(context, subject).json("obtained.json") or {}
    try:
        if given["sha256"]["config.age"] != hashlib.sha256(encrypted).hexdigest():
            return ""
        party = context.market.contract["parties"][given["from"]]["name"]
        return f"\u00a0; donnée par {party}, état du {date.fromisoformat(given['date']):%d/%m/%Y}"
    except (KeyError, TypeError, ValueError):
        return ""
