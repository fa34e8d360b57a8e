"""Options of the roles, and their task files by platform."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from reversibility.market.platforms import platform_table
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
def task_files(platform: str, family: str) -> dict[str, str]:
    """Role → its task file: ``<platform>.yml``, else ``<family>.yml``; a role without either is left out.

    A further entry point is ``<role>_<entry>``, with its file ``<entry>_<platform>.yml`` or ``<entry>_<family>.yml``.
    """
    found: dict[str, str] = {}
    for role, names in _files().items():
        for prefix in ("", *(f"{name}_" for name in sorted(names))):
            for choice in (f"{prefix}{platform}", f"{prefix}{family}"):
                if choice in names:
                    found[f"{role}_{prefix}".rstrip("_")] = f"{choice}.yml"
                    break
    return found


@cache
def platform_roles() -> tuple[str, ...]:
    """The roles that have a task file for at least one platform or family."""
    table = platform_table()
    known = {*table.platforms, *table.families}
    return tuple(role for role, names in _files().items() if names & known)


@cache
def _files() -> dict[str, frozenset[str]]:
    """Role → the names of its task files, without ``.yml``."""
    return {
        folder.parent.name: frozenset(path.stem for path in folder.glob("*.yml"))
        for folder in sorted(ROLES.glob("*/tasks"))
    }
