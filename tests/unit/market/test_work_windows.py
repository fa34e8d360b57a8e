"""Preflight and the calendar: the real program refuses, is overridden with a reason, and journals that."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from reversibility.cli import main
from reversibility.records.journals import Journals
from tests.project import PROJECT
from tests.unit.market.test_ansible import ansible, play

pytestmark = pytest.mark.playbook

__all__ = ["play"]  # the fixture

NEVER = "refusals:\n  - {from: 2020-01-01, until: 2100-01-01, reason: travaux}\n"
CHANGES = ["-e", "preflight_changes=true"]
EMERGENCY = [
    "-e",
    '{"preflight_emergency": {"reason": "exploited on the internet", "reference": "CVE-2026-1234"}}',
]


def test_a_closed_window_stops_what_changes_machines(market: Path, play: Path, tmp_path: Path) -> None:
    (market / "calendar.yml").write_text(NEVER)
    data = tmp_path / "data"
    assert ansible("ansible-playbook", "-i", market, play, data=data).returncode == 0, "what only looks may"
    refused = ansible("ansible-playbook", "-i", market, play, *CHANGES, data=data)
    assert refused.returncode == 2
    assert "trois_platanes may not be worked on now" in refused.stdout
    assert "preflight_emergency" in refused.stdout
    checked = ansible("ansible-playbook", "-i", market, play, *CHANGES, "--check", data=data)
    assert checked.returncode == 0
    assert "may not be worked on now" in checked.stderr + checked.stdout


def test_an_emergency_is_journalled(
    market: Path,
    play: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (market / "calendar.yml").write_text(NEVER)
    data = tmp_path / "data"
    unsaid = '{"preflight_emergency": {"reason": "urgent"}}'
    vague = ansible("ansible-playbook", "-i", market, play, *CHANGES, "-e", unsaid, data=data)
    assert vague.returncode == 2
    assert "needs a reason" in vague.stdout
    done = ansible("ansible-playbook", "-i", market, play, *CHANGES, *EMERGENCY, data=data)
    assert done.returncode == 0, done.stdout + done.stderr
    journals = Journals(data / "base" / "state" / "journal")
    lines = [entry for entry in journals.entries() if entry["event"] == "emergency"]
    assert [(line["reference"], line["detail"], line["sites"]) for line in lines] == [
        ("CVE-2026-1234", "exploited on the internet", ["trois_platanes"])
    ]
    monkeypatch.setenv("CARTABLE_DATA_DIR", str(data))
    assert main(["journal", "list", "-i", str(market)]) == 0
    assert "emergency: exploited on the internet (CVE-2026-1234)" in capsys.readouterr().out


def test_what_a_transition_has_frozen_is_refused_by_its_name(
    market: Path, play: Path, tmp_path: Path
) -> None:
    """R57; every playbook that changes machines says which operation it is."""
    freeze = (
        "{from: 2020-01-01, until: 2100-01-01, operations: [patch], reason: la bascule, author: Dominique}"
    )
    transition = f"transition:\n  from: 2020-01-01\n  until: 2100-01-01\n  freeze: {freeze}\n"
    with (market / "contract.yml").open("a", encoding="utf-8") as file:
        file.write(transition)
    data = tmp_path / "data"
    patch = [*CHANGES, "-e", "preflight_operation=patch"]
    refused = ansible("ansible-playbook", "-i", market, play, *patch, data=data)
    assert refused.returncode == 2 and "patch is frozen from 2020-01-01" in refused.stdout
    assert ansible("ansible-playbook", "-i", market, play, *patch, *EMERGENCY, data=data).returncode == 0
    other = [*CHANGES, "-e", "preflight_operation=provision"]
    assert ansible("ansible-playbook", "-i", market, play, *other, data=data).returncode == 0


def test_every_playbook_that_changes_machines_can_be_frozen() -> None:
    schema = json.loads((PROJECT / "reversibility/market/schemas/contract.schema.json").read_text("utf-8"))
    freeze = schema["properties"]["transition"]["properties"]["freeze"]["properties"]
    named = {}
    for path in (PROJECT / "playbooks").glob("*.yml"):
        text = path.read_text(encoding="utf-8")
        if "preflight_changes:" in text:
            named[path.stem] = re.search(r"preflight_operation: (\w+)", text)
    assert named and all(match and match[1] == name for name, match in named.items())
    assert set(freeze["operations"]["items"]["enum"]) == set(named)
