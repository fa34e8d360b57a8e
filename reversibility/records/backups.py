"""The record ``backups.json``: the last backup of each folder of an asset, and whether the last run succeeded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

SUCCESS, FAILURE = "success", "failure"


def backup_record(
    snapshots: Iterable[Mapping[str, Any]], paths: Sequence[str], repository: str, result: str
) -> dict[str, Any]:
    """The record from ``restic snapshots --json``: a row for each folder of the backup, in the declared order.

    ``result`` is systemd's result of the last run. A folder without a backup is a failure without a time.
    """
    newest: dict[str, Mapping[str, Any]] = {}
    for snapshot in sorted(snapshots, key=lambda one: str(one["time"])):
        newest |= {str(path): snapshot for path in snapshot["paths"]}
    rows = []
    for path in paths:
        found = newest.get(path)
        row = {"dataset": path, "repository": repository, "result": SUCCESS}
        if found is None or result != SUCCESS:
            row["result"] = FAILURE
        if found is not None:
            row |= {"time": _seconds(str(found["time"])), "snapshot": str(found["id"])}
        rows.append(row)
    return {"backups": rows}


def _seconds(time: str) -> str:
    """The time in the format of the other records. restic writes nanoseconds; Python reads six digits."""
    day, _, rest = time.partition(".")
    zone = rest.lstrip("0123456789")
    return f"{day}{zone}" if rest else time
