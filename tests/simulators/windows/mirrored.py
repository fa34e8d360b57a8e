"""Hash table of the collection files that the models mirror.

`python -m tests.simulators.windows.mirrored` writes it anew: only after each changed .ps1 has been read and its model
adapted.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import ansible_collections  # type: ignore[import-untyped]

from .models import load
from .models.api import MODELS

TABLE = Path(__file__).with_name("mirrored.json")


def source_file(module: str) -> Path:
    """The installed .ps1 of a module."""
    namespace, collection, name = module.split(".")
    for root in ansible_collections.__path__:
        path = Path(root) / namespace / collection / "plugins" / "modules" / f"{name}.ps1"
        if path.exists():
            return path
    raise FileNotFoundError(f"{module}: no .ps1 is installed")


def installed_version(module: str) -> str:
    manifest = source_file(module).parents[2] / "MANIFEST.json"
    return str(json.loads(manifest.read_text())["collection_info"]["version"])


def digest(module: str) -> str:
    return hashlib.sha256(source_file(module).read_bytes()).hexdigest()


def mirrored_modules() -> list[str]:
    """Modules of collections that have a model; the project's own are checked by their own tests."""
    load()
    return sorted(name for name, model in MODELS.items() if model.version)


def table() -> dict[str, dict[str, str]]:
    return {name: {"version": installed_version(name), "sha256": digest(name)} for name in mirrored_modules()}


if __name__ == "__main__":
    TABLE.write_text(json.dumps(table(), indent=1) + "\n")
