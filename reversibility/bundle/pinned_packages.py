"""The pinned packages for a successor: dependencies of the project, in the versions of this build."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Mapping
from functools import cache

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

PROJECT, EXTRA = "cartable", "ansible"  # the extra has what runs playbooks; tools for tests are in another
MINORS = range(9, 30)


@cache
def pinned_packages() -> Mapping[str, str]:
    """Name and version of each package that the project needs, directly or not, and that is installed here.

    Where the project itself is not installed as a package: all that are there.
    """
    try:
        wanted = [(PROJECT, frozenset({EXTRA}))]
        importlib.metadata.distribution(PROJECT)
    except importlib.metadata.PackageNotFoundError:
        wanted = [(str(found.metadata["Name"]), frozenset()) for found in importlib.metadata.distributions()]
    seen: dict[str, importlib.metadata.Distribution] = {}
    done: set[tuple[str, frozenset[str]]] = set()
    while wanted:
        name, extras = wanted.pop()
        key = (canonicalize_name(name), extras)
        if key in done:
            continue
        done.add(key)
        try:
            found = seen[key[0]] = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:  # for another system, or optional
            continue
        wanted += _needs(found, extras)
    others = {name: found for name, found in seen.items() if name != PROJECT}
    return {str(found.metadata["Name"]): found.version for _, found in sorted(others.items())}


def _needs(found: importlib.metadata.Distribution, extras: Iterable[str]) -> list[tuple[str, frozenset[str]]]:
    needed = []
    for text in found.requires or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        environments = [{"extra": extra} for extra in (*extras, "")]
        if requirement.marker is None or any(requirement.marker.evaluate(one) for one in environments):
            needed.append((requirement.name, frozenset(requirement.extras)))
    return needed


def python_range(packages: Iterable[str]) -> tuple[str, str]:
    """The oldest and the newest Python (``3.12``, ``3.13``) on which the project and all ``packages`` install."""
    allowed = [f"3.{minor}" for minor in MINORS]
    for name in (PROJECT, *packages):
        try:
            said = SpecifierSet(importlib.metadata.metadata(name).get("Requires-Python") or "")
        except (importlib.metadata.PackageNotFoundError, InvalidSpecifier):
            continue
        allowed = [version for version in allowed if said.contains(f"{version}.99")] or allowed
    return allowed[0], allowed[-1]
