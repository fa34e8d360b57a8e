"""The unmodified winrm connection and pywinrm against a simulated PC."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

import pytest
from winrm.exceptions import InvalidCredentialsError, WinRMTransportError, WSManFaultError

from tests.simulators.windows import Endpoint

from .conftest import connect, hostname

Run = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("https", [True, False])
def test_ping_over_ntlm(endpoint: Endpoint, run: Run, https: bool) -> None:
    result = run(endpoint, "ansible.windows.win_ping", https=https)
    assert result.get("ping") == "pong", result
    assert not endpoint.pc.journal.leaks([endpoint.password])
    assert {entry["protected"] for entry in endpoint.pc.journal.of_kind("request")} == {True}


def test_setup_in_french(endpoint: Endpoint, run: Run) -> None:
    facts = run(endpoint, "ansible.builtin.setup")["ansible_facts"]
    assert facts["ansible_distribution"] == "Microsoft Windows 11 Professionnel"
    assert facts["ansible_os_family"] == "Windows"
    assert facts["ansible_hostname"] == "PC-A01"
    assert facts["ansible_reboot_pending"] is False


def test_reboot(endpoint: Endpoint, run: Run) -> None:
    result = run(endpoint, "ansible.windows.win_reboot", {"reboot_timeout": 60})
    assert result["rebooted"] is True, result
    assert endpoint.pc.state.system.boots == 2


def test_many_shells_at_once(endpoint: Endpoint) -> None:
    protocols = [connect(endpoint) for _ in range(5)]
    shells = {protocol.open_shell() for protocol in protocols}
    assert len(shells) == 5
    endpoint.pc.shells.max_shells = 5
    with pytest.raises(WSManFaultError, match="maximum number of 5 concurrent shells"):
        connect(endpoint).open_shell()


def test_shell_is_gone_after_a_restart(endpoint: Endpoint) -> None:
    protocol = connect(endpoint)
    shell = protocol.open_shell()
    endpoint.pc.restart_seconds = 0.0
    endpoint.pc.restart()
    with pytest.raises(WSManFaultError, match="invalid selectors") as caught:
        protocol.run_command(shell, "hostname")
    assert caught.value.wsman_fault_code == 2150858843


@pytest.mark.parametrize("https", [True, False])
def test_unencrypted_messages_are_refused(endpoint: Endpoint, https: bool) -> None:
    if https:
        assert hostname(endpoint, message_encryption="never") == "PC-A01"
        return
    with pytest.raises(WinRMTransportError, match="500"):
        hostname(endpoint, https=False, message_encryption="never")
    assert not endpoint.pc.journal.unprotected()
    endpoint.pc.unencrypted = True
    assert hostname(endpoint, https=False, message_encryption="never") == "PC-A01"
    assert endpoint.pc.journal.leaks([endpoint.password])


def test_basic_is_off(endpoint: Endpoint) -> None:
    from winrm.protocol import Protocol

    url = f"https://{endpoint.address}:{endpoint.https_port}/wsman"
    options = {"username": endpoint.user, "password": endpoint.password, "server_cert_validation": "ignore"}
    with pytest.raises(InvalidCredentialsError):
        Protocol(url, transport="basic", **options).open_shell()
    endpoint.pc.basic = True
    assert Protocol(url, transport="basic", **options).open_shell()


def test_native_programs_answer_in_the_oem_code_page(endpoint: Endpoint) -> None:
    protocol = connect(endpoint)
    shell = protocol.open_shell(codepage=65001)
    output, _, _ = protocol.get_command_output(
        shell, protocol.run_command(shell, "powercfg", ["/getactivescheme"])
    )
    assert b"GUID du mode de gestion de l?alimentation" in output  # U+2019 is not in code page 850


def test_tls_is_real(endpoint: Endpoint) -> None:
    pem = ssl.get_server_certificate((endpoint.address, endpoint.https_port))
    assert pem.encode() == endpoint.pc.certificate.certificate


def test_message_whose_length_lies_is_refused(endpoint: Endpoint) -> None:
    protocol = connect(endpoint, https=False)
    protocol.open_shell()
    transport = protocol.transport
    request = transport.encryption.prepare_encrypted_request(transport.session, transport.endpoint, b"<a/>")
    request.body = request.body.replace(b"Length=4", b"Length=5")
    answer = transport.session.send(request)
    assert answer.status_code == 400
    assert "Length says 5" in next(endpoint.pc.journal.of_kind("refused"))["why"]


def test_small_envelope_breaks_the_connection(endpoint: Endpoint) -> None:
    endpoint.pc.max_envelope_kb = 150
    protocol = connect(endpoint)
    shell = protocol.open_shell()
    command = protocol.run_command(shell, "hostname", console_mode_stdin=False)
    with pytest.raises(WinRMTransportError, match="413"):
        protocol.send_command_input(shell, command, b"x" * 200_000)
