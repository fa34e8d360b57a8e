"""A holiday run on simulated machines with the real playbook: a kill, failures, windows, and what later starts do."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from reversibility.cli import main
from tests.simulators.fleet.fleet import PROJECT, Fleet
from tests.unit.documents.test_documents import Page

pytestmark = pytest.mark.playbook

RUN = "essai"
PC = "UC250001"
ADVISORY = (
    "cve,release,package,fixed,severity,published\nCVE-2026-0001,trixie,openssl,3.5.4-2,minor,2026-11-29\n"
)
FLAW = {"cve": "CVE-2026-0001", "package": "openssl", "severity": "minor", "since": "2026-11-29T00:00:00Z"}
FAULTS = {"UC250002": "off", "UC250001": "broken_package"}


def report(fleet: Fleet) -> dict[str, Any]:
    path = fleet.data / "fleet" / "holiday" / RUN / "trois_platanes" / "compte-rendu.json"
    return json.loads(path.read_text(encoding="utf-8"))


def outcomes(fleet: Fleet) -> dict[str, str]:
    return {row["asset"]: row["outcome"] for row in report(fleet)["assets"]}


def stages_of(fleet: Fleet, tag: str) -> dict[str, Any]:
    record = fleet.data / "fleet" / "state" / "trois_platanes" / tag / "holiday.json"
    return json.loads(record.read_bytes())["stages"] if record.exists() else {}


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path, PROJECT / "inventories" / "demo")


def kill_at_work(fleet: Fleet, tag: str, stage: str) -> None:
    """Start the run, and kill its controller while ``tag`` is at ``stage``."""
    with subprocess.Popen(
        fleet.command("holiday.yml", holiday_run=RUN, holiday_fail_share=100), cwd=PROJECT, env=fleet.environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 120
        while stages_of(fleet, tag).get(stage, {}).get("result") != "begun":
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        process.kill()


def test_a_run_that_was_killed_goes_on_reports_failures_and_a_later_start_does_what_was_left(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet.limit = ["PD250001", "UC250001", "UC250002", "UC180001"]
    fleet.record(
        "UC180001",
        "backups.json",
        {"backups": [{"dataset": "essai", "time": "2020-01-01", "result": "success"}]},
    )
    (fleet.data / "fleet" / "advisories").mkdir(parents=True)
    (fleet.data / "fleet" / "advisories" / "avis.csv").write_text(ADVISORY)
    open_until = {"open": [{**FLAW, "due": "2099-01-01T00:00:00Z"}], "closed": []}
    fleet.record("PD250001", "advisories.json", open_until)
    fleet.tell(FAULTS, scale=0.01)  # an upgrade takes six seconds
    kill_at_work(fleet, "PD250001", "system")
    before = stages_of(fleet, "PD250001")
    folder = fleet.data / "fleet" / "holiday" / RUN / "trois_platanes"
    letter = (folder / "annonce.html").read_bytes()

    fleet.tell(FAULTS)
    second = fleet.run("holiday.yml", holiday_run=RUN, holiday_fail_share=100, holiday_patience=1)
    assert second.returncode == 2, second.stdout + second.stderr
    after = stages_of(fleet, "PD250001")
    assert after["precheck"] == before["precheck"], "what had ended was not done again"
    assert after["system"]["attempts"] == 2
    assert outcomes(fleet) == {
        "PD250001": "done",
        "UC250001": "failed",
        "UC250002": "off",
        "UC180001": "failed",
    }
    codes = {
        row["asset"]: [e.get("code") for e in row["stages"] if "code" in e] for row in report(fleet)["assets"]
    }
    assert codes["UC250001"] == ["package_script"]
    assert codes["UC180001"] == ["backup_old"]
    assert report(fleet)["deadlines"] == [
        {"severity": "minor", "late": 0, "open": 0, "workaround": 0, "in_time": 1, "too_late": 0}
    ], "what the run has installed is closed"
    assert "firmware" in report(fleet)["assets"][0]["impossible"], "listed, not skipped"
    page = Page((folder / "compte-rendu.html").read_text(encoding="utf-8"))
    assert page.problems == []
    assert "un paquet ne s’installe pas" in page.text
    assert "la dernière sauvegarde réussie est trop ancienne" in page.text
    for name in ("annonce.pdf", "compte-rendu.pdf"):
        assert (folder / name).read_bytes().startswith(b"%PDF")
    assert "Durée prévue" in Page(letter.decode()).text

    fleet.tell({"UC250002": "asleep:2"})
    tried = stages_of(fleet, "UC250002")["wake"]["attempts"]
    fleet.record("UC180001", "backups.json", {"backups": []})
    third = fleet.run("holiday.yml", holiday_run=RUN, holiday_every=1)
    assert third.returncode == 0, third.stdout + third.stderr
    assert set(outcomes(fleet).values()) == {"done"}
    assert stages_of(fleet, "UC250002")["wake"]["attempts"] >= tried + 2, "tried again until it answered"
    assert {tag: fleet.machine(tag)["upgrades"] for tag in fleet.limit} == dict.fromkeys(fleet.limit, 1)
    assert (folder / "annonce.html").read_bytes() == letter, "a school is told once"
    monkeypatch.setenv("CARTABLE_DATA_DIR", str(fleet.data))
    assert main(["holiday", "status", "-i", str(fleet.inventory)]) == 0
    assert "trois_platanes  4 done" in capsys.readouterr().out


def test_nothing_is_started_that_cannot_be_finished_and_a_window_that_ends_stops_the_run(
    fleet: Fleet,
) -> None:
    fleet.limit = [PC]
    fleet.open_for(minutes=10)  # an upgrade takes fifteen
    short = fleet.run("holiday.yml", holiday_run=RUN)
    assert short.returncode == 0, short.stdout + short.stderr
    assert outcomes(fleet) == {PC: "window"}
    found = stages_of(fleet, PC)
    assert found["precheck"]["result"] == "done"
    assert {"system", "reboot"} & found.keys() <= {"system"}, "nothing after the stage that was put off"
    assert fleet.machine(PC).get("upgrades", 0) == 0

    fleet.open_for(minutes=90)
    fleet.tell({PC: "window_ends"})  # while it upgrades
    cut = fleet.run("holiday.yml", holiday_run=RUN)
    assert cut.returncode == 0, cut.stdout + cut.stderr
    found = stages_of(fleet, PC)
    assert (found["system"]["result"], found["software"]["result"]) == ("done", "window")
    assert "reboot" not in found
    assert fleet.machine(PC)["reboot"] == ["kernel"], "not restarted any more"

    fleet.open_for(minutes=0)
    fleet.tell({PC: "share_lost"})
    urgent = {"reason": "exploited on the internet", "reference": "CVE-2026-1234"}
    lost = fleet.run("holiday.yml", holiday_run=RUN, preflight_emergency=urgent)
    assert lost.returncode == 2, lost.stdout + lost.stderr
    assert stages_of(fleet, PC)["reboot"]["result"] == "done"
    assert stages_of(fleet, PC)["postcheck"]["code"] == "share_lost", "what worked before and does not now"
    assert report(fleet)["emergencies"][0]["reference"] == "CVE-2026-1234"
    page = fleet.data / "fleet" / "holiday" / RUN / "trois_platanes" / "compte-rendu.html"
    assert "exploited on the internet (CVE-2026-1234)" in Page(page.read_text(encoding="utf-8")).text
