"""Faults on demand, as Ansible and pywinrm meet them."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from winrm.exceptions import InvalidCredentialsError, WSManFaultError

from tests.simulators.windows import PC, Endpoint, Simulator, new_pc
from tests.simulators.windows.direct import run_module
from tests.simulators.windows.state.factory import POLICIES_SYSTEM

from .conftest import connect, hostname

Run = Callable[..., dict[str, Any]]
PING = "ansible.windows.win_ping"


def test_filtered_token_is_a_401(endpoint: Endpoint, run: Run) -> None:
    endpoint.pc.state.registry.set(POLICIES_SYSTEM, "LocalAccountTokenFilterPolicy", 0)
    result = run(endpoint, PING)
    assert result["unreachable"] and "the specified credentials were rejected by the server" in result["msg"]
    assert "token" in next(endpoint.pc.journal.of_kind("rejected"))["why"]


def test_wrong_passwords_lock_the_account(endpoint: Endpoint) -> None:
    endpoint.pc.state.security_policy["LockoutBadCount"] = 2
    for _ in range(2):
        with pytest.raises(InvalidCredentialsError):
            hostname(endpoint, password="wrong")
    assert endpoint.pc.state.accounts.user("ansible").locked
    with pytest.raises(InvalidCredentialsError):
        hostname(endpoint)


@pytest.mark.parametrize("https", [True, False])
def test_rejected_whatever_the_password(endpoint: Endpoint, https: bool) -> None:
    endpoint.pc.faults.add("unauthorized", times=10)
    with pytest.raises(InvalidCredentialsError):
        hostname(endpoint, https=https)


def test_operation_quota_is_retried_in_a_new_shell(endpoint: Endpoint, run: Run) -> None:
    endpoint.pc.faults.add("operation_quota")
    assert run(endpoint, PING)["ping"] == "pong"
    assert [entry["action"] for entry in endpoint.pc.journal.of_kind("request")].count("Create") == 2


def test_busy_is_sent_again(endpoint: Endpoint, run: Run) -> None:
    """ansible-core 2.21 waits for `'wsmanfault_code': '170'`; pywinrm 0.5 gives a number: hence the connection of ours."""
    endpoint.pc.faults.add("busy", times=2)
    assert run(endpoint, PING, ansible_connection="cartable.fleet.winrm")["ping"] == "pong"
    assert [entry["code"] for entry in endpoint.pc.journal.of_kind("fault")] == [170, 170]


def test_busy_for_too_long_fails(endpoint: Endpoint, run: Run) -> None:
    endpoint.pc.faults.add("busy", times=100)
    limits = {
        "ansible_winrm_operation_timeout_sec": 1,
        "ansible_winrm_read_timeout_sec": 5,
        "ansible_winrm_busy_timeout": 0.6,
    }
    result = run(endpoint, PING, ansible_connection="cartable.fleet.winrm", **limits)
    assert "winrm send_input failed" in result["msg"] and "170" in str(result["warnings"])


def test_only_a_pc_with_the_known_certificate_is_sent_anything(endpoint: Endpoint, run: Run) -> None:
    """Not even the module's name crosses to a server that shows another certificate."""
    given = {"ansible_connection": "cartable.fleet.winrm"}
    assert run(endpoint, PING, **given)["ping"] == "pong"
    assert run(endpoint, PING, **given, ansible_winrm_message_encryption="always")["ping"] == "pong"

    asked = len(list(endpoint.pc.journal.of_kind("request")))
    for more in ({}, {"ansible_winrm_message_encryption": "always"}):
        result = run(endpoint, PING, **given | more | {"ansible_winrm_certificate_fingerprint": "00" * 32})
        assert result["unreachable"] and "the certificate is not the one that is known" in result["msg"]
    assert len(list(endpoint.pc.journal.of_kind("request"))) == asked  # not even a login


def test_a_pc_without_a_known_certificate_is_refused(endpoint: Endpoint, run: Run, tmp_path: Path) -> None:
    """known_certificates is read at each connection; an address may have two lines while its certificate is replaced."""
    path = tmp_path / "known_certificates"
    address = f"[{endpoint.address}]:{endpoint.https_port}"
    given = {"ansible_connection": "cartable.fleet.winrm", "ansible_winrm_known_certificates": str(path)}
    given["ansible_winrm_certificate_fingerprint"] = ""
    for content, said in (
        (None, "is not known, so nothing is sent there"),
        (
            f"{endpoint.address} {endpoint.fingerprint}\n",
            "is not known, so nothing is sent there",
        ),  # another port
        (f"{address} {'0' * 64}\n", "the certificate is not the one that is known"),
        (f"{address} {endpoint.fingerprint[:40]}\n", "line 1: expected an address and a SHA-256"),
    ):
        if content is not None:
            path.write_text(content, encoding="utf-8")
        result = run(endpoint, PING, **given)
        assert result["unreachable"] and said in result["msg"]
    assert not list(endpoint.pc.journal.of_kind("request"))
    path.write_text(
        f"# noted\n{address} {'0' * 64}\n{address} {endpoint.fingerprint.upper()}\n", encoding="utf-8"
    )
    assert run(endpoint, PING, **given)["ping"] == "pong"


