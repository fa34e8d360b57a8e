"""A container for each way, of the lab's image, for cases that need a machine of their own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.batch.both_ways import PROJECT, WAYS
from tests.lab.shell import wait_until

IMAGE = "localhost/cartable-lab:debian13"
LAB = (str(PROJECT / "scripts" / "lab"), "podman-env")  # what is put before a command that uses podman
LONGEST = 3600  # seconds of a container's life
BOOT = 120.0  # seconds at most until systemd has started everything


def podman(*arguments: str, given: str | None = None) -> str:
    """Run podman as the lab does; what it says."""
    ended = subprocess.run(
        [*LAB, "podman", *arguments], input=given, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, f"podman {arguments[0]}: {ended.stderr}"
    return ended.stdout


def shell(container: str, script: str) -> str:
    """Run a shell script as root in a container; what it prints. Nothing of it is in a process list."""
    return podman("exec", "--interactive", container, "sh", given=script)


def _state(container: str) -> str:
    command = [*LAB, "podman", "exec", container, "systemctl", "is-system-running"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


@contextmanager
def containers(purpose: str, prepare: str) -> Iterator[dict[str, str]]:
    """Way → name of its container, in which the shell script ``prepare`` has been run."""
    names = {way: f"cartable-batch-{purpose}-{way}-{os.getpid()}" for way in WAYS}
    started: list[str] = []
    try:
        for name in names.values():
            started.append(name)
            podman(
                "run",
                "--detach",
                "--rm",
                f"--timeout={LONGEST}",  # a test that was killed leaves nothing for longer
                f"--name={name}",
                "--systemd=always",
                "--cap-add=SYS_ADMIN",
                "--network=none",
                "--hostname=machine",
                "--add-host=machine:127.0.0.1",
                IMAGE,
            )
        for name in started:
            # Before that, /etc/hosts is podman's, which lab-own-files.service takes away with what was written to it.
            assert wait_until(lambda name=name: _state(name) in ("running", "degraded"), BOOT), _state(name)
            shell(name, prepare)
        yield names
    finally:
        for name in started:
            podman("rm", "--force", "--time=0", "--ignore", name)
