"""The state as a build reads it: a damaged record stops nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reversibility.errors import CartableError
from reversibility.records.state import State


class ReadableState(State):
    """A state of which a damaged record reads as one that is not there, and is told in ``findings``.

    The file itself goes into the bundle as it is.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.findings: dict[str, None] = {}  # in order, each once

    def read_json(self, site: str, asset: str, name: str) -> Any | None:
        """Read one JSON record; None also when it is damaged."""
        try:
            return super().read_json(site, asset, name)
        except CartableError as error:
            self.findings.setdefault(str(error))
            return None
