"""The unmodified winrm connection against a simulated PC."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.simulators.windows import Endpoint

Run = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("https", [True, False])
def test_ping_over_ntlm(endpoint: Endpoint, run: Run, https: bool) -> None:
    result = run(endpoint, "ansible.windows.win_ping", https=https)
    assert result["ping"] == "pong", result
    assert not endpoint.pc.journal.leaks([endpoint.password])
    assert {entry["protected"] for entry in endpoint.pc.journal.of_kind("request")} == {True}


def test_setup_in_french(endpoint: Endpoint, run: Run) -> None:
    facts = run(endpoint, "ansible.builtin.setup")["ansible_facts"]
    assert facts["ansible_distribution"] == "Microsoft Windows 11 Professionnel"
    assert facts["ansible_os_family"] == "Windows"
    assert facts["ansible_hostname"] == "PC-A01"
    assert facts["ansible_reboot_pending"] is False


def test_unknown_option_is_refused_as_on_windows(endpoint: Endpoint, run: Run) -> None:
    result = run(endpoint, "ansible.windows.win_ping", {"date": "x"})
    assert result["msg"].endswith(
        "Unsupported parameters for (ansible.windows.win_ping) module: date. Supported parameters include: data"
    )


def test_module_without_model_fails(endpoint: Endpoint, run: Run) -> None:
    result = run(
        endpoint, "ansible.windows.win_route", {"destination": "192.0.2.0/24", "gateway": "192.0.2.1"}
    )
    assert result["failed"] and "has no model" in result["msg"]
    assert [entry["module"] for entry in endpoint.pc.journal.of_kind("unknown")] == [
        "ansible.windows.win_route"
    ]


def test_reboot(endpoint: Endpoint, run: Run) -> None:
    result = run(endpoint, "ansible.windows.win_reboot", {"reboot_timeout": 30})
    assert result["rebooted"] is True, result
    assert endpoint.pc.state.system.boots == 2
