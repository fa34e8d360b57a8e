"""Configuration tree of a simulated device: lines by their key, in the order in which the device shows them."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts GigabitEthernet1/0/2 before GigabitEthernet1/0/10."""
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", text) if part
    )


@dataclass
class Line:
    """One line: its text, its place, and the section that it opens."""

    text: str
    rank: int = 0
    section: Section | None = None
    more: tuple[str, ...] = ()
    """Further text below the line as it stands: the rest of a banner, a long list continued."""


@dataclass
class Section:
    """Lines of one level, by key."""

    lines: dict[str, Line] = field(default_factory=dict)

    def get(self, key: str) -> str | None:
        """The text of a line; None when there is none."""
        line = self.lines.get(key)
        return None if line is None else line.text

    def put(self, key: str, text: str, rank: int = 0, more: tuple[str, ...] = ()) -> None:
        self.lines[key] = Line(text, rank, None, more)

    def drop(self, key: str) -> bool:
        return self.lines.pop(key, None) is not None

    def open(self, key: str, rank: int = 0) -> Section:
        """The section of a line, made when it is missing."""
        line = self.lines.setdefault(key, Line(key, rank))
        if line.section is None:
            line.section = Section()
        return line.section

    def child(self, key: str) -> Section | None:
        line = self.lines.get(key)
        return None if line is None else line.section

    def beginning(self, start: str) -> list[str]:
        """The keys that begin with a text, in their natural order."""
        return sorted((key for key in self.lines if key.startswith(start)), key=natural)

    def ordered(self) -> Iterator[Line]:
        """The lines as the device shows them."""
        yield from (
            line for _, line in sorted(self.lines.items(), key=lambda item: (item[1].rank, natural(item[0])))
        )

    def copy(self) -> Section:
        return copy.deepcopy(self)
