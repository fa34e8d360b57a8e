"""Stages of a holiday run: which there are, and which of them an asset's platform can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

TABLE = Path(__file__).with_name("stages.yml")
DEFAULT_MINUTES = 5


@dataclass(frozen=True)
class Stage:
    """One stage. ``label`` is French; ``minutes`` is by family; ``changes`` may leave an asset unfinished.
    ``always`` is done again as long as another stage is left."""

    name: str
    label: str
    role: str | None
    families: tuple[str, ...]
    minutes: Mapping[str, int]
    changes: bool
    always: bool

    def task_file(self, family: str, task_files: Mapping[str, str]) -> str | None:
        """The task file of its own for ``family``, ``role`` where a role does it, None where nothing does."""
        if self.role is not None:
            return "role" if self.role in task_files else None
        return f"{self.name}_{family}.yml" if family in self.families else None

    def estimate(self, family: str, measured: float | None) -> float:
        """Its seconds: what it took the last time, else the table's minutes."""
        return measured if measured is not None else 60.0 * self.minutes.get(family, DEFAULT_MINUTES)


@cache
def stages() -> tuple[Stage, ...]:
    """All stages in their order."""
    content = yaml.safe_load(TABLE.read_text(encoding="utf-8"))["stages"]
    return tuple(
        Stage(
            name,
            entry["label"],
            entry.get("role"),
            tuple(entry.get("tasks", ())),
            entry["minutes"],
            entry.get("changes", False),
            entry.get("always", False),
        )
        for name, entry in content.items()
    )


def stage(name: str) -> Stage:
    """One stage by its name."""
    return next(one for one in stages() if one.name == name)
