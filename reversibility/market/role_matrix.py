"""Matrix role × platform of a market: assets that each role serves, and assets without tasks.

The playbooks' lists of roles (``playbooks/tasks/*.yml``) say which asset a role concerns; its task files, what it can
do there. Where the collection is not beside this package there is no list, and the matrix is empty.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reversibility.market.model import Asset, Market
from reversibility.market.roles import task_files
from reversibility.market.source import Document

LISTS = Path(__file__).parents[2] / "playbooks" / "tasks"
CONDITION = re.compile(r"'(\w+)' in cartable_kind_groups")
INCLUDE = "ansible.builtin.include_role"


@dataclass(frozen=True, slots=True)
class ListedRole:
    """A role of a playbook's list, and the groups of kinds that it concerns; none means every managed asset."""

    role: str
    groups: tuple[str, ...]

    def concerns(self, asset: Asset) -> bool:
        """Whether the role is for this asset."""
        return asset.managed and all(group in asset.kind_groups for group in self.groups)


@dataclass(frozen=True, slots=True)
class RoleMatrix:
    """Counts of managed assets: ``served`` and ``waiting`` by role and platform, ``platforms`` with their sizes."""

    roles: tuple[str, ...]
    platforms: tuple[tuple[str, int], ...]
    served: Counter[tuple[str, str]]
    waiting: Counter[tuple[str, str]]

    def lines(self) -> Iterator[str]:
        """The table: how many assets the role serves, ``-`` where it concerns none, ``0/5`` where it has no tasks."""
        if not self.roles or not self.platforms:
            return
        header = ("role", *(f"{name} ({count})" for name, count in self.platforms))
        rows = [
            header,
            *((role, *(self._cell(role, name) for name, _ in self.platforms)) for role in self.roles),
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
        for row in rows:
            yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for name, _ in self.platforms:
            if missing := [role for role in self.roles if self.waiting[role, name]]:
                yield f"not yet on {name}: {', '.join(missing)}"

    def _cell(self, role: str, platform: str) -> str:
        served, waiting = self.served[role, platform], self.waiting[role, platform]
        if not served and not waiting:
            return "-"
        return f"{served}/{served + waiting}" if waiting else str(served)


@cache
def listed_roles() -> tuple[ListedRole, ...]:
    """The roles of all lists, each once, in their order."""
    found: dict[str, ListedRole] = {}
    for path in sorted(LISTS.glob("*.yml"), key=lambda path: path.stem != "provision"):
        for task in Document.read(path).value or []:
            include = task.get(INCLUDE) or {}
            if not include or "tasks_from" in include:
                continue
            role = str(include["name"]).rpartition(".")[2]
            conditions = task.get("when") or []
            text = " and ".join(map(str, conditions)) if isinstance(conditions, list) else str(conditions)
            found.setdefault(role, ListedRole(role, tuple(CONDITION.findall(text))))
    return tuple(found.values())


def role_matrix(market: Market) -> RoleMatrix:
    """The matrix of a market's managed assets."""
    platforms: Counter[str] = Counter()
    served: Counter[tuple[str, str]] = Counter()
    waiting: Counter[tuple[str, str]] = Counter()
    for asset in market.assets.values():
        if not asset.managed:
            continue
        platform = asset.platform
        platforms[platform.name] += 1
        files = task_files(platform.name, platform.family)
        for listed in listed_roles():
            if listed.concerns(asset):
                (served if listed.role in files else waiting)[listed.role, platform.name] += 1
    roles = tuple(listed.role for listed in listed_roles())
    return RoleMatrix(roles, tuple(platforms.most_common()), served, waiting)
