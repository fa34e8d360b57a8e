"""The records of one asset in the bundle that is being built, each file read once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from reversibility.contract.formats import open_format
from reversibility.records.inventory_summary import Software, software_of
from reversibility.records.json_text import read_json
from reversibility.records.tables import cell_text

EQUIPMENT = "02-equipements"


class Unreadable(Exception):
    """A file exists and does not open: the evidence is present and cannot be proven. The message is French."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}\u00a0: {problem}")
        self.path = path


@dataclass(slots=True)
class Formats:
    """Number of opened files, and the files with a wrong format."""

    opened: int = 0
    problems: list[str] = field(default_factory=list)

    def note(self, path: str, problem: str | None) -> None:
        """Count one file."""
        self.opened += 1
        if problem:
            self.problems.append(f"{path}\u00a0: {problem}")


class AssetFolder:
    """The records of one asset in the bundle; what was parsed is kept as long as this object."""

    def __init__(self, data: str, site: str, tag: str) -> None:
        self.relative = f"{EQUIPMENT}/{site}/{tag}"
        # plain strings: with 25,000 assets the making of Path objects is a good part of the time
        self._folder = f"{data}/{self.relative}"
        self._parsed: dict[str, Any] = {}

    def path(self, name: str) -> str:
        """Return the path in the bundle of one of the asset's files, below ``data/``."""
        return f"{self.relative}/{name}"

    @cached_property
    def names(self) -> list[str]:
        """The asset's files, sorted, relative to its folder."""
        return sorted(files_below(self._folder))

    def bytes(self, name: str) -> bytes | None:
        """Read one file; None when it is not there."""
        if name not in self.names:
            return None
        with open(f"{self._folder}/{name}", "rb") as stream:  # noqa: PTH123 - see __init__
            return stream.read()

    def json(self, name: str) -> Any | None:
        """Parse one JSON file; None when it is not there. Raises Unreadable when it is no JSON."""
        if name not in self._parsed:
            content = self.bytes(name)
            try:
                self._parsed[name] = None if content is None else read_json(content)
            except ValueError:
                self._parsed[name] = Unreadable(self.path(name), "n’est pas du JSON")
        value = self._parsed[name]
        if isinstance(value, Unreadable):
            raise value
        return value

    @cached_property
    def software(self) -> tuple[Software, ...]:
        """The software of the asset's record, empty when there is none. Raises Unreadable."""
        record = self.json("inventory.json")
        content = record.get("content") if isinstance(record, dict) else None
        return software_of(content) if isinstance(content, dict) else ()

    @cached_property
    def software_digest(self) -> int:
        """What ``PayloadReader.software`` should have for the asset."""
        digest = 0
        for software in self.software:
            digest ^= software_digest(cell_text(software.name), cell_text(software.version))
        return digest

    def check_formats(self, formats: Formats) -> None:
        """Open every file that was not opened yet, and note all of them."""
        for name in self.names:
            if name in self._parsed:
                broken = isinstance(self._parsed[name], Unreadable)
                formats.note(self.path(name), "n’est pas du JSON" if broken else None)
            else:
                formats.note(self.path(name), open_format(f"{self._folder}/{name}"))


def software_digest(name: str, version: str) -> int:
    """Give a number for one software of an asset; XOR over all of them does not depend on their order.

    ``name`` and ``version`` are as ``cell_text`` writes them. Only compared within one process.
    """
    return hash((name, version))


def files_below(folder: str) -> Iterator[str]:
    """Yield the files below ``folder`` as paths relative to it."""
    start = len(folder) + 1
    for directory, _, names in os.walk(folder):
        for name in names:
            yield f"{directory}/{name}"[start:]
