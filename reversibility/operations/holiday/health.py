"""Losses between the checks before and after the work, and the check of backups before it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

# Part of a machine's health → code of its loss. An item that is listed before and not afterwards is lost.
LOSSES = {
    "running": "service_failed",
    "listening": "service_failed",
    "shares": "share_lost",
    "gateways": "network_lost",
    "printers": "printing_lost",
}


def lost(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, str] | None:
    """The code of the first loss, and all losses in one line; None when everything works as before."""
    found: list[tuple[str, str]] = []
    failed = sorted(set(after.get("failed_units", ())) - set(before.get("failed_units", ())))
    if failed:
        found.append(("service_failed", f"failed: {', '.join(failed)}"))
    for part, code in LOSSES.items():
        gone = [str(one) for one in before.get(part, ()) if one not in after.get(part, ())]
        if gone:
            found.append((code, f"{part} no more: {', '.join(gone)}"))
    return (found[0][0], "; ".join(said for _, said in found)) if found else None


def backup_problem(record: Any, now: dt.datetime, hours: int) -> str | None:
    """Why no recent backup exists, in one line; None if one does or the asset has no backups.

    ``record`` is the asset's ``backups.json``. ``hours`` of 0 ask for none.
    """
    backups = record.get("backups") if isinstance(record, Mapping) else None
    if not backups or not hours:
        return None
    newest: dict[str, dt.datetime | None] = {}
    for backup in backups:
        name = str(backup.get("dataset"))
        newest.setdefault(name, None)
        if backup.get("result") == "success" and backup.get("time"):
            time = dt.datetime.fromisoformat(str(backup["time"]))
            time = time if time.tzinfo else time.replace(tzinfo=dt.UTC)
            newest[name] = max(time, newest[name] or time)
    old = [
        f"{name} {time:%Y-%m-%d %H:%M}" if time else f"{name} never"
        for name, time in sorted(newest.items())
        if time is None or now - time > dt.timedelta(hours=hours)
    ]
    return f"last good backup: {', '.join(old)}" if old else None
