"""Podman, in the plain way where it works, and otherwise inside a private mount namespace with a pure cgroup2."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.lab import mounts, places
from tests.lab.detect import Machine
from tests.lab.shell import LabError, run

# Runc because crun insists on raising limits; the limits are those every machine has. The pids controller is not
# in the cgroup2 tree of a machine whose version 1 tree holds it.
_CONTAINERS_CONF = """\
[containers]
default_ulimits = ["nofile=16384:16384", "nproc=8192:8192"]
pids_limit = 0
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
"""

_REAPER = Path(__file__).with_name("reaper.py")


class Podman:
    """Runs podman on this machine."""

    def __init__(self, machine: Machine) -> None:
        self.plain = machine.plain

    @property
    def environment(self) -> dict[str, str]:
        """What has to be set besides the namespace."""
        return {} if self.plain else {"CONTAINERS_CONF": str(places.CONTAINERS_CONF)}

    def prefix(self) -> list[str]:
        """What to put before a command so that it sees the cgroups that podman needs."""
        return [] if self.plain or inside() else ["nsenter", f"--mount={places.PODMAN_NAMESPACE}", "--"]

    def prepare(self) -> None:
        """Make the namespace and the settings if they are not there. May be called again, and after a kill."""
        _prepare_netns_folder()
        if self.plain:
            return
        _write_once(places.CONTAINERS_CONF, _CONTAINERS_CONF)
        if inside() or _namespace_works():
            return
        home = places.PODMAN_NAMESPACE.parent
        mounts.unmount_below(home)
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A mount namespace can only be pinned on a mount that propagates nowhere.
        run(["mount", "--bind", str(home), str(home)])
        run(["mount", "--make-private", str(home)])
        places.PODMAN_NAMESPACE.touch()
        # "slave": the network namespaces that are pinned later, on this side, appear on podman's side as well.
        run(
            [
                *["unshare", f"--mount={places.PODMAN_NAMESPACE}", "--propagation", "slave"],
                *["mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup"],
            ]
        )

    def usable(self) -> bool:
        """Whether prepare() has been done."""
        return self.plain or inside() or _namespace_works()

    def command(self, *arguments: str) -> list[str]:
        """The whole command line for ``podman ARGUMENTS``."""
        return [*self.prefix(), "podman", *arguments]

    def __call__(
        self, *arguments: str, stdin: str | bytes | None = None, check: bool = True, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run ``podman ARGUMENTS``."""
        command = self.command(*arguments)
        return run(command, stdin=stdin, check=check, timeout=timeout, environment=self.environment)

    def json(self, *arguments: str) -> Any:
        """Run ``podman ARGUMENTS`` and parse what it prints."""
        return json.loads(self(*arguments).stdout or "null")

    def execute(self, container: str, script: str, *, stdin: str | None = None, check: bool = True) -> str:
        """Run the shell ``script`` as root in ``container`` and return what it printed."""
        interactive = ["--interactive"] if stdin is not None else []
        done = self("exec", *interactive, container, "/bin/sh", "-euc", script, stdin=stdin, check=check)
        return done.stdout

    def containers(self) -> list[Mapping[str, Any]]:
        """The lab's containers, running or not."""
        found = self.json("ps", "--all", "--format", "json", "--filter", f"label={places.LABEL}")
        return list(found or [])

    def needed(self) -> bool:
        """Whether a running container, the lab's or somebody else's (Molecule's), needs what prepare() made.

        In the plain way that is only a container which uses the apt cache.
        """
        filters = ["--filter", f"volume={places.INSIDE}"] if self.plain else []
        return bool(self("ps", "--quiet", *filters).stdout.strip())

    def remove(self, *names: str) -> None:
        """Remove containers, running, half-made or gone already."""
        if not names:
            return
        arguments = ("rm", "--force", "--ignore", "--time", "2", "--volumes", *names)
        if self(*arguments, check=False).returncode:
            # Podman 4.3 fails with "container state improper" where a container ends just before it would be killed
            # (https://github.com/containers/podman/issues/16142). It has ended then; what else is wrong fails again.
            self(*arguments)

    def reap(self) -> None:
        """End what a killed ``up`` left outside podman's knowledge: processes of the lab's group, of no container."""
        known = [str(container["Id"]) for container in self.containers()]
        run([*self.prefix(), sys.executable, "-I", str(_REAPER), places.CGROUP, *known], timeout=60)

    def release(self) -> None:
        """Remove the namespace and what is mounted in it."""
        mounts.unmount_below(places.PODMAN_NAMESPACE.parent)
        mounts.unmount_below(places.NETNS)
        for folder in (places.PODMAN_NAMESPACE.parent, places.NETNS):
            shutil.rmtree(folder, ignore_errors=True)
        places.CONTAINERS_CONF.unlink(missing_ok=True)


def _write_once(path: Path, text: str) -> None:
    """Write ``text`` unless it is there; in one go, since another podman may be reading it."""
    if not path.exists() or path.read_text() != text:
        new = path.with_suffix(".new")
        new.write_text(text)
        new.replace(path)


def inside() -> bool:
    """Whether this process already runs in podman's namespace (``scripts/lab podman-env scripts/lab …``)."""
    try:
        return places.PODMAN_NAMESPACE.stat().st_ino == Path("/proc/self/ns/mnt").stat().st_ino
    except FileNotFoundError:
        return False


def _namespace_works() -> bool:
    if not mounts.is_mounted(places.PODMAN_NAMESPACE):
        return False
    test = [
        "nsenter",
        f"--mount={places.PODMAN_NAMESPACE}",
        "--",
        "test",
        "-e",
        "/sys/fs/cgroup/cgroup.procs",
    ]
    return run(test, check=False).returncode == 0


def _prepare_netns_folder() -> None:
    """A folder whose mounts podman's namespace sees, although they are made after it."""
    folder = places.NETNS
    if inside() or mounts.is_mounted(folder):
        return
    folder.mkdir(parents=True, exist_ok=True)
    run(["mount", "--bind", str(folder), str(folder)])
    run(["mount", "--make-shared", str(folder)])


def require_root() -> None:
    """Raise LabError unless this is root."""
    if os.geteuid() != 0:
        raise LabError("The lab makes network namespaces and mounts: run it as root (sudo scripts/lab …).")
