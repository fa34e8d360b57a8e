"""Event logs of a simulated Windows PC: copied to files, fetched, sealed, and searched; gaps are told.

That the script does what its model does was never tried on Windows.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from plugins.module_utils import log_store
from reversibility.records.log_archive import LogArchive
from tests.simulators.windows.direct import run_module
from tests.simulators.windows.execution import raw
from tests.simulators.windows.models.api import Call
from tests.simulators.windows.models.own import event_logs
from tests.simulators.windows.pc import PC
from tests.simulators.windows.state.factory import new_pc

POWERSHELL = "Microsoft-Windows-PowerShell/Operational"
MODULE = "cartable.fleet.win_log_source"


def source(pc: PC, **options: Any) -> dict[str, Any]:
    """What the module says, after a check that changed nothing and said the same."""
    before = json.dumps(pc.state.to_json(), sort_keys=True)
    checked = run_module(pc, MODULE, options, check=True)
    assert json.dumps(pc.state.to_json(), sort_keys=True) == before
    done = run_module(pc, MODULE, options)
    assert (done["changed"], done["sizes"]) == (checked["changed"], checked["sizes"])
    return done


def test_events_are_kept_collected_and_sealed(tmp_path: Path) -> None:
    pc = PC(new_pc("UC250001", password="Unused-1-in-direct-runs"))
    script = event_logs.SCRIPT.read_text(encoding="utf-8").replace(
        "@CHANNELS@", f"Security,System,{POWERSHELL}"
    )

    def keep() -> None:
        assert raw.script_output(Call("scheduled task", {}, pc, None), script) is not None

    def collected(**options: Any) -> dict[str, Any]:
        """The store asks for what it does not have, as playbooks/collect_logs.yml does."""
        sizes = source(pc)["sizes"]
        rows = log_store.status(tmp_path, {"UC250001": sizes})["assets"].get("UC250001", {})
        gaps = {day: row["missing"] for day, row in rows.items() if row["missing"]}
        found = run_module(pc, "cartable.fleet.win_log_source", {"ranges": gaps, **options})["content"]
        for day, ranges in found.items():
            lines = [(first, log_store.unpacked(base64.b64decode(text))) for first, text in ranges]
            log_store.add(tmp_path, "UC250001", day, lines)
        return gaps

    assert source(pc)["sizes"] == {}
    evening = datetime(2026, 11, 29, 23, 59, tzinfo=UTC)
    named = "<EventData><Data Name='TargetUserName'>{}</Data></EventData>"
    for user in ("direction", "élève", "direction2"):
        event_logs.log(pc.state, "Security", 4624, evening, named.format(user))
    event_logs.log(pc.state, "System", 1074, evening + timedelta(minutes=2), level=3)
    event_logs.log(pc.state, POWERSHELL, 4104, evening + timedelta(minutes=3))
    keep()
    keep()  # nothing new
    collected(most_bytes=200)  # one line and a part of the next
    assert len(collected()) == 2
    assert collected() == {}
    event_logs.log(pc.state, "Security", 4634, evening, named.format("direction"))  # of the day before
    keep()
    sealed = log_store.seal(tmp_path, date(2026, 12, 1))
    assert [(row["day"], row["lines"]) for row in sealed] == [("2026-11-29", 3), ("2026-11-30", 2)]
    assert collected() != {}
    [later] = log_store.seal(tmp_path, date(2026, 12, 1))
    assert (later["lines"], later["missing"]) == (1, [])

    archive = LogArchive(tmp_path)
    assert archive.verify() == []
    assert len(list(archive.lines())) == 6
    lines = list(archive.lines(asset="UC250001", account="direction"))
    assert sorted((line.level, line.program) for line in lines) == [
        ("Security.info", "Microsoft-Windows-Security_Auditing[4624]"),
        ("Security.info", "Microsoft-Windows-Security_Auditing[4634]"),
    ]

    # What Windows has overwritten, or somebody cleared, shows.
    for _ in range(3):
        event_logs.log(pc.state, "Security", 4624, evening)
    del pc.state.extra["events"]["Security"][:6]
    keep()
    pc.state.extra["events"]["Security"].clear()
    event_logs.log(pc.state, "Security", 1102, evening)
    keep()
    today = pc.state.files.read(rf"{event_logs.FOLDER}\{pc.now():%Y-%m-%d}.log").decode()
    assert "overwritten the events from 5 to 6" in today
    assert "cleared, after event 7" in today
    old = source(pc, today="2026-12-01", keep_days=1)
    assert old["changed"] and "2026-11-29" not in old["sizes"]
