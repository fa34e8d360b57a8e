"""J 3.8.1: the maintenance of each school holiday is proven by its report, and only when it ended on every asset."""

from __future__ import annotations

import json
from datetime import timedelta

from tests.unit.contract.handover import NOW, Handover

SITE = "trois_platanes"


def write_report(handover: Handover, run: str, age: timedelta, **outcomes: str) -> None:
    managed = [tag for tag, asset in handover.market.assets.items() if asset.managed]
    rows = [{"asset": tag, "outcome": outcomes.get(tag, "done")} for tag in managed]
    folder = handover.data / "11-documents" / "maintenance" / run / SITE
    folder.mkdir(parents=True)
    report = {"reported": (NOW - age).isoformat(), "assets": rows}
    (folder / "compte-rendu.json").write_text(json.dumps(report))


def test_a_report_of_the_last_holidays_proves_the_maintenance(handover: Handover) -> None:
    row = handover.row("J-3.8.1-maintenance", SITE)
    assert row.status == "missing" and "compte-rendu.json" in row.detail
    write_report(handover, "2025-07-05-ete", timedelta(days=200))
    old = handover.row("J-3.8.1-maintenance", SITE)
    assert old.status == "present" and "aucun compte rendu depuis" in old.detail
    write_report(handover, "2026-02-06-hiver", timedelta(days=20), UC250001="off")
    left = handover.row("J-3.8.1-maintenance", SITE)
    assert left.status == "present" and left.detail.endswith("inachevée\u00a0: UC250001")
    write_report(handover, "2026-02-07-hiver", timedelta(days=19))
    assert handover.row("J-3.8.1-maintenance", SITE).status == "proven"
