"""The columns of the inventory: one list for CSV, JSON and XLSX, so that no format silently loses one.

``key`` names a value in inventaire.json and does not change; ``header`` is what people read. What is declared comes
from the market's inventory, what was seen from the records; both stand side by side where they can differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from reversibility.documents.french import (
    asset_status_name,
    financing_name,
    kind_name,
    party_name,
    role_name,
)
from reversibility.documents.names import room_name, site_name, vlan_name
from reversibility.market.model import Asset, Market
from reversibility.market.platforms import Care, care_of
from reversibility.records.inventory_summary import Seen

PROTECTED = "protected"  # the group of kinds that a password or a code opens
Value = str | int | float | bool | date | None
CellType = Literal["text", "number", "date", "boolean"]


@dataclass(frozen=True)
class Source:
    """Source of the columns of one asset. ``in_vault``: the vault has a current password for it."""

    market: Market
    asset: Asset
    seen: Seen
    in_vault: bool

    def declared(self, name: str) -> Any:
        """Return a declared attribute, None when there is none."""
        return self.asset.attributes.get(name)


@dataclass(frozen=True)
class Column:
    """One column: its key, its French header, where its value comes from, and how a workbook shows it."""

    key: str
    header: str
    value: Callable[[Source], Value]
    width: int = 14
    type: CellType = "text"
    hidden: bool = False  # a code for programs: in the workbook, but folded away


def _attribute(name: str) -> Callable[[Source], Value]:
    def read(source: Source) -> Value:
        value = source.declared(name)
        return value if isinstance(value, (str, int, float, bool, date)) or value is None else str(value)

    return read


def _secret(source: Source) -> str:
    """Whether the password is in the vault; never the password itself (R40)."""
    if source.in_vault:
        return "dans le coffre"
    opened = source.asset.managed or source.seen.accounts or PROTECTED in source.asset.kind_groups
    return "absent du coffre" if opened else "sans objet"


def _buyout(source: Source, name: str) -> Value:
    """The day or the price of the buy-out of what is rented (J 1.1)."""
    buyout = source.declared("buyout")
    value = buyout.get(name) if isinstance(buyout, Mapping) else None
    return value if isinstance(value, (int, float, date)) else None


def _care(source: Source, part: Callable[[Care], Value]) -> Value:
    """What is left to be done for a system whose security updates have ended (R02)."""
    care = care_of(source.declared("os"))
    return part(care) if care else None


COLUMNS: tuple[Column, ...] = (
    Column("tag", "Étiquette", lambda s: s.asset.tag, 12),
    Column("site", "Code école", lambda s: s.asset.site, 18, hidden=True),
    Column("site_name", "École", lambda s: site_name(s.market, s.asset.site), 36),
    Column("room", "Code salle", lambda s: s.asset.room, 13, hidden=True),
    Column("room_name", "Salle", lambda s: room_name(s.market, s.asset.site, s.asset.room), 22),
    Column("kind", "Code nature", lambda s: s.asset.kind, 18, hidden=True),
    Column("kind_name", "Nature", lambda s: kind_name(s.asset.kind), 24),
    Column("vendor", "Marque", _attribute("vendor"), 14),
    Column("model", "Modèle", _attribute("model"), 24),
    Column("serial", "Numéro de série", _attribute("serial"), 20),
    Column("serial_seen", "Numéro de série relevé", lambda s: s.seen.serial, 22),
    Column("purchased", "Date d’achat", _attribute("purchased"), 13, "date"),
    Column("warranty_until", "Garantie jusqu’au", _attribute("warranty_until"), 16, "date"),
    Column("end_of_life", "Fin de vie prévue", _attribute("end_of_life"), 17, "date"),
    Column("status_name", "État", lambda s: asset_status_name(s.declared("status")), 13),
    Column("status", "Code état", _attribute("status"), 13, hidden=True),
    Column("financing_name", "Financement", lambda s: financing_name(s.declared("financing")), 14),
    Column("financing", "Code financement", _attribute("financing"), 17, hidden=True),
    Column("buyout_date", "Rachat possible le", lambda s: _buyout(s, "date"), 18, "date"),
    Column("buyout_price", "Prix de rachat (€)", lambda s: _buyout(s, "price_eur"), 18, "number"),
    Column("contract_reference", "Contrat ou licence", _attribute("contract_reference"), 22),
    Column("second_hand", "Seconde main", _attribute("second_hand"), 13, "boolean"),
    Column(
        "second_hand_certificate", "Certificat de seconde main", _attribute("second_hand_certificate"), 24
    ),
    Column("replace_by", "À remplacer avant le", _attribute("replace_by"), 19, "date"),
    Column("managed", "Géré par le titulaire", lambda s: s.asset.managed, 19, "boolean"),
    Column("responsible_name", "Responsable", lambda s: party_name(s.declared("responsible")), 16),
    Column("responsible", "Code responsable", _attribute("responsible"), 16, hidden=True),
    Column("user_role_name", "Destinataire", lambda s: role_name(s.declared("user_role")), 16),
    Column("user_role", "Code destinataire", _attribute("user_role"), 17, hidden=True),
    Column("assigned_to", "Affecté à", _attribute("assigned_to"), 22),
    Column("part_of", "Fait partie de", _attribute("part_of"), 15),
    Column("os", "Système déclaré", _attribute("os"), 17),
    Column("os_seen", "Système relevé", lambda s: s.seen.os, 34),
    Column(
        "os_support_end",
        "Fin de support du système (LTS compris)",
        lambda s: s.seen.os_support_end or _care(s, lambda care: care.ended),
        36,
        "date",
    ),
    Column(
        "care_possible",
        "Sans mises à jour\u00a0: ce qui se fait encore",
        lambda s: _care(s, lambda care: care.possible),
        40,
    ),
    Column(
        "care_impossible",
        "Sans mises à jour\u00a0: ce qui ne se fait plus",
        lambda s: _care(s, lambda care: care.impossible),
        40,
    ),
    Column("address", "Adresse IP", lambda s: s.asset.address, 16),
    Column("mac", "Adresse MAC", _attribute("mac"), 19),
    Column("vlan_name", "VLAN", lambda s: vlan_name(s.market, s.declared("vlan")), 30),
    Column("vlan", "Code VLAN", _attribute("vlan"), 16, hidden=True),
    Column("cpu", "Processeur relevé", lambda s: s.seen.cpu, 32),
    Column("memory_mb", "Mémoire relevée (Mo)", lambda s: s.seen.memory_mb, 20, "number"),
    Column("disk_gb", "Disques relevés (Go)", lambda s: s.seen.disk_gb, 20, "number"),
    Column("software_count", "Logiciels relevés", lambda s: len(s.seen.software) or None, 17, "number"),
    Column("last_seen", "Dernier relevé", lambda s: s.seen.last_seen, 15, "date"),
    Column("passwords", "Mots de passe", _secret, 16),
    Column("note", "Remarque", _attribute("note"), 40),
)
