"""The journal (B 6.2): whole, and old enough."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, timedelta

import pytest

from reversibility.records.journals import Journals
from tests.unit.contract.handover import NOW, Handover


def test_an_altered_journal_is_not_proven(handover: Handover) -> None:
    path = sorted((handover.data / "09-journal").glob("*/*.jsonl"))[3]
    path.write_bytes(path.read_bytes().replace(b"changed", b"nothing"))
    row = handover.row("B-6.2-journal")
    assert row.status == "present" and f"poste7/{path.name}, ligne 1" in row.detail


@pytest.mark.parametrize("index", [0, 3, -1])
def test_a_removed_journal_line_shows(handover: Handover, index: int) -> None:
    sorted((handover.data / "09-journal").glob("*/*.jsonl"))[index].unlink()
    assert handover.row("B-6.2-journal").status == "present"


def test_what_was_found_while_the_journal_was_copied_is_not_proven(handover: Handover) -> None:
    """The end and the head rewritten together show only beside the state's Git history."""
    told = handover.data / "09-journal/verification.json"
    told.write_text(
        '{"lines": 10, "notes": [], "problems": ["poste7/2026-03.jsonl:1: the last lines were removed"]}'
    )
    row = handover.row("B-6.2-journal")
    assert row.status == "present" and "poste7/2026-03.jsonl, ligne 1" in row.detail


def keep_the_last_lines(handover: Handover) -> None:
    """Put the journal of a market that began not long ago in the place of the other."""
    folder = handover.data / "09-journal"
    shutil.rmtree(folder / "poste7")
    for day in range(160, 0, -40):
        Journals(folder, "poste7").own.append({"task": f"task {day}"}, when=NOW - timedelta(days=day))


def test_a_journal_of_the_last_months_only_is_sound_but_too_short(handover: Handover) -> None:
    keep_the_last_lines(handover)
    row = handover.row("B-6.2-journal")
    assert row.status == "present" and "vérifiée" in row.detail and "12 mois attendus" in row.detail


def test_a_young_contract_needs_no_twelve_months(handover: Handover) -> None:
    keep_the_last_lines(handover)
    contract = {**handover.market.contract["contract"], "start": date(2026, 2, 1)}
    market = replace(handover.market, contract={**handover.market.contract, "contract": contract})
    assert handover.row("B-6.2-journal", market=market).status == "proven"
