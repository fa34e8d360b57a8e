"""Obligations that the owner of a market gave up for a time, with a reason (``waivers`` of contract.yml).

A waiver never counts as proven: it is shown beside, with its reason, its author and its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from reversibility.contract.obligations import Subject


@dataclass(frozen=True, slots=True)
class Waiver:
    """One entry of ``waivers``. ``asset``, ``kind`` and ``site`` narrow it; without any it covers all rows."""

    obligation: str
    reason: str
    author: str
    until: date
    asset: str | None = None
    kind: str | None = None
    site: str | None = None

    def covers(self, subject: Subject) -> bool:
        """Say whether ``subject`` is among what this waiver was written for (its end is another matter)."""
        tag = subject.asset.tag if subject.asset else None
        kind = subject.asset.kind if subject.asset else None
        return (
            (self.asset is None or self.asset == tag)
            and (self.kind is None or self.kind == kind)
            and (self.site is None or self.site == subject.site)
        )

    def to_json(self) -> dict[str, str]:
        """The waiver in the form shown in the assessment."""
        return {"reason": self.reason, "author": self.author, "until": self.until.isoformat()}


class Waivers:
    """The waivers of a market, found by obligation."""

    def __init__(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Take the ``waivers`` list of contract.yml, whose shape preflight has checked."""
        self._by_obligation: dict[str, list[Waiver]] = {}
        for entry in entries:
            waiver = Waiver(
                obligation=str(entry["obligation"]),
                reason=str(entry["reason"]),
                author=str(entry["author"]),
                until=_date(entry["until"]),
                asset=entry.get("asset"),
                kind=entry.get("kind"),
                site=entry.get("site"),
            )
            self._by_obligation.setdefault(waiver.obligation, []).append(waiver)

    def find(self, obligation: str, subject: Subject) -> Waiver | None:
        """Return the waiver of ``obligation`` for ``subject`` that ends last (perhaps already over), or None."""
        covering = [w for w in self._by_obligation.get(obligation, ()) if w.covers(subject)]
        return max(covering, key=lambda waiver: waiver.until, default=None)

    def unknown(self, obligations: Iterable[str]) -> list[str]:
        """Obligations that waivers name and the profile does not have: such a waiver has no effect."""
        return sorted(set(self._by_obligation) - set(obligations))


def _date(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)
