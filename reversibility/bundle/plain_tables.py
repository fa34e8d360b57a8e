"""CSV tables from YAML files and records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reversibility.records.tables import Cell, write_table


def write_list(path: Path, rows: object, columns: Mapping[str, str]) -> None:
    """Write a table of a list of mappings; ``columns`` maps a key to its header."""
    found = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    write_rows(path, tuple(columns.values()), ([row.get(key) for key in columns] for row in found))


def write_rows(path: Path, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table of rows of any values."""
    with write_table(path, headers) as table:
        for row in rows:
            table.row([_cell(value) for value in row])


def _cell(value: Any) -> Cell:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return value  # type: ignore[no-any-return]  # YAML scalars


def mapping(value: object) -> Mapping[str, Any]:
    """Return ``value`` when it is a mapping, an empty one otherwise."""
    return value if isinstance(value, Mapping) else {}
