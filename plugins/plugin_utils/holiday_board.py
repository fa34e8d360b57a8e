# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress board of a holiday run, by school."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

ENDED = ("done", "failed", "off", "window")
LAST_FAILURES = 12


@dataclass
class Site:
    """One school: its assets with their outcome ("" while at work), and the minutes that were announced."""

    name: str
    minutes: int = 0
    outcomes: dict[str, str] = field(default_factory=dict)

    def count(self, *words: str) -> int:
        """Number of assets with one of the outcomes ``words``."""
        return sum(outcome in words for outcome in self.outcomes.values())

    @property
    def ended(self) -> int:
        """Number of finished assets, including failed ones."""
        return self.count(*ENDED)


class Board:
    """Updated with the results of a run's tasks; ``now`` is a clock in seconds."""

    def __init__(self, now: Any = time.monotonic) -> None:
        self._now = now
        self.began = now()
        self.sites: dict[str, Site] = {}
        self.at: dict[str, str] = {}
        self.failures: list[str] = []
        self.waits = ""  # for what was off, and until when

    def planned(self, answer: dict[str, Any]) -> None:
        """The plan: which assets each site has, and how long it takes."""
        self.began = self._now()
        for site, tags in answer.get("sites", {}).items():
            self.sites[site] = Site(site, answer.get("minutes", {}).get(site, 0), dict.fromkeys(tags, ""))

    def began_stage(self, asset: str, stage: str) -> None:
        """An asset is at a stage now."""
        self.at[asset] = stage

    def ended_stage(self, site: str, asset: str, answer: dict[str, Any]) -> str | None:
        """A stage has ended; returns the sentence to show if it failed."""
        outcome, known = answer.get("outcome", ""), self.sites.setdefault(site, Site(site)).outcomes
        known[asset] = outcome if outcome in ENDED else ""
        if answer.get("result") == "done":
            return None
        why = answer.get("code") or ""
        detail = " ".join(str(answer.get("detail") or "").split())[:120]
        said = f"{site} {asset} {answer.get('stage')}: {answer.get('result')}  {why}  {detail}".rstrip()
        self.failures = [*self.failures, said][-LAST_FAILURES:]
        return said

    def lost(self, site: str, asset: str) -> str:
        """An asset has stopped answering during a run; returns the sentence to show."""
        said = f"{site} {asset} {self.at.get(asset, '')}: does not answer any more"
        self.failures = [*self.failures, said][-LAST_FAILURES:]
        return said

    def minutes_left(self, site: Site) -> int | None:
        """Remaining minutes: announced, or by the pace once a third is finished; None without either."""
        spent, total = (self._now() - self.began) / 60, len(site.outcomes)
        if total and site.ended * 3 >= total:
            return round(spent / site.ended * (total - site.ended))
        return max(0, round(site.minutes - spent)) if site.minutes else None

    def totals(self, site: Site) -> str:
        """``5/7 done, 1 failed, 1 off``."""
        words = [f"{site.count('done')}/{len(site.outcomes)} done"]
        words += [f"{site.count(word)} {word}" for word in ENDED[1:] if site.count(word)]
        return ", ".join(words)
