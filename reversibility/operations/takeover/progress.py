"""Progress of a take-over, recorded in the state after each step, so that it can be resumed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reversibility.errors import CartableError
from reversibility.records.atomic import write_atomically
from reversibility.records.json_text import read_json

FILE = "takeover.json"
DONE, PARTIAL = "done", "partial"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of one step. ``left`` are its open points; ``notes`` do not block later steps."""

    detail: str = ""
    left: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def result(self) -> str:
        """``done``, or ``partial`` when something is left."""
        return PARTIAL if self.left else DONE


@dataclass
class Progress:
    """One take-over: of which bundle, what was handed over with it (no secret), and the outcome of each step."""

    bundle: str
    handed_over: dict[str, Any]
    started: str
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    path: Path | None = None

    @classmethod
    def begin(cls, state: Path, bundle: str, handed_over: dict[str, Any], now: datetime) -> Progress:
        """Write the first record of a take-over below the folder ``state``."""
        progress = cls(bundle, handed_over, _time(now), path=state / FILE)
        progress.write()
        return progress

    @classmethod
    def read(cls, state: Path) -> Progress | None:
        """Read the record; None when none was begun. Raises CartableError for one that cannot be read."""
        path = state / FILE
        if not path.is_file():
            return None
        try:
            content = read_json(path.read_bytes())
            return cls(
                str(content["bundle"]),
                dict(content["handed_over"]),
                str(content["started"]),
                {str(name): dict(step) for name, step in content["steps"].items()},
                path,
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CartableError(
                f"{path} cannot be read ({error}); bring it back from the state's history (git -C {state} log)."
            ) from error

    def write(self) -> None:
        """Write the record atomically."""
        assert self.path is not None
        content = {
            "bundle": self.bundle,
            "handed_over": self.handed_over,
            "started": self.started,
            "steps": self.steps,
        }
        text = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True)
        write_atomically(self.path, f"{text}\n".encode())

    def done(self, step: str) -> bool:
        """Whether a step left nothing."""
        return self.steps.get(step, {}).get("result") == DONE

    def note(self, step: str, outcome: Outcome, now: datetime) -> None:
        """Keep the outcome of a step."""
        self.steps[step] = {
            "result": outcome.result,
            "time": _time(now),
            "detail": outcome.detail,
            "left": list(outcome.left),
            "notes": list(outcome.notes),
        }
        self.write()

    def left(self, steps: Sequence[str]) -> list[str]:
        """The open points of these steps, a line each, including steps that were not run."""
        found = []
        for name in steps:
            step = self.steps.get(name)
            found += [f"{name}: not done"] if step is None else [f"{name}: {one}" for one in step["left"]]
        return found


def _time(now: datetime) -> str:
    return f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
