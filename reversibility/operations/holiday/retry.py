"""Retry times for assets that were off: at growing intervals, until the window ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

GROWTH = 0.25  # of what has been waited so far: two weeks of holidays are some thirty tries
LIFTED = 3600.0  # seconds, where neither a window nor the operator ends it


@dataclass(frozen=True)
class Off:
    """An asset that was off: the seconds that its stages take, and those left of its site's window (None: no end)."""

    asset: str
    needed: float
    left: float | None

    def useful(self, waited: float, patience: float | None) -> float:
        """Seconds for which it is still useful to wait for it."""
        ends = [self.left - self.needed] if self.left is not None else []
        if patience is not None or not ends:
            ends.append((LIFTED if patience is None else patience) - waited)
        return min(ends)


def next_try(off: Iterable[Off], waited: float, every: float, patience: float | None) -> float | None:
    """Seconds until the next retry; None if nothing is off or no time is left.

    ``waited`` are the seconds since this start; ``patience``, where the operator has set one, ends it before the
    window.
    """
    useful = max((one.useful(waited, patience) for one in off), default=0.0)
    return min(max(every, waited * GROWTH), useful) if useful > 0 else None
