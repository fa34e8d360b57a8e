"""The checks before and after the work: what was lost, and whether there is a backup to fall back on."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from reversibility.operations.holiday.health import backup_problem, lost

NOW = dt.datetime(2026, 12, 21, 12, tzinfo=dt.UTC)
BEFORE = {
    "failed_units": ["old.service"],
    "listening": [22, 445],
    "shares": ["classe"],
    "gateways": ["192.0.2.1"],
    "printers": ["cp"],
}


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({}, None, ""),
        ({"listening": [22, 80, 445], "shares": ["classe", "new"]}, None, ""),
        ({"failed_units": ["old.service", "smbd.service"]}, "service_failed", "failed: smbd.service"),
        ({"listening": [22]}, "service_failed", "listening no more: 445"),
        ({"shares": []}, "share_lost", "shares no more: classe"),
        ({"gateways": []}, "network_lost", "gateways no more: 192.0.2.1"),
        ({"printers": []}, "printing_lost", "printers no more: cp"),
        ({"shares": [], "printers": []}, "share_lost", "shares no more: classe; printers no more: cp"),
    ],
)
def test_what_was_lost(change: dict[str, Any], code: str | None, said: str) -> None:
    assert lost(BEFORE, {**BEFORE, **change}) == ((code, said) if code else None)


def backup(hours: float, result: str = "success", dataset: str = "homes") -> dict[str, str]:
    return {"dataset": dataset, "time": (NOW - dt.timedelta(hours=hours)).isoformat(), "result": result}


@pytest.mark.parametrize(
    ("backups", "hours", "said"),
    [
        (None, 48, None),  # not backed up: nobody has said that it should be
        ([], 48, None),
        ([backup(47)], 48, None),
        ([backup(49)], 48, "last good backup: homes 2026-12-19 11:00"),
        ([backup(49)], 0, None),
        ([backup(1, "failed"), backup(49)], 48, "last good backup: homes 2026-12-19 11:00"),
        ([backup(1, "failed")], 48, "last good backup: homes never"),
        ([backup(1), backup(100, dataset="shares")], 48, "last good backup: shares 2026-12-17 08:00"),
        (
            [{"dataset": "homes", "time": "2026-12-21T11:00:00", "result": "success"}],
            48,
            None,
        ),  # no time zone: UTC
    ],
)
def test_backups(backups: list[dict[str, str]] | None, hours: int, said: str | None) -> None:
    assert backup_problem({"backups": backups} if backups is not None else None, NOW, hours) == said
