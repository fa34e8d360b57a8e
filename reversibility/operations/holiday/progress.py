"""Progress of a run on one asset, recorded in the state after each stage, so that a killed run can continue.

``holiday.json`` of an asset holds the run's name and, by stage, its result, when it ended, how long it took and, where
it failed, why. ``durations`` outlive the run: the next one is planned from them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from reversibility.market.model import Market
from reversibility.operations.holiday.stages import Stage, stages
from reversibility.records.state import State

RECORD = "holiday.json"
DONE, FAILED, BEGUN, IMPOSSIBLE, OFF, WINDOW = "done", "failed", "begun", "impossible", "off", "window"
ENDED = frozenset({DONE, IMPOSSIBLE})
LONGEST_DETAIL = 300


class Progress:
    """Progress of one run on one asset. Every change is on the disk when the call returns."""

    def __init__(self, state: State, site: str, asset: str, run: str) -> None:
        self.state, self.site, self.asset, self.run = state, site, asset, run
        content = state.read_json(site, asset, RECORD)
        self.content: dict[str, Any] = content if isinstance(content, dict) else {}
        if self.content.get("run") != run:  # of an earlier run only the durations are used
            self.content = {"run": run, "stages": {}, "durations": self.content.get("durations", {})}

    @property
    def results(self) -> Mapping[str, Mapping[str, Any]]:
        """Stage → its result."""
        found: Mapping[str, Mapping[str, Any]] = self.content["stages"]
        return found

    def remaining(self, family: str, after: str | None = None) -> float:
        """Seconds that the stages which have not ended will take, from ``after`` on."""
        names = [one.name for one in stages()]
        first = names.index(after) if after else 0
        return sum(
            self.estimate(one, family)
            for one in stages()[first:]
            if self.results.get(one.name, {}).get("result") not in ENDED
        )

    def estimate(self, stage: Stage, family: str) -> float:
        """Seconds that one stage will take here."""
        return stage.estimate(family, self.content["durations"].get(stage.name))

    def agenda(
        self, family: str, task_files: Mapping[str, str], *, second: bool = False, keep: bool = True
    ) -> list[Stage]:
        """The remaining stages, in order; records stages that the platform does not support (``keep``).

        ``second``: a pass for what was off or lost, in which an asset that has failed has nothing left.
        """
        left = []
        for one in stages():
            known = self.results.get(one.name, {}).get("result")
            if one.task_file(family, task_files) is None:
                if known is None and keep:
                    self.note(one.name, IMPOSSIBLE)
            elif known not in ENDED or one.always:
                left.append(one)
        if (second and self.outcome() == FAILED) or (
            all(one.always for one in left) and self.outcome() == DONE
        ):
            return []
        return left

    def blocked_by(self, stage: Stage) -> str | None:
        """The stage before ``stage`` that has not ended, so that ``stage`` has to wait; None without any."""
        names = [one.name for one in stages()]
        before = names[: names.index(stage.name)]
        return next((name for name in before if self.results.get(name, {}).get("result") not in ENDED), None)

    def begin(self, stage: Stage, family: str, left: float | None) -> bool:
        """Record that ``stage`` begins; returns False (recorded too) if it and later stages cannot end in the window.

        ``left`` is the window's rest in seconds, None without an end.
        """
        if left is not None and stage.changes and self.remaining(family, stage.name) > left:
            self.note(stage.name, WINDOW)
            return False
        self.note(stage.name, BEGUN)
        return True

    def note(
        self,
        stage: str,
        result: str,
        *,
        now: dt.datetime | None = None,
        detail: str = "",
        code: str = "",
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep the result of a stage."""
        now = now or dt.datetime.now(dt.UTC)
        before = self.content["stages"].get(stage, {})
        entry: dict[str, Any] = {"result": result, "at": now.strftime("%Y-%m-%dT%H:%M:%SZ")}
        if result == BEGUN:
            entry["attempts"] = before.get("attempts", 0) + 1
        elif "attempts" in before:
            entry["attempts"] = before["attempts"]
        if result in (DONE, FAILED) and before.get("result") == BEGUN:
            began = dt.datetime.fromisoformat(before["at"])
            seconds = round((now - began).total_seconds())
            entry["seconds"] = max(0, seconds)
            if result == DONE and seconds >= 0:  # else the clock was set back meanwhile
                self.content["durations"][stage] = entry["seconds"]
        entry.update(
            {key: value for key, value in (("detail", detail[:LONGEST_DETAIL]), ("code", code)) if value}
        )
        found = dict(data or {})
        # Files of an attempt that failed stay beside those of a later one: somebody has to read them all.
        files = {*before.get("data", {}).get("conffiles", ()), *found.get("conffiles", ())}
        if files:
            found["conffiles"] = sorted(files)
        if found:
            entry["data"] = found
        self.content["stages"][stage] = entry
        self.state.write(self.site, self.asset, RECORD, self.content)

    def outcome(self) -> str:
        """The asset's state in one word: ``done``, ``failed``, ``off``, ``window``, ``cut`` or ``waiting``."""
        found = [self.results.get(one.name, {}).get("result") for one in stages()]
        for word in (FAILED, OFF, WINDOW):
            if word in found:
                return word
        if BEGUN in found:
            return "cut"
        return DONE if all(result in ENDED for result in found) else "waiting"


def failures(state: State, market: Market, tags: Iterable[str], run: str, since: str = "") -> tuple[int, int]:
    """How many assets were brought to an end since ``since``, well or badly, and how many of these have failed.

    One that is off was not tried; what failed before an earlier start does not count against this one.
    """
    tried = failed = 0
    for tag in tags:
        if tag in market.assets:
            progress = Progress(state, market.assets[tag].site, tag, run)
            last = max((str(entry["at"]) for entry in progress.results.values()), default="")
            outcome = progress.outcome()
            if last >= since and outcome in (DONE, FAILED):
                tried += 1
                failed += outcome == FAILED
    return tried, failed