def test_operation_timeout_is_retried(endpoint: Endpoint) -> None:
    endpoint.pc.faults.add("operation_timeout", times=2)
    assert hostname(endpoint) == "PC-A01"
    assert [entry["code"] for entry in endpoint.pc.journal.of_kind("fault")] == [2150858793, 2150858793]


def test_shell_quota(endpoint: Endpoint) -> None:
    endpoint.pc.faults.add("shell_quota")
    with pytest.raises(WSManFaultError, match="maximum number of 30 concurrent shells"):
        connect(endpoint).open_shell()


def test_dropped_connection(endpoint: Endpoint) -> None:
    endpoint.pc.faults.add("dropped_connection", times=20)
    with pytest.raises(requests.exceptions.ConnectionError):
        hostname(endpoint)


def test_slow_answers(endpoint: Endpoint) -> None:
    endpoint.pc.faults.add("slow", seconds=3)
    with pytest.raises(requests.exceptions.ReadTimeout):
        hostname(endpoint, read_timeout_sec=2, operation_timeout_sec=1)


def test_full_disk(endpoint: Endpoint, run: Run, tmp_path: Path) -> None:
    source = tmp_path / "data"
    source.write_bytes(b"x" * 1000)
    endpoint.pc.state.files.free_bytes = 10
    result = run(endpoint, "ansible.windows.win_copy", {"src": str(source), "dest": r"C:\ProgramData\data"})
    assert "Espace insuffisant sur le disque" in result["msg"]


def test_pc_that_does_not_come_back(endpoint: Endpoint, run: Run) -> None:
    endpoint.pc.faults.add("stays_down")
    result = run(endpoint, "ansible.windows.win_reboot", {"reboot_timeout": 3, "connect_timeout": 1})
    assert result["failed"] and "Timed out waiting for last boot time check" in result["msg"]


def test_certificate_made_while_the_clock_was_ahead(simulator: Simulator, tmp_path: Path) -> None:
    state = new_pc("PC-A02", password=(password := secrets.token_urlsafe(12)))
    state.system.clock_offset = 366 * 86400
    endpoint = simulator.attach(PC(state), "ansible", password)
    endpoint.address = "localhost"
    authority = tmp_path / "pc.pem"
    authority.write_bytes(endpoint.pc.certificate.certificate)
    with pytest.raises(requests.exceptions.SSLError, match="not yet valid"):
        hostname(endpoint, server_cert_validation="validate", ca_trust_path=str(authority))
    assert hostname(endpoint) == "PC-A02"  # NTLM does not mind the clock


def test_become(endpoint: Endpoint, run: Run) -> None:
    become = {"ansible_become": True, "ansible_become_method": "runas", "ansible_become_user": "ansible"}
    result = run(endpoint, PING, **become, ansible_become_password="no")
    assert "Le nom d’utilisateur ou le mot de passe est incorrect" in result["msg"]
    assert run(endpoint, PING, **(become | {"ansible_become_user": "SYSTEM"}))["ping"] == "pong"
    assert endpoint.pc.journal.modules("win_ping")[-1]["become"] == "SYSTEM"


def test_module_failure_and_missing_model() -> None:
    pc = PC(new_pc("PC-A03", password="x"))
    pc.faults.add("module_failure", on=PING)
    assert run_module(pc, PING)["failed"] and run_module(pc, PING)["ping"] == "pong"
    result = run_module(
        pc, "ansible.windows.win_route", {"destination": "192.0.2.0/24", "gateway": "192.0.2.1"}
    )
    assert result["failed"] and "has no model" in result["msg"]
    assert [entry["module"] for entry in pc.journal.of_kind("unknown")] == ["ansible.windows.win_route"]


def test_another_administrator_renames_the_pc(endpoint: Endpoint) -> None:
    endpoint.pc.state.system.pending_name = "PC-VOLE"
    endpoint.pc.restart_seconds = 0.0
    endpoint.pc.restart()
    assert hostname(endpoint) == "PC-VOLE"
