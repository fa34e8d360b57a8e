"""Simulated devices over real SSH, and their ways in."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator

import pytest

from tests.simulators.network.device import Device
from tests.simulators.network.ios import IosDevice
from tests.simulators.network.server import Simulators


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


@pytest.fixture
def ios(password: str, serve: Callable[..., Simulators]) -> tuple[IosDevice, Simulators]:
    device = IosDevice("SW250001", password=password, minute=0.05)
    return device, serve(device)


def wait_for(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until a condition holds; fail after so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
