"""A market to break: ``base/`` is a copy of the demo market that no later edit of the demo moves a line of."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
TODAY = dt.date(2026, 1, 15)


@dataclass(frozen=True)
class Case:
    """One way to break the base market, and everything that the check must then say, to the letter.

    ``expected`` is wrong and stops a run, ``warned`` is shown and does not.
    """

    name: str
    changes: list[dict[str, Any]]
    expected: str
    warned: str = ""

    @classmethod
    def read(cls, path: Path) -> Case:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return cls(path.stem, content["changes"], content.get("expected", ""), content.get("warned", ""))

    def apply(self, market: Path) -> None:
        """Change the copy at ``market``; a text to replace that is not there once is a broken test."""
        for change in self.changes:
            file, old, new = market / change["file"], change.get("replace"), change["by"]
            if new is None:
                file.unlink()
            elif old is None or old == "*":
                file.write_text(new, encoding="utf-8")
            else:
                text = file.read_text(encoding="utf-8")
                assert text.count(old) == 1, f"{self.name}: {old!r} is {text.count(old)} times in {file.name}"
                file.write_text(text.replace(old, new), encoding="utf-8")
