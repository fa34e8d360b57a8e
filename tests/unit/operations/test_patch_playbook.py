"""``patch.yml`` on simulated machines: what a CVE concerns, an emergency, and what is left alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from reversibility.records.journals import Journals
from tests.simulators.fleet.fleet import PROJECT, Fleet

pytestmark = pytest.mark.playbook

CVE = "CVE-2026-1234"
NEVER = "refusals:\n  - {from: 2020-01-01, until: 2100-01-01, reason: travaux}\n"
EMERGENCY = {"reason": "exploited on the internet", "reference": CVE}


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    fleet = Fleet(tmp_path, PROJECT / "inventories" / "demo")
    fleet.limit = ["UC250001", "UC250002", "PD250001"]
    return fleet


def test_a_cve_patches_what_it_concerns_now(fleet: Fleet) -> None:
    unknown = fleet.run("patch.yml", cve=CVE)
    assert unknown.returncode == 2
    assert "reversibility advisories --record" in unknown.stdout

    fleet.record("UC250001", "advisories.json", {"open": [{"cve": CVE}]})
    fleet.record("UC250002", "advisories.json", {"open": [{"cve": "CVE-2026-9999"}]})
    fleet.record("PD250001", "advisories.json", {"open": [{"cve": CVE}]})
    fleet.tell({"PD250001": "reboots_forever"})
    (fleet.inventory / "calendar.yml").write_text(NEVER)
    done = fleet.run("patch.yml", cve=CVE, preflight_emergency=EMERGENCY)
    assert done.returncode == 2, done.stdout + done.stderr
    said = re.search(rf"{CVE} is open on (.*)", done.stdout)
    assert said and set(said[1].rstrip('"').split(", ")) == {"UC250001", "PD250001"}
    assert re.search(r"PD250001 .*failed=1", done.stdout), "it has not come back"
    assert re.search(r"UC250001 .*failed=0", done.stdout), "and stops no other one"
    assert fleet.machine("UC250001")["upgrades"] == 1
    assert fleet.machine("UC250001").get("reboot") == [], "restarted"
    assert fleet.machine("UC250002").get("upgrades", 0) == 0
    inventory = fleet.data / "fleet" / "state" / "trois_platanes" / "UC250001" / "inventory.json"
    assert json.loads(inventory.read_bytes())["deviceid"] == "UC250001", "observed afterwards"
    entries = Journals(fleet.data / "fleet" / "state" / "journal").entries()
    assert [entry["reference"] for entry in entries if entry["event"] == "emergency"] == [CVE]
