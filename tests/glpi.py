"""GLPI's own schema, which judges the inventory records.

It is a file of another project (glpi-project/inventory_format) and lies beside this repository, not in it: where the
project is developed and tested there is a copy, a clone elsewhere has none.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

SCHEMA = Path(
    os.environ.get(
        "CARTABLE_GLPI_SCHEMA",
        Path(__file__).resolve().parents[2] / "shared" / "data" / "glpi_inventory.schema.json",
    )
)
needs_schema = pytest.mark.skipif(
    not SCHEMA.is_file(),
    reason=f"NO RECORD WAS COMPARED with GLPI's schema, which is not part of this repository: there is no {SCHEMA}; "
    "download inventory.schema.json of glpi-project/inventory_format and set CARTABLE_GLPI_SCHEMA to it",
)


@cache
def _validator() -> jsonschema.Draft7Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())


def problems(record: Any) -> list[str]:
    """What in an inventory record is not as GLPI wants it: the place and the reason."""
    return [f"{error.json_path}: {error.message}" for error in _validator().iter_errors(record)]
