"""What the roles of this version take: their options and the platforms that they have tasks for."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from reversibility.market.source import Document

# Beside this package in the project's tree. Where it was installed without the collection nothing is known of roles.
ROLES = Path(__file__).parents[2] / "roles"


@cache
def role_options() -> dict[str, dict[str, Any]]:
    """Role → its options by name, those of all its entry points, as ``meta/argument_specs.yml`` has them."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(ROLES.glob("*/meta/argument_specs.yml")):
        content = Document.read(path).value
        specs = content.get("argument_specs") if isinstance(content, dict) else None
        options = found.setdefault(path.parents[1].name, {})
        for entry in (specs or {}).values():
            options |= entry.get("options") or {}
    return found


@cache
def platforms() -> frozenset[str]:
    """The platforms (``debian``) that every role with several has tasks for: what this version can do."""
    choices = [
        frozenset(options[f"{role}_platform"]["choices"])
        for role, options in role_options().items()
        if "choices" in options.get(f"{role}_platform", {})
    ]
    return frozenset.intersection(*choices) if choices else frozenset()
