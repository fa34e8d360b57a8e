"""Evidences about what needs upkeep: backups, restores and certificates."""

from __future__ import annotations

from collections.abc import Mapping

from reversibility.contract.asset_folder import Unreadable
from reversibility.contract.context import AssessmentContext, Found
from reversibility.contract.evidence.records import folder_of, record_in
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.registry import evidence
from reversibility.market.kinds import kind_groups
from reversibility.records.json_text import read_json

RESTORES = "08-sauvegardes/restaurations.json"
CERTIFICATES = "07-certificats/certificats.json"


@evidence(absent="aucune sauvegarde relevée pour cet équipement (backups.json)")
def backup_records(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """What was seen of the asset's backups; content: the parsed backups.json."""
    return record_in(folder_of(context, subject), "backups.json")


@evidence(absent="aucune restauration témoin relevée (playbooks/rebuild.yml)")
def witness_restore(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """The last rebuilding of an asset of ``settings.group``; content: its record, with its tag as ``asset``."""
    if not context.payload.exists(RESTORES):
        return None
    try:
        records = read_json((context.payload.data / RESTORES).read_bytes())
    except ValueError as error:
        raise Unreadable(RESTORES, "n’est pas du JSON") from error
    assets = context.market.assets
    found = [
        {**record, "asset": tag}
        for tag, record in (records.items() if isinstance(records, Mapping) else ())
        if isinstance(record, Mapping)
        and tag in assets
        and obligation.settings["group"] in kind_groups(assets[tag].kind)
    ]
    last = max(found, key=lambda record: str(record.get("ended", "")), default=None)
    return Found(RESTORES, last) if last else None


@evidence(absent="aucun certificat relevé (certificats.json)")
def certificates(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """The certificates that were seen; content: mapping of tag to the asset's certificates.json."""
    if not context.payload.exists(CERTIFICATES):
        return None
    try:
        return Found(CERTIFICATES, read_json((context.payload.data / CERTIFICATES).read_bytes()))
    except ValueError as error:
        raise Unreadable(CERTIFICATES, "n’est pas du JSON") from error
