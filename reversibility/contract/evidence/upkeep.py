"""Evidences about what needs upkeep: backups and certificates."""

from __future__ import annotations

from reversibility.contract.asset_folder import Unreadable
from reversibility.contract.context import AssessmentContext, Found
from reversibility.contract.evidence.records import folder_of, record_in
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.registry import evidence
from reversibility.records.json_text import read_json

CERTIFICATES = "07-certificats/certificats.json"


@evidence(absent="aucune sauvegarde relevée pour cet équipement (backups.json)")
def backup_records(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """What was seen of the asset's backups; content: the parsed backups.json."""
    return record_in(folder_of(context, subject), "backups.json")


@evidence(absent="aucun certificat relevé (certificats.json)")
def certificates(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """The certificates that were seen; content: mapping of tag to the asset's certificates.json."""
    if not context.payload.exists(CERTIFICATES):
        return None
    try:
        return Found(CERTIFICATES, read_json((context.payload.data / CERTIFICATES).read_bytes()))
    except ValueError as error:
        raise Unreadable(CERTIFICATES, "n’est pas du JSON") from error
