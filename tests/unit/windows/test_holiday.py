"""A holiday run on a simulated Windows PC: each stage is done, or listed as what the platform cannot do."""

from __future__ import annotations

import pytest
import yaml

from tests.simulators.fleet.fleet import calendar_open_for
from tests.simulators.windows.state.system import Update
from tests.unit.windows.fleet import Fleet

pytestmark = pytest.mark.playbook

PC = "UC990001"


def test_every_stage_is_done_or_listed(one_pc: Fleet) -> None:
    # Whatever the hour: a window that ends soon would put the work off.
    calendar = yaml.safe_dump(calendar_open_for("essais", minutes=600))
    (one_pc.paths.inventory / "calendar.yml").write_text(calendar, encoding="utf-8")
    one_pc.pc(PC).state.updates = [Update("5068861", "Mise à jour cumulative (KB5068861)", needs_reboot=True)]
    options = {"holiday_run": "essai", "software_entries": []}
    short = one_pc.run("holiday.yml", limit=PC, holiday_windows_free_mib=10**9, **options)
    assert short.status == 2, short.text
    stages = one_pc.record(PC, "holiday.json")["stages"]
    assert (stages["precheck"]["result"], stages["precheck"]["code"]) == ("failed", "disk_full")
    assert not one_pc.pc(PC).state.updates[0].installed

    done = one_pc.run("holiday.yml", limit=PC, **options)
    assert done.status == 0, done.text
    stages = one_pc.record(PC, "holiday.json")["stages"]
    impossible = {name for name, entry in stages.items() if entry["result"] == "impossible"}
    assert {"restore_point", "firmware"} <= impossible <= {"restore_point", "firmware", "reboot"}
    assert {entry["result"] for name, entry in stages.items() if name not in impossible} == {"done"}
    assert [one["name"] for one in stages["system"]["data"]["upgraded"]] == ["KB5068861"]
    health = stages["postcheck"]["data"]["health"]
    assert health["running"] == stages["precheck"]["data"]["health"]["running"] != []
