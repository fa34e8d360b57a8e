"""Updates of simulated PCs: a check, a failure with its code, an update that comes back after the restart, a refused one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml

from reversibility.errors import CartableError
from reversibility.platforms import windows_updates
from tests.simulators.windows.simulator import Simulator
from tests.simulators.windows.state.system import Update
from tests.simulators.windows.state.windows_update import POLICY, UPGRADES
from tests.unit.windows.conftest import CHEAP
from tests.unit.windows.fleet import PROJECT, Fleet, make_fleet

pytestmark = pytest.mark.playbook

PC, OLD = "UC990001", "PD990001"
PLAYBOOK = """
- hosts: managed
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: cartable.fleet.patch
"""
HELD = {
    "patch_windows_deferral_days": 7,
    "patch_windows_release_version": "99H9",
    "patch_windows_deadline_days": 5,
}
REFUSED = [{"name": "KB5034441", "reason": "Partition de récupération trop petite", "until": "2999-12-31"}]


@pytest.fixture
def pcs(tmp_path: Path) -> Iterator[Fleet]:
    """A French PC whose release no table knows yet, and one that has been without support since 2025."""
    wanted = {
        PC: {"kind": "classroom_pc", "os": "windows-11", "user_role": "pupil", "build": 30000, "display_version": "99H9"},
        OLD: {"kind": "director_laptop", "os": "windows-11", "user_role": "director", "build": 22631, "display_version": "23H2"},
    }  # fmt: skip
    with Simulator() as simulator:
        fleet = make_fleet(tmp_path / "market", simulator, CHEAP, wanted)
        for tag in wanted:
            fleet.pc(tag).state.updates = [
                Update("5068861", "2026-11 Mise à jour cumulative (KB5068861)", needs_reboot=True, offered_again=True),
                Update("5066130", "Mise à jour .NET (KB5066130)", failures=1, failure_code=0x800F0922),
                Update("5034441", "Mise à jour de sécurité (KB5034441)"),
                Update("5034442", "Pilote facultatif (KB5034442)", optional=True),
                Update("5070000", "2026-12 Mise à jour cumulative (KB5070000)", released=date.today().isoformat()),
                Update("5071000", "Windows 11, version 26H2", category=UPGRADES, feature_build=30100, feature_version="26H2"),
            ]  # fmt: skip
        yield fleet


def test_from_a_check_to_a_pc_that_is_up_to_date(pcs: Fleet, tmp_path: Path) -> None:
    playbook = tmp_path / "patch.yml"
    playbook.write_text(PLAYBOOK, encoding="utf-8")
    updates = pcs.pc(PC).state.updates
    cumulative, net = updates[:2]

    checked = pcs.run(str(playbook), "--check", patch_refused=REFUSED)
    assert checked.status == 0, checked.text
    assert "jour cumulative (KB5068861)" in checked.text
    assert not any(update.installed or update.downloaded or update.pending_reboot for update in updates)
    assert pcs.record(PC, "updates.json") is None

    failed = pcs.run(
        str(playbook), patch_refused=REFUSED, patch_windows_accepted=["KB5066130"], patch_scope="security"
    )
    assert failed.status != 0
    assert f"{PC}: update_failed: KB5066130 failed with " in failed.text and "0x800F0922" in failed.text
    [pending] = pcs.record(PC, "updates.json")["pending"]
    assert (pending["name"], pending["security"]) == ("KB5066130", True)

    again = pcs.run(str(playbook), limit=PC, patch_refused=REFUSED, **HELD)
    assert again.status != 0
    assert f"{PC}: offered_again: said installed, and offered again: KB5068861" in again.text
    assert net.installed

    cumulative.offered_again = False
    kept = {"patch_refused": REFUSED, **HELD}
    done = pcs.run(str(playbook), **kept)
    assert done.status == 0, done.text
    # Neither what is younger than the deferral nor a release that is not the wanted one.
    assert [update.installed for update in updates] == [True, True, False, False, False, False]
    policy = pcs.pc(PC).state.registry
    assert policy.get(POLICY, "ProductVersion") == "Windows 11"
    assert policy.get(POLICY, "ConfigureDeadlineForQualityUpdates") == 5
    assert pcs.record(PC, "updates.json") == {"known": True, "pending": []}
    assert pcs.run(str(playbook), limit=PC, **kept).changed == {}

    assert "gets no free updates since 2025-11-11" in done.text
    assert done.of(OLD)["failures"] == 0
    assert pcs.pc(OLD).journal.modules("win_updates") == []
    assert not any(pcs.pc(tag).journal.leaks(pcs.secrets()) for tag in (PC, OLD))


def test_security_updates_among_categories_of_unknown_name() -> None:
    other = {"id": "1", "title": "Aktualisierung", "kb": ["5"], "categories": ["Sicherheitsupdates"], "filtered_reasons": ["category_names"]}  # fmt: skip
    run = {"updates": {}, "filtered_updates": {"1": other}}
    assert windows_updates.outcome(run, only_security=True)["code"] == "unknown_category"
    assert windows_updates.outcome(run)["code"] == ""


def test_names_of_the_role_are_those_of_the_package() -> None:
    variables = yaml.safe_load((PROJECT / "roles/patch/vars/main.yml").read_text(encoding="utf-8"))
    assert tuple(variables["patch_windows_security_categories"]) == windows_updates.SECURITY_CATEGORIES


def test_refused_updates_until_their_day() -> None:
    today = date(2026, 12, 31)
    entries = [
        REFUSED[0] | {"until": "2026-12-31"},
        {"name": "KB5000001", "reason": "x", "until": date(2026, 12, 30)},
    ]
    assert windows_updates.refused_today(entries, today) == ["KB5034441"]
    with pytest.raises(CartableError, match="lacks: until"):
        windows_updates.refused_today([{"name": "KB5034441", "reason": "x"}], today)
    with pytest.raises(CartableError, match="no KB number"):
        windows_updates.kb_patterns(["Firmware"])


def test_a_restart_that_waits_is_no_failure() -> None:
    waiting = {
        "id": "1",
        "title": "Mise à jour",
        "kb": ["5068861"],
        "categories": ["Mises à jour"],
        "installed": False,
    }
    run = {"updates": {"1": waiting}, "reboot_required": True, "failed": True, "msg": "A reboot is required"}
    outcome = windows_updates.outcome(run)
    assert (outcome["problem"], outcome["reboot"]) == ("", ["Windows Update"])
    assert [update["name"] for update in outcome["pending"]] == ["KB5068861"]
