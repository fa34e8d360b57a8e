"""Kinds of asset: ``kinds.yml`` read into a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from reversibility.errors import CartableError
from reversibility.market.tables import read_table


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of asset. ``label`` is French; ``mandatory`` are the attributes besides those that every asset has."""

    name: str
    label: str
    prefix: str
    itemtype: str
    groups: tuple[str, ...]
    mandatory: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KindTable:
    """The whole of kinds.yml. ``groups``: group of kinds → its meaning; ``attributes``: key → its French name."""

    kinds: Mapping[str, Kind]
    groups: Mapping[str, str]
    every: tuple[str, ...]
    managed: tuple[str, ...]
    unmanaged: tuple[str, ...]
    rented: tuple[str, ...]
    second_hand: tuple[str, ...]
    attributes: Mapping[str, str]

    def mandatory(
        self, kind: str, managed: bool, *, rented: bool = False, second_hand: bool = False
    ) -> tuple[str, ...]:
        """The attributes that an asset of ``kind`` must have, each once, in a stable order."""
        own = self.kinds[kind].mandatory if kind in self.kinds else ()
        parts = (
            self.every,
            self.managed if managed else self.unmanaged,
            own,
            self.rented if rented else (),
            self.second_hand if second_hand else (),
        )
        return tuple(dict.fromkeys(name for part in parts for name in part))


@cache
def kind_table() -> KindTable:
    """The table, read once. Raises CartableError when it is wrong."""
    content = read_table("kinds")
    kinds = {
        name: Kind(
            name,
            entry["label"],
            entry["prefix"],
            entry["itemtype"],
            tuple(entry["groups"]),
            tuple(entry["mandatory"]),
        )
        for name, entry in content["kinds"].items()
    }
    rules = content["mandatory"]
    table = KindTable(
        kinds=kinds,
        groups=content["groups"],
        every=tuple(rules["every"]),
        managed=tuple(rules["managed"]),
        unmanaged=tuple(rules["unmanaged"]),
        rented=tuple(rules["rented"]),
        second_hand=tuple(rules["second_hand"]),
        attributes=content["attributes"],
    )
    _check(table)
    return table


def _check(table: KindTable) -> None:
    """What a schema cannot say: groups and attributes that are listed, prefixes of one kind each."""
    prefixes: dict[str, str] = {}
    for kind in table.kinds.values():
        for what, names, known in (
            ("group", kind.groups, table.groups),
            ("attribute", table.mandatory(kind.name, True, rented=True, second_hand=True), table.attributes),
            ("attribute", table.mandatory(kind.name, False), table.attributes),
        ):
            if unknown := [name for name in names if name not in known]:
                raise CartableError(
                    f"kinds.yml: {kind.name} has the {what} {unknown[0]}, which is not listed."
                )
        if prefixes.setdefault(kind.prefix, kind.name) != kind.name:
            raise CartableError(f"kinds.yml: {kind.name} has the prefix of {prefixes[kind.prefix]}.")


def kind_groups(kind: str) -> tuple[str, ...]:
    """The groups of a kind, such as ``computers``; none for a kind that does not exist."""
    found = kind_table().kinds.get(kind)
    return found.groups if found else ()


def kinds_in(group: str) -> tuple[str, ...]:
    """The kinds of a group. Raises CartableError when there is no such group."""
    table = kind_table()
    if group not in table.groups:
        raise CartableError(
            f"There is no group of kinds {group}; those of kinds.yml are {', '.join(table.groups)}."
        )
    return tuple(kind.name for kind in table.kinds.values() if group in kind.groups)


def kind_label(kind: str) -> str:
    """The French name of a kind; one that does not exist reads as it is written."""
    found = kind_table().kinds.get(kind)
    return found.label if found else kind.replace("_", " ")
