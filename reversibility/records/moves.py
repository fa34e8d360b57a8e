"""Moves of records when an asset gets another site or tag; the old folder points to the new one.

The old folder keeps one file, ``moved.json``. The new one of a renamed asset has ``former.json`` with the tags that it
had, by which its history and its lines of the journal are found.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from reversibility.errors import CartableError
from reversibility.records.locking import file_lock
from reversibility.records.state import FORMER, LOCK, MOVED, VOLATILE, State

SHOWN = 5  # most moves named in one commit's subject


@dataclass(frozen=True)
class Place:
    """Where the records of an asset are."""

    site: str
    asset: str

    def __str__(self) -> str:
        return f"{self.site}/{self.asset}"


@dataclass(frozen=True)
class Move:
    """One folder of records, and where it belongs."""

    old: Place
    new: Place

    def __str__(self) -> str:
        what = (
            self.new.asset if self.old.asset == self.new.asset else f"{self.old.asset} to {self.new.asset},"
        )
        where = "" if self.old.site == self.new.site else f" from {self.old.site} to {self.new.site}"
        return f"{what}{where}".rstrip(",")


def misplaced(state: State, sites: Mapping[str, str]) -> list[Move]:
    """Records that are under another site than the asset's site in the inventory (tag → site)."""
    return [
        Move(Place(site, asset), Place(sites[asset], asset))
        for site, asset in state.assets()
        if sites.get(asset, site) != site
    ]


def follow(state: State, sites: Mapping[str, str], when: datetime | None = None) -> list[Move]:
    """Move the records of assets that have changed their site, in one commit."""
    moves = misplaced(state, sites) if state.repository.exists() else []
    if moves:
        state.commit("what was recorded before")  # the commit below holds the moves alone
        for each in moves:
            _move(state, each, when or datetime.now(UTC))
        named = "; ".join(str(each) for each in moves[:SHOWN])
        more = f" and {len(moves) - SHOWN} more" if len(moves) > SHOWN else ""
        state.commit(f"moved: {named}{more}")
    return moves


def rename(state: State, old: str, new: str, site: str, when: datetime | None = None) -> Move | None:
    """Move the records of the asset ``old`` to its new tag, at ``site``; None when nothing was recorded of it.

    Raises CartableError where there are records under the new tag already.
    """
    place = state.find(old)
    if place is None:
        return None
    check_rename(state, new)
    change = Move(Place(*place), Place(site, new))
    state.commit("what was recorded before")
    former = [*state.former_tags(*place), old]
    _move(state, change, when or datetime.now(UTC))
    state.write(site, new, FORMER, {"tags": former})
    state.commit(f"renamed: {change}")
    return change


def check_rename(state: State, new: str) -> None:
    """Raise CartableError where something was recorded under the new tag already (a failed attempt does not count)."""
    other = state.find(new)
    if other is not None and state.files(*other):
        raise CartableError(
            f"There are records of {new} already ({other[0]}/{new}); one of the two is another machine. Look at both "
            f"with reversibility state log, and move one of the folders away in {state.directory}."
        )


def _move(state: State, change: Move, when: datetime) -> None:
    """Move the files one by one, so that the next run completes an interrupted one."""
    old, new = change.old, change.new
    with file_lock(state.directory / LOCK):
        for name in (*state.files(old.site, old.asset), VOLATILE):
            source = state.directory / old.site / old.asset / name
            target = state.directory / new.site / new.asset / name
            if name == MOVED or not source.is_file():
                continue
            if target.exists():
                source.unlink()  # seen at the new place since; Git keeps the former one
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)
        _remove_empty_folders(state, old)
        state.remove(new.site, new.asset, MOVED)
        state.write(old.site, old.asset, MOVED, {"to": str(new), "on": f"{when:%Y-%m-%d}"})


def _remove_empty_folders(state: State, place: Place) -> None:
    for folder, _, _ in sorted(os.walk(state.directory / place.site / place.asset), reverse=True):
        with contextlib.suppress(OSError):  # not empty
            Path(folder).rmdir()
