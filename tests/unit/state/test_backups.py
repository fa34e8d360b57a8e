"""What is kept of the copies of an asset's data."""

from __future__ import annotations

from datetime import datetime

from reversibility.records.backups import backup_record

# As restic 0.18 prints them.
SNAPSHOTS = [
    {
        "time": "2026-11-29T01:30:04.123456789+01:00",
        "paths": ["/srv/partages"],
        "id": "newer",
        "hostname": "NA250001",
    },
    {
        "time": "2026-11-28T01:30:04.5Z",
        "paths": ["/srv/partages", "/srv/old"],
        "id": "older",
        "hostname": "NA250001",
    },
]


def test_each_folder_has_its_last_copy() -> None:
    record = backup_record(SNAPSHOTS, ["/srv/partages", "/srv/old"], "/mnt/disk", "success")
    assert [(row["dataset"], row["snapshot"], row["result"]) for row in record["backups"]] == [
        ("/srv/partages", "newer", "success"),
        ("/srv/old", "older", "success"),
    ]
    times = [datetime.fromisoformat(row["time"]) for row in record["backups"]]
    assert all(time.tzinfo for time in times) and times[0] > times[1]


def test_a_folder_without_a_copy_and_a_run_that_failed_are_failures() -> None:
    (missing,) = backup_record(SNAPSHOTS, ["/srv/new"], "/mnt/disk", "success")["backups"]
    assert missing["result"] == "failure" and "time" not in missing
    (failed,) = backup_record(SNAPSHOTS, ["/srv/partages"], "/mnt/disk", "exit-code")["backups"]
    assert failed["result"] == "failure" and failed["snapshot"] == "newer"
