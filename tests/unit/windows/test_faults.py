"""What an operator reads when a PC is in trouble: each fault ends in a sentence that says what to do, or is gone by itself.

One PC a fault, all in one run: the trouble of one stops no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.simulators.windows.pc import PC
from tests.simulators.windows.simulator import Simulator
from tests.simulators.windows.state.factory import POLICIES_SYSTEM
from tests.unit.windows.conftest import CHEAP
from tests.unit.windows.fleet import Fleet, make_fleet

pytestmark = pytest.mark.playbook

PLAY = """
- hosts: managed
  gather_facts: false
  any_errors_fatal: false
  vars:
    ansible_winrm_operation_timeout_sec: 2
    ansible_winrm_read_timeout_sec: 4
    ansible_winrm_busy_timeout: 2
    ansible_winrm_certificate_fingerprint: "{{ '00' * 32 if inventory_hostname == 'UC990013' else '' }}"
  tasks:
    - ansible.builtin.include_role: {name: cartable.fleet.accounts, tasks_from: resume}
    - ansible.builtin.include_role: {name: cartable.fleet.baseline}
"""
GONE = ""  # it ends well
REFUSED = "the login as cartable is refused"
SILENT = "it does not answer. It is off, asleep or on another network"
ALWAYS = 1000


def unfiltered(pc: PC) -> None:
    pc.state.registry.set(POLICIES_SYSTEM, "LocalAccountTokenFilterPolicy", 0)


def locked(pc: PC) -> None:
    pc.state.accounts.user("cartable").locked = True


def renamed(pc: PC) -> None:
    pc.state.system.name = "PC-VOLE"


def impersonated(pc: PC) -> None:
    """Nothing of it: its fingerprint in the play is that of another."""


def down_for_ever(pc: PC) -> None:
    renamed(pc)
    pc.faults.add("stays_down")


def fault(kind: str, times: int = 1, on: str = "", seconds: float = 0.0) -> Callable[[PC], None]:
    def begin(pc: PC) -> None:
        pc.faults.add(kind, times=times, on=on, seconds=seconds)

    return begin


TROUBLES: dict[str, tuple[Callable[[PC], None], str]] = {
    "UC990001": (fault("unauthorized", ALWAYS), REFUSED),
    "UC990002": (unfiltered, "LocalAccountTokenFilterPolicy is not 1"),
    "UC990003": (locked, "the account is locked"),
    "UC990004": (fault("dropped_connection", ALWAYS), SILENT),
    "UC990005": (fault("slow", ALWAYS, seconds=6), SILENT),
    "UC990006": (fault("operation_quota"), GONE),
    "UC990007": (fault("operation_timeout", 2), GONE),
    "UC990008": (fault("shell_quota", ALWAYS), "it has too many open WinRM sessions"),
    "UC990009": (fault("busy", ALWAYS), "it is busy: it takes no more commands"),
    "UC990012": (fault("busy", 2), GONE),
    "UC990013": (impersonated, "it shows another certificate than the one that is known of it"),
    "UC990010": (renamed, GONE),  # by another administrator: the PC has its own name again
    "UC990011": (down_for_ever, "did not come back 20 s after its restart"),
}


@pytest.fixture
def school(tmp_path: Path) -> Iterator[Fleet]:
    """One PC a trouble."""
    given = {"kind": "classroom_pc", "os": "windows-11", "user_role": "pupil"}
    with Simulator() as simulator:
        yield make_fleet(tmp_path / "market", simulator, CHEAP, {tag: dict(given) for tag in TROUBLES})


def test_each_fault_is_told_or_gone(school: Fleet) -> None:
    play = school.folder / "play.yml"
    play.write_text(PLAY, encoding="utf-8")
    for tag, (begin, _) in TROUBLES.items():
        begin(school.pc(tag))
    done = school.run(str(play), "--forks", "12", baseline_windows_reboot_timeout=20)
    told = {tag: done.refused.get(tag, GONE) for tag in TROUBLES}
    assert {
        tag: said
        for tag, said in told.items()
        if TROUBLES[tag][1] not in said or (said and not TROUBLES[tag][1])
    } == {}
    assert school.pc("UC990010").state.system.name == "UC990010"
