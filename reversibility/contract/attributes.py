"""Mandatory attributes of an asset by kind (B 6.6), as kinds.yml lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from reversibility.market.kinds import KindTable, kind_table

THRESHOLD = 0.98  # "taux de complétude ≥ 98 % sur les attributs obligatoires" (B 6.6)


@dataclass(frozen=True)
class MandatoryAttributes:
    """What must be known of each asset. ``threshold`` is the share that a market must reach (0.98 is 98 %)."""

    table: KindTable
    threshold: float = THRESHOLD

    def of(self, row: Mapping[str, Any], kind: str, managed: bool) -> tuple[str, ...]:
        """List the attributes that an asset of ``kind`` must have, by what ``row`` (of inventaire.json) says of it."""
        rented, second_hand = row.get("financing") == "rental", row.get("second_hand") is True
        return self.table.mandatory(kind, managed, rented=rented, second_hand=second_hand)

    def lacking(self, row: Mapping[str, Any], kind: str, managed: bool) -> list[str]:
        """List the mandatory attributes that ``row`` has not, or has empty."""
        return [name for name in self.of(row, kind, managed) if row.get(name) in (None, "", [])]

    def label(self, name: str) -> str:
        """Return the French name of an attribute."""
        return self.table.attributes.get(name, name)


@cache
def mandatory_attributes() -> MandatoryAttributes:
    """The rules of kinds.yml."""
    return MandatoryAttributes(kind_table())
