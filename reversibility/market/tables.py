"""Reader of the tables beside this module (kinds.yml, platforms.yml), each checked against its schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError

from reversibility.errors import CartableError

FOLDER = Path(__file__).parent


def read_table(name: str) -> dict[str, Any]:
    """The content of ``<name>.yml``, days as ISO 8601 texts. Raises CartableError when it is not as its schema says."""
    path = FOLDER / f"{name}.yml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        content = json.loads(json.dumps(content, default=str))  # days as texts
        schema = json.loads((FOLDER / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
        Draft202012Validator(schema).validate(content)
    except (OSError, ValueError, TypeError, yaml.YAMLError) as error:
        raise CartableError(f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        raise CartableError(f"{path}: {error.json_path}: {error.message}") from error
    found: dict[str, Any] = content
    return found
