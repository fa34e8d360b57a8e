"""Windows Update through the unmodified action plugin, with its polling and restarts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.simulators.windows import Endpoint
from tests.simulators.windows.direct import run_module
from tests.simulators.windows.state.system import Update

Run = Callable[..., dict[str, Any]]
UPDATES = "ansible.windows.win_updates"
DRIVERS = "ebfc1fc5-71a4-4f7b-9aca-3b9a503104a0"


@pytest.fixture
def updates(endpoint: Endpoint) -> list[Update]:
    endpoint.pc.state.updates = [
        Update("5068861", "2026-11 Mise à jour cumulative pour Windows 11 (KB5068861)", needs_reboot=True),
        Update("5066130", "Mise à jour .NET 2026-10 (KB5066130)", superseded_by="5068861"),
        Update("", "Lenovo - Firmware - 1.0", category=DRIVERS, driver=True),
        Update(
            "890830",
            "Outil de suppression (KB890830)",
            category="28bc880e-0592-4cbf-8f95-c79b17911d5f",
            hidden=True,
        ),
    ]
    return endpoint.pc.state.updates


def waited(endpoint: Endpoint, **arguments: Any) -> dict[str, Any]:
    """An asynchronous run, whose result the module formats itself."""
    return run_module(endpoint.pc, UPDATES, {"_operation_options": {"wait": True}} | arguments)


def test_english_category_names_find_nothing_in_french(endpoint: Endpoint, updates: list[Update]) -> None:
    result = waited(endpoint, category_names=["SecurityUpdates"], state="searched")
    assert (result["found_update_count"], result.get("failed", False)) == (0, False)
    result = waited(endpoint, category_names=["*"], state="searched", reject_list=["Firmware"])
    assert result["found_update_count"] == 2
    reasons = {tuple(info["filtered_reasons"]) for info in result["filtered_updates"].values()}
    assert reasons == {("reject_list",), ("hidden",)}


def test_install_with_restart(endpoint: Endpoint, updates: list[Update], run: Run) -> None:
    arguments = {"category_names": "*", "reject_list": ["Firmware"], "reboot": True, "reboot_timeout": 60}
    result = run(endpoint, UPDATES, arguments)
    assert result["rebooted"] and not result["reboot_required"] and result["failed_update_count"] == 0, result
    assert [update.installed for update in updates] == [True, True, False, False]
    polls = [
        e for e in endpoint.pc.journal.modules("win_updates") if e["arguments"].get("_operation") == "poll"
    ]
    assert len(polls) > 2
    assert waited(endpoint, category_names=["*"])["updates"].keys() == {updates[2].identifier}


def test_update_that_comes_back_after_the_restart_is_a_failure(
    endpoint: Endpoint, updates: list[Update], run: Run
) -> None:
    updates[0].offered_again = True
    result = run(
        endpoint,
        UPDATES,
        {"category_names": "*", "accept_list": ["KB5068861"], "reboot": True, "reboot_timeout": 60},
    )
    assert result["failed"] and "An update loop was detected" in result["msg"]
    assert result["failed_update_count"] == 1


def test_failed_update_names_its_code(endpoint: Endpoint, updates: list[Update], run: Run) -> None:
    endpoint.pc.faults.add("failed_update", on="KB5066130", times=2)
    updates[1].superseded_by = ""
    updates[1].failure_code = 0x80240020
    arguments = {"category_names": ["*"], "accept_list": ["KB5066130"]}
    result = run(endpoint, UPDATES, arguments)
    (info,) = result["updates"].values()
    assert result["failed"] and "WU_E_NO_INTERACTIVE_USER" in info["failure_msg"]
    assert waited(endpoint, **arguments)["failed_update_count"] == 1
    assert waited(endpoint, **arguments)["installed_update_count"] == 1


def test_deferral_hides_an_update(endpoint: Endpoint, updates: list[Update]) -> None:
    updates[0].released = endpoint.pc.now().date().isoformat()
    policy = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate"
    endpoint.pc.state.registry.set(policy, "DeferQualityUpdates", 1)
    endpoint.pc.state.registry.set(policy, "DeferQualityUpdatesPeriodInDays", 7)
    assert updates[0].identifier not in waited(endpoint, category_names=["*"], state="searched")["updates"]
