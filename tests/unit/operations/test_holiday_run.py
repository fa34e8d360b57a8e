"""A holiday run on simulated machines with the real playbook: failures, a kill, and what a second start does."""

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

RUN = "essai"


def report(fleet: Fleet) -> dict[str, Any]:
    path = fleet.data / "fleet" / "holiday" / RUN / "trois_platanes" / "compte-rendu.json"
    return json.loads(path.read_text(encoding="utf-8"))


def outcomes(fleet: Fleet) -> dict[str, str]:
    return {row["asset"]: row["outcome"] for row in report(fleet)["assets"]}


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path, PROJECT / "inventories" / "demo")


def test_failures_are_reported_and_a_second_start_does_what_was_left(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet.limit = ["PD250001", "UC250001", "UC250002", "NA250001"]
    fleet.tell({"UC250002": "off", "UC250001": "broken_package", "NA250001": "reboots_forever"})
    first = fleet.run("holiday.yml", holiday_run=RUN, holiday_fail_share=100)
    assert first.returncode == 2, first.stdout + first.stderr
    assert outcomes(fleet) == {
        "PD250001": "done",
        "UC250001": "failed",
        "UC250002": "off",
        "NA250001": "failed",
    }
    codes = {
        row["asset"]: [e.get("code") for e in row["stages"] if "code" in e] for row in report(fleet)["assets"]
    }
    assert (codes["UC250001"], codes["NA250001"]) == (["package_script"], ["no_return"])
    assert set(report(fleet)["assets"][0]["impossible"]) >= {"restore_point", "firmware"}, (
        "listed, not skipped"
    )

    folder = fleet.data / "fleet" / "holiday" / RUN / "trois_platanes"
    page = Page((folder / "compte-rendu.html").read_text(encoding="utf-8"))
    assert page.problems == []
    assert "un paquet ne s’installe pas" in page.text
    assert "l’ordinateur n’est pas revenu après son redémarrage" in page.text
    for name in ("annonce.pdf", "compte-rendu.pdf"):
        assert (folder / name).read_bytes().startswith(b"%PDF")
    assert "Durée prévue" in Page((folder / "annonce.html").read_text(encoding="utf-8")).text
    letter = (folder / "annonce.html").read_bytes()

    fleet.tell({})
    for tag in ("NA250001",):  # somebody went there
        machine = fleet.machine(tag)
        (fleet.machines / f"{tag}.json").write_text(json.dumps({**machine, "lost": False, "reboot": []}))
    second = fleet.run("holiday.yml", holiday_run=RUN)
    assert second.returncode == 0, second.stdout + second.stderr
    assert set(outcomes(fleet).values()) == {"done"}
    assert {tag: fleet.machine(tag)["upgrades"] for tag in fleet.limit} == dict.fromkeys(fleet.limit, 1)
    assert (folder / "annonce.html").read_bytes() == letter, "a school is told once"
    monkeypatch.setenv("CARTABLE_DATA_DIR", str(fleet.data))
    assert main(["holiday", "status", "-i", str(fleet.inventory)]) == 0
    assert "trois_platanes  4 done" in capsys.readouterr().out


def test_a_run_that_was_killed_goes_on_where_it_was(fleet: Fleet) -> None:
    fleet.limit = ["UC250001", "UC250002"]
    record = fleet.data / "fleet" / "state" / "trois_platanes" / "UC250001" / "holiday.json"
    fleet.tell({}, scale=0.01)  # an upgrade takes six seconds
    with subprocess.Popen(
        fleet.command("holiday.yml", holiday_run=RUN), cwd=PROJECT, env=fleet.environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 120
        while not (record.exists() and json.loads(record.read_bytes())["stages"].get("system")):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        process.kill()
    before = json.loads(record.read_bytes())["stages"]
    assert before["system"]["result"] == "begun"
    fleet.tell({})
    done = fleet.run("holiday.yml", holiday_run=RUN)
    assert done.returncode == 0, done.stdout + done.stderr
    after = json.loads(record.read_bytes())["stages"]
    assert after["precheck"] == before["precheck"], "what had ended was not done again"
    assert after["system"]["attempts"] == 2
    assert fleet.machine("UC250001")["upgrades"] == 1
