"""Progress output of the lab: one line for each step, with the seconds since the start."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class Progress:
    """Prints steps. Lines of side-by-side steps do not mix."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._lock = threading.Lock()

    def __call__(self, text: str) -> None:
        """Say what has been done or begins."""
        with self._lock:
            print(f"[{time.monotonic() - self._start:6.1f} s] {text}", file=sys.stderr, flush=True)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Say what was done once the block has ended, and how long it took."""
        begin = time.monotonic()
        yield
        self(f"{text} ({time.monotonic() - begin:.1f} s)")


def table(rows: Sequence[Sequence[str]]) -> str:
    """``rows`` (the first one is the heading) in columns, without trailing blanks."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
