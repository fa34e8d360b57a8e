"""Files of obligations profiles: their names, and their ``extends``.

What is in them belongs to the contract (``contract/profile_loader.py``); the market only asks whether the profile that
contract.yml names exists, and whether waivers are for obligations of it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from reversibility.errors import CartableError

PROFILES = Path(__file__).parent.parent / "contract" / "profiles"


def profile_names() -> list[str]:
    """List the profiles that are shipped."""
    return sorted(path.stem for path in PROFILES.glob("*.yml"))


def profile_documents(path: Path) -> list[tuple[Path, Any]]:
    """Read a profile and all that it extends, each once, itself first.

    A name under ``extends`` is a profile in the same folder, or a shipped one. Raises CartableError for a file that
    is not there, that is no YAML, or that extends itself.
    """
    found: dict[Path, Any] = {}
    _read(path, found, ())
    return list(found.items())


def obligation_ids(profile: str) -> frozenset[str] | None:
    """The ids of the obligations of a shipped profile; None when there is none of that name, or it does not read."""
    return _ids(PROFILES / f"{profile}.yml") if profile in profile_names() else None


@cache
def _ids(path: Path) -> frozenset[str] | None:
    try:
        documents = profile_documents(path)
        return frozenset(str(item["id"]) for _, content in documents for item in content["obligations"])
    except (CartableError, KeyError, TypeError):
        return None


def _read(path: Path, found: dict[Path, Any], above: tuple[Path, ...]) -> None:
    if path in above:
        circle = " → ".join(one.stem for one in (*above[above.index(path) :], path))
        raise CartableError(f"{path.name} extends itself ({circle}); remove one of these extends.")
    if path in found:
        return
    try:
        content = found[path] = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        wanted = f"{above[-1].name}: extends" if above else "contract.yml:"
        raise CartableError(
            f"{wanted} there is no obligations profile {path.stem!r}; use one of: {', '.join(profile_names())}."
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CartableError(f"{path.name} cannot be read as YAML: {error}") from error
    extended = content.get("extends", ()) if isinstance(content, dict) else ()
    for name in extended if isinstance(extended, list) else ():
        beside = path.with_name(f"{name}.yml")
        _read(beside if beside.is_file() else PROFILES / f"{name}.yml", found, (*above, path))
