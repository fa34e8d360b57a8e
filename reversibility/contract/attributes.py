"""Which attributes an asset must have, by kind (B 6.6): ``attributes.yml`` read into lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ATTRIBUTES = Path(__file__).parent / "attributes.yml"


@dataclass(frozen=True)
class MandatoryAttributes:
    """The content of attributes.yml. ``threshold`` is a share (0.98 is 98 %)."""

    threshold: float
    every: tuple[str, ...]
    managed: tuple[str, ...]
    unmanaged: tuple[str, ...]
    kinds: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, str]

    def of(self, kind: str, managed: bool) -> tuple[str, ...]:
        """List the attributes that an asset of ``kind`` must have, each once, in a stable order."""
        return tuple(
            dict.fromkeys(
                (*self.every, *(self.managed if managed else self.unmanaged), *self.kinds.get(kind, ()))
            )
        )

    def lacking(self, row: Mapping[str, Any], kind: str, managed: bool) -> list[str]:
        """List the mandatory attributes that ``row`` (an asset of inventaire.json) has not, or has empty."""
        return [name for name in self.of(kind, managed) if row.get(name) in (None, "", [])]

    def label(self, name: str) -> str:
        """Return the French name of an attribute."""
        return self.labels.get(name, name)


@cache
def mandatory_attributes() -> MandatoryAttributes:
    """Read attributes.yml, once."""
    content = yaml.safe_load(ATTRIBUTES.read_text(encoding="utf-8"))
    return MandatoryAttributes(
        threshold=float(content["threshold"]),
        every=tuple(content["every"]),
        managed=tuple(content["managed"]),
        unmanaged=tuple(content["unmanaged"]),
        kinds={kind: tuple(names) for kind, names in content["kinds"].items()},
        labels=dict(content["labels"]),
    )
