"""Evidences about access: accounts, vault entries and the two halves of the vault’s key."""

from __future__ import annotations

from reversibility.contract.context import OUTGOING_ACCESS, AssessmentContext, Found
from reversibility.contract.evidence.records import folder_of, record_in
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.registry import evidence

VAULT = "06-secrets/vault.kdbx"


@evidence(absent="aucun relevé des comptes de cet équipement (accounts.json)")
def accounts(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """The accounts that were seen on the asset; content: the parsed accounts.json."""
    return record_in(folder_of(context, subject), "accounts.json")


@evidence(absent="aucune entrée pour cet équipement dans le coffre")
def vault_entries(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """The asset's entries in the vault of the bundle; content: a list of Entry, None when it is not open."""
    if not context.payload.exists(VAULT):
        return None
    if context.exported_vault is None:
        return Found(VAULT, None)
    entries = context.entries.get(subject.of_asset().tag)
    return Found(VAULT, entries) if entries else None


@evidence(absent="coffre ou moitiés de sa clé absents de 06-secrets")
def key_halves(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """The two halves of the vault's key; content: ``{"a": [paths], "b": [paths]}``."""
    halves = {group: context.payload.glob(f"06-secrets/moitie-{group}/*.age") for group in "ab"}
    if not context.payload.exists(VAULT) or not all(halves.values()):
        return None
    return Found(VAULT, halves)


@evidence(absent="aucun accès d’un titulaire sortant n’est recensé pour cet équipement")
def outgoing_access(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """What the outgoing contractor holds of the asset; content: the rows of acces-titulaire-sortant.json about it."""
    rows = context.outgoing_access.get(subject.of_asset().tag)
    return Found(OUTGOING_ACCESS, rows) if rows else None


@evidence(absent="aucune période de transition n’est déclarée (transition, dans contract.yml)")
def transition(context: AssessmentContext, subject: Subject, obligation: Obligation) -> Found | None:
    """The transition between both contractors, as contract.yml of the bundle declares it; content: its mapping."""
    declared = context.market.contract.get("transition")
    path = "10-automatisation/marche/contract.yml"
    return Found(path, declared) if declared and context.payload.exists(path) else None
