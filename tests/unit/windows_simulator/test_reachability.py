"""What cuts WinRM, and a way back that a scheduled task takes by itself."""

from __future__ import annotations

import datetime
import secrets
import time
from collections.abc import Callable

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from winrm.exceptions import InvalidCredentialsError

from tests.simulators.windows import PC, Call, Endpoint, Output, new_pc, program_model
from tests.simulators.windows.direct import run_module
from tests.simulators.windows.reachability import WINRM_POLICY, refusal
from tests.simulators.windows.scheduler import due
from tests.simulators.windows.state.system import Task

from .conftest import hostname

RULE = "community.windows.win_firewall_rule"


def cut_by_rule(pc: PC) -> None:
    run_module(pc, RULE, {"name": "WinRM HTTPS", "enabled": False})


def cut_by_address(pc: PC) -> None:
    run_module(pc, RULE, {"name": "WinRM HTTPS", "remoteip": "198.51.100.0/24"})


def cut_by_block(pc: PC) -> None:
    run_module(
        pc,
        RULE,
        {"name": "Tout bloquer", "direction": "in", "action": "block", "protocol": "any", "enabled": True},
    )


def cut_by_service(pc: PC) -> None:
    run_module(pc, "ansible.windows.win_service", {"name": "WinRM", "state": "stopped"})


@pytest.mark.parametrize("cut", [cut_by_rule, cut_by_address, cut_by_block, cut_by_service])
def test_firewall_and_service_cut_new_connections(endpoint: Endpoint, cut: Callable[[PC], None]) -> None:
    assert hostname(endpoint) == "PC-A01"
    cut(endpoint.pc)
    with pytest.raises(requests.exceptions.ConnectionError):
        hostname(endpoint)
    assert [entry["why"] for entry in endpoint.pc.journal.of_kind("refused")]


@pytest.mark.parametrize(
    "cut",
    [
        lambda pc: pc.state.registry.set(WINRM_POLICY, "AllowNegotiate", 0),
        lambda pc: run_module(
            pc,
            "ansible.windows.win_user_right",
            {"name": "SeDenyNetworkLogonRight", "users": ["S-1-5-114"], "action": "add"},
        ),
        lambda pc: pc.state.accounts.group("S-1-5-32-544").members.clear(),
        lambda pc: setattr(pc.state.accounts.user("ansible"), "enabled", False),
    ],
    ids=["AllowNegotiate", "deny S-1-5-114", "no administrator", "disabled"],
)
def test_policies_and_accounts_that_reject_the_login(endpoint: Endpoint, cut: Callable[[PC], object]) -> None:
    cut(endpoint.pc)
    with pytest.raises(InvalidCredentialsError):
        hostname(endpoint)


def test_way_back_by_a_scheduled_task(endpoint: Endpoint) -> None:
    @program_model("cartable-way-back")
    def way_back(call: Call, arguments: list[str]) -> Output:
        call.state.firewall_rules[-1].enabled = True
        return Output()

    pc = endpoint.pc
    at = (pc.now() + datetime.timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%S")
    task = {"name": "retour", "username": "S-1-5-18", "actions": [{"path": "cartable-way-back.exe"}]}
    run_module(
        pc,
        "community.windows.win_scheduled_task",
        task | {"triggers": [{"type": "time", "start_boundary": at}]},
    )
    cut_by_rule(pc)
    with pytest.raises(requests.exceptions.ConnectionError):
        hostname(endpoint)
    pc.state.system.clock_offset += 660
    deadline = time.monotonic() + 10
    while not list(pc.journal.of_kind("task")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert hostname(endpoint) == "PC-A01"


@given(
    st.datetimes(datetime.datetime(2026, 1, 1), datetime.datetime(2026, 12, 31)), st.integers(1, 5 * 86400)
)
def test_a_daily_task_fires_once_a_day(start: datetime.datetime, length: int) -> None:
    task = Task("t", triggers=[{"type": "daily", "start_boundary": "2026-01-01T03:00:00"}])
    since = start.replace(tzinfo=datetime.UTC)
    now = since + datetime.timedelta(seconds=length)
    days = {(since + datetime.timedelta(seconds=s)).date() for s in (0, length)}
    reached = (
        any(since < datetime.datetime.combine(day, datetime.time(3), datetime.UTC) <= now for day in days)
        or length > 86400
    )
    assert due(task, now, since) == reached


def test_refusal_names_its_reason() -> None:
    state = new_pc("PC", password=secrets.token_urlsafe(8))
    assert refusal(state, 5986, "192.0.2.5") == ""
    assert refusal(state, 5985, "192.0.2.5") == ""
    state.adapters[0].category = "Public"
    assert "no firewall rule of the profile public" in refusal(state, 5985, "192.0.2.5")
    state.firewall_rules[1].remote_addresses = "LocalSubnet"
    assert refusal(state, 5986, "192.0.2.77") == "" and refusal(state, 5986, "203.0.113.9")
    state.adapters[0].status = "Disconnected"
    assert refusal(state, 5986, "192.0.2.5") == "no network adapter is up"
