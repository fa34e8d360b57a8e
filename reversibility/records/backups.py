"""The record ``backups.json``: the last copy of each folder of an asset, and whether the last run succeeded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

SUCCESS, FAILURE = "success", "failure"


def backup_record(
    snapshots: Iterable[Mapping[str, Any]], paths: Sequence[str], repository: str, result: str
) -> dict[str, Any]:
    """What is kept of ``restic snapshots --json``: a row for each folder that is to be copied, in their order.

    ``result`` is what systemd says of the last run. A folder without a copy is a failure without a time.
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
    """The time as the other records have it; restic writes nanoseconds, of which Python reads six digits."""
    day, _, rest = time.partition(".")
    zone = rest.lstrip("0123456789")
    return f"{day}{zone}" if rest else time
