"""Packages for containers that have no path to a mirror: an apt cache behind a Unix socket, kept from run to run.

apt-cacher-ng 3.7 accepts connections on a Unix socket of its own and then closes them, so it listens on a free port
of 127.0.0.1, and systemd-socket-proxyd, which every Debian machine has, offers that on the Unix socket.
"""

from __future__ import annotations

import pwd
import random
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

from tests.lab import apt_sources, places, processes
from tests.lab.shell import LabError, wait_until

_RECORD = places.RUN / "apt-cache.process"
_DOOR_RECORD = places.RUN / "apt-door.process"
_LOG = places.RUN / "apt-cache.log"
_DOOR_LOG = places.RUN / "apt-door.log"
_SETTINGS = places.RUN / "apt-cache"
_USER = "apt-cacher-ng"
_PROXYD = "/usr/lib/systemd/systemd-socket-proxyd"
_PATIENCE = 10.0


def start() -> None:
    """Start the cache unless it answers already."""
    if answers():
        return
    stop()
    for folder in (places.APT_FOLDER, _SETTINGS):
        folder.mkdir(parents=True, exist_ok=True)
    for name in ("packages", "log"):
        (places.CACHE / name).mkdir(parents=True, exist_ok=True)
        shutil.chown(places.CACHE / name, _user())
    for folder in (places.APT_FOLDER, _SETTINGS):
        shutil.chown(folder, _user())
    port = _free_port()
    (_SETTINGS / "acng.conf").write_text(_settings(port, apt_sources.proxy()))
    program = shutil.which("apt-cacher-ng", path="/usr/sbin:/usr/bin")
    if program is None:
        raise LabError("apt-cacher-ng is not installed; run scripts/lab packages.")
    processes.start([program, "-c", str(_SETTINGS)], record=_RECORD, log=_LOG, user=_user())
    _await(lambda: _connects(socket.AF_INET, ("127.0.0.1", port)), _LOG)
    door = ["systemd-socket-activate", f"--listen={places.APT_SOCKET}", _PROXYD, f"127.0.0.1:{port}"]
    processes.start(door, record=_DOOR_RECORD, log=_DOOR_LOG, user=_user())
    _await(answers, _DOOR_LOG)


def stop() -> None:
    """Stop the cache; what it holds stays in its folder."""
    processes.stop(_DOOR_RECORD)
    processes.stop(_RECORD)
    places.APT_SOCKET.unlink(missing_ok=True)


def answers() -> bool:
    """Whether the whole way works: door and cache."""
    return (
        processes.recorded(_RECORD) is not None
        and processes.recorded(_DOOR_RECORD) is not None
        and _connects(socket.AF_UNIX, str(places.APT_SOCKET))
    )


def _connects(family: socket.AddressFamily, address: str | tuple[str, int]) -> bool:
    with socket.socket(family) as connection:
        try:
            connection.connect(address)
        except OSError:
            return False
    return True


def _free_port() -> int:
    """A port that nobody uses; apt-cacher-ng cannot count beyond 32767."""
    for port in random.sample(range(20000, 32768), 100):
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise LabError("No free port between 20000 and 32767 on 127.0.0.1 for the apt cache.")


def _await(condition: Callable[[], bool], log: Path) -> None:
    if not wait_until(condition, _PATIENCE):
        raise LabError(f"The apt cache did not start within {_PATIENCE:.0f} s; its messages are in {log}.")


def _user() -> str:
    """The package's own account where it exists; the cache needs no rights."""
    try:
        return pwd.getpwnam(_USER).pw_name
    except KeyError:
        return "nobody"


def _settings(port: int, proxy: str | None) -> str:
    """The cache's settings. Nothing but this machine reaches it."""
    lines = [
        f"CacheDir: {places.CACHE / 'packages'}",
        f"LogDir: {places.CACHE / 'log'}",
        # Its own socket, which it makes in any case; kept away from the packaged service's.
        f"SocketPath: {_SETTINGS / 'unused.socket'}",
        f"Port: {port}",
        "BindAddress: 127.0.0.1",
        "ForeGround: 1",
        # Tunnels only where apt speaks TLS.
        r"PassThroughPattern: ^[^/]+:443$",
    ]
    if proxy:
        lines.append(f"Proxy: {proxy}")
    return "\n".join(lines) + "\n"
