"""Simulated devices over real SSH, and their ways in."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible.plugins.loader import init_plugin_loader

from tests.project import COLLECTIONS

init_plugin_loader([str(COLLECTIONS)])

from ansible_collections.cartable.fleet.plugins.plugin_utils.network.session import Limits, Session  # noqa: E402
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.transport import Target  # noqa: E402

from reversibility.platforms.registry import switch_driver  # noqa: E402
from tests.simulators.network.device import Device  # noqa: E402
from tests.simulators.network.ios import IosDevice  # noqa: E402
from tests.simulators.network.server import Simulators  # noqa: E402


@pytest.fixture(scope="session")
def password() -> str:
    """Password of the account ``admin``: made anew in each run."""
    return f"Aa1-{secrets.token_urlsafe(12)}"


@pytest.fixture
def serve() -> Iterator[Callable[..., Simulators]]:
    """Serves devices until the test ends."""
    open_: list[Simulators] = []

    def start(*devices: Device) -> Simulators:
        open_.append(Simulators(*devices).__enter__())
        return open_[-1]

    yield start
    for simulators in open_:
        simulators.__exit__()
        assert simulators.errors() == []


@pytest.fixture
def ios(password: str, serve: Callable[..., Simulators]) -> tuple[IosDevice, Simulators]:
    device = IosDevice("SW250001", password=password, minute=0.05)
    return device, serve(device)


@pytest.fixture
def target(password: str, tmp_path: Path) -> Callable[..., Target]:
    """The way into a simulated device."""

    def made(simulators: Simulators, name: str = "SW250001", **options: object) -> Target:
        known_hosts = tmp_path / "known_hosts"
        known_hosts.write_text(simulators.known_hosts)
        values = {"username": "admin", "password": password, "connect_timeout": 3.0, **options}
        return Target("127.0.0.1", simulators.port(name), known_hosts=str(known_hosts), **values)

    return made


@pytest.fixture
def login(target: Callable[..., Target]) -> Iterator[Callable[..., Session]]:
    """Logs in to a simulated device, with short limits."""
    open_: list[Session] = []

    def opened(simulators: Simulators, name: str = "SW250001", **options: object) -> Session:
        platform = simulators.devices[name].platform
        open_.append(
            Session(target(simulators, name, **options), switch_driver(platform).dialogue, Limits(answer=2.0))
        )
        return open_[-1]

    yield opened
    for session in open_:
        session.close()


def wait_for(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until a condition holds; fail after so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
