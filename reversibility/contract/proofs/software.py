"""Proofs about software: what is installed, and who approved it."""

from __future__ import annotations

from datetime import date

from reversibility.contract.context import AssessmentContext, Found, Verdict
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.payload_reader import SOFTWARE_CSV
from reversibility.contract.registry import proof
from reversibility.market.model import Asset
from reversibility.records.inventory_summary import installed_version

C = "\u00a0:"  # a colon in French


@proof("parsed_back")
def software_listed(_: Found, context: AssessmentContext, subject: Subject, __: Obligation) -> Verdict:
    """The record lists software, logiciels.csv says the same, and the catalogue's software is installed."""
    asset = subject.of_asset()
    software = context.payload.asset(asset.site, asset.tag).software
    if not software:
        return Verdict(False, "le relevé ne comporte aucun logiciel")
    if not software_agrees(context, asset):
        return Verdict(False, "logiciels.csv ne dit pas ce qui a été relevé")
    absent = [
        str(entry.get("name"))
        for entry in context.market.software_for(asset)
        if installed_version(entry, software) is None
    ]
    if absent:
        return Verdict(False, f"prévu au catalogue et non constaté{C} {', '.join(absent)}")
    return Verdict(True, f"{len(software)} logiciels avec leur version, relus dans {SOFTWARE_CSV}")


@proof("opened")
def approved(found: Found, _: AssessmentContext, __: Subject, obligation: Obligation) -> Verdict:
    """Each software that the catalogue gives the asset has the approval ``settings.approval``: who and when."""
    approval = str(obligation.settings["approval"])
    for identifier, entry in found.content.items():
        given = ((entry or {}).get("approvals") or {}).get(approval) or {}
        if not given.get("by") or not isinstance(given.get("date"), date):
            return Verdict(False, f"accord absent{C} {identifier}")
    if not found.content:
        return Verdict(True, "catalogue relu, aucun logiciel ajouté sur cet équipement")
    return Verdict(True, f"accord relu (qui, quand){C} {', '.join(found.content)}")


def software_agrees(context: AssessmentContext, asset: Asset) -> bool:
    """Compare the software of a record with logiciels.csv."""
    folder = context.payload.asset(asset.site, asset.tag)
    return context.payload.software.get(asset.tag, 0) == folder.software_digest
