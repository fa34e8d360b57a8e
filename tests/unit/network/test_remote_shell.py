"""Scripts as root over SSH: by sudo with and without a password, data that arrives whole, failures in one sentence."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.errors import (
    CommandRefused,
    LoginRefused,
    NoPrompt,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.remote_shell import RemoteShell
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.session import Limits
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.transport import Target

from tests.simulators.network.unix import UnixDevice

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a machine's own folders")
DATA = bytes(range(256)) * 2000 + b"\ncartable-data-follows\n"


@pytest.fixture
def machine(password: str) -> Iterator[UnixDevice]:
    environment = {"SIMULATED_PASSWORD": password}
    with UnixDevice(
        "linux", ("/run",), password=password, username="cartable", environment=environment
    ) as machine:
        yield machine


@pytest.fixture
def shell(machine: UnixDevice, tmp_path: Path) -> Iterator[Callable[..., RemoteShell]]:
    opened: list[RemoteShell] = []

    def made(limits: Limits | None = None, **options: object) -> RemoteShell:
        (tmp_path / "known_hosts").write_text(machine.known_hosts)
        known = str(tmp_path / "known_hosts")
        target = Target("127.0.0.1", machine.port, "cartable", known, machine.password, **options)
        opened.append(RemoteShell(target, limits or Limits(answer=20)))
        return opened[-1]

    yield made
    for one in opened:
        one.close()


@pytest.mark.parametrize("prepared", ["", "touch /run/simulated/nopasswd"])
def test_data_arrives_whole_whether_sudo_asks_or_not(machine: UnixDevice, shell, prepared: str) -> None:
    machine.at_the_device(prepared or ":")
    assert shell().run("cat", DATA) == DATA
    assert not any(machine.password in script for script in machine.scripts)


def test_sudo_that_refuses_and_a_script_that_fails_are_one_sentence(shell) -> None:
    with pytest.raises(LoginRefused, match="gives cartable no root by sudo"):
        shell(enable="faux").run("cat", DATA)
    with pytest.raises(CommandRefused, match=r"refuses a test \(status 3\): second$"):
        shell().run("echo first >&2; echo second >&2; exit 3", what="a test")
    with pytest.raises(NoPrompt, match=r"does not end a script within 0\.3 s"):
        shell(Limits(answer=0.3)).run("sleep 30")
