"""Simulated PCs and the unmodified ansible command against them."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from winrm.protocol import Protocol

from tests.project import PROJECT
from tests.simulators.windows import Endpoint, Simulator

ROOT = PROJECT


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
def endpoint(simulator: Simulator) -> Endpoint:
    return simulator.add("PC-A01", password=secrets.token_urlsafe(12), http=True)


def ansible(
    endpoint: Endpoint,
    module: str,
    arguments: dict[str, Any] | None = None,
    *options: str,
    https: bool = True,
    **variables: Any,
) -> dict[str, Any]:
    """Result of one module on one PC, by the `ansible` command with the winrm connection."""
    merged = endpoint.variables(https=https) | variables
    inventory = {"all": {"hosts": {endpoint.pc.name: merged}}}
    command = [
        str(Path(sys.executable).with_name("ansible")), "all", "-i", "/dev/stdin", "-m", module,
        *(["-a", json.dumps(arguments)] if arguments else []), *options,
    ]  # fmt: skip
    environment = os.environ | {"ANSIBLE_CONFIG": str(Path(__file__).with_name("ansible.cfg"))}
    done = subprocess.run(
        command,
        input=json.dumps(inventory),
        capture_output=True,
        text=True,
        env=environment,
        cwd=ROOT,
        timeout=120,
    )
    try:
        start = done.stdout.index("{")
        result: dict[str, Any] = json.loads(done.stdout[start:])["plays"][0]["tasks"][0]["hosts"][
            endpoint.pc.name
        ]
    except (ValueError, IndexError, KeyError) as error:
        raise AssertionError(f"ansible said:\n{done.stdout}\n{done.stderr}") from error
    return result


def connect(endpoint: Endpoint, *, https: bool = True, **options: Any) -> Protocol:
    """The unmodified pywinrm, as Ansible's connection uses it."""
    port, scheme = (endpoint.https_port, "https") if https else (endpoint.http_port, "http")
    given = {
        "username": endpoint.user,
        "password": endpoint.password,
        "server_cert_validation": "ignore",
    } | options
    return Protocol(f"{scheme}://{endpoint.address}:{port}/wsman", transport="ntlm", **given)


def hostname(endpoint: Endpoint, **options: Any) -> str:
    """Name that a PC gives for itself, through a shell of its own."""
    protocol = connect(endpoint, **options)
    shell = protocol.open_shell()
    command = protocol.run_command(shell, "hostname")
    output, _, code = protocol.get_command_output(shell, command)
    protocol.cleanup_command(shell, command)
    protocol.close_shell(shell)
    assert code == 0
    return output.decode().strip()


@pytest.fixture
def run() -> Callable[..., dict[str, Any]]:
    return ansible
