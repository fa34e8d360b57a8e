"""Preparation of this machine for the lab: packages, podman, images, the apt cache."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.lab import apt_cache, image, locks, places
from tests.lab import podman as podman_module
from tests.lab.detect import Machine, detect, missing_packages
from tests.lab.podman import Podman
from tests.lab.shell import LabError, run

Say = Callable[[str], None]
_POLICY = Path("/usr/sbin/policy-rc.d")


def check() -> Machine:
    """Detect, and raise LabError when the lab cannot run here."""
    machine = detect()
    problem = machine.problem()
    if problem:
        raise LabError(f"The lab cannot run here: {problem}.")
    return machine


def install_packages(say: Say) -> None:
    """Install the missing packages with apt-get. No service of theirs is started, now or at the next boot."""
    wanted = list(missing_packages())
    if not wanted:
        say("every package is installed")
        return
    if os.geteuid() != 0:
        raise LabError(
            f"Installing packages needs root; or install them yourself: apt-get install {' '.join(wanted)}"
        )
    say(f"apt-get install {' '.join(wanted)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update"], timeout=300, environment=quiet)
    with _no_service_starts():
        run(
            ["apt-get", "install", "--yes", "--no-install-recommends", *wanted],
            timeout=900,
            environment=quiet,
        )
    if "apt-cacher-ng" in wanted and Path("/run/systemd/system").is_dir():
        run(["systemctl", "disable", "--quiet", "apt-cacher-ng.service"])


@contextmanager
def _no_service_starts() -> Iterator[None]:
    """Debian's own way to install a service without starting it; a policy that is there already is kept."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)


@contextmanager
def services(podman: Podman) -> Iterator[None]:
    """Podman's namespace and the apt cache, for as long as the block runs; then removed if nobody else needs them."""
    with locks.shared(places.USERS):
        with locks.exclusive(places.LOCK, "scripts/lab up or down"):
            places.RUN.mkdir(mode=0o755, exist_ok=True)
            podman.prepare()
            apt_cache.start()
        yield
    with locks.exclusive(places.LOCK, "scripts/lab up or down"):
        release_if_unused(podman)


def release_if_unused(podman: Podman) -> bool:
    """Stop the apt cache and remove podman's namespace, unless a school, a user or any container still needs them.

    The caller holds the lab's lock. Returns whether nothing is left.
    """
    if not places.RUN.exists():
        return True
    if places.STATE.exists() or podman_module.inside() or locks.in_use(places.USERS):
        return False
    if podman.usable() and podman.needed():
        return False
    apt_cache.stop()
    podman.release()
    shutil.rmtree(places.RUN)
    return True


def ensure_images(podman: Podman, say: Say) -> None:
    """Build the images that are missing or older than their recipe."""
    wanted = image.missing(podman)
    if wanted:
        say(f"building {', '.join(wanted)} (one to three minutes, once)")
        image.build(podman, wanted, say)


def podman_environment(podman: Podman, command: Sequence[str]) -> int:
    """Run ``command`` where ``podman`` simply works and containers find the apt cache; returns its exit status."""
    with services(podman):
        return passthrough([*podman.prefix(), *command], podman.environment)


def passthrough(command: Sequence[str], environment: dict[str, str] | None = None) -> int:
    """Run ``command`` on this terminal, in this folder, and return its exit status (128 + signal as shells do).

    Ctrl-C reaches the command as well, which decides; this process waits for it.
    """
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        sys.stdout.flush()
        child = subprocess.Popen(
            list(command),
            env={**os.environ, **(environment or {})},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        status = child.wait()
    except FileNotFoundError as error:
        raise LabError(f"{command[0]} is not there; check its name.") from error
    finally:
        signal.signal(signal.SIGINT, before)
    return status if status >= 0 else 128 - status
