"""Cables and sockets: network namespaces that outlive the containers in them, and veth pairs between them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.lab import mounts, places, processes
from tests.lab.plan import Vlan
from tests.lab.shell import run


def path(name: str) -> Path:
    """Where the network namespace ``name`` is pinned."""
    return places.NETNS / name


def prefix(name: str) -> list[str]:
    """What to put before a command so that it runs in the network namespace ``name``."""
    return ["nsenter", f"--net={path(name)}", "--"]


def inside(
    name: str, command: Sequence[str], *, check: bool = True, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``command`` in the network namespace ``name``."""
    return run([*prefix(name), *command], check=check, stdin=stdin)


def add_namespaces(names: Iterable[str]) -> None:
    """Make the namespaces that are missing, each with its loopback interface up."""
    there = set(mounts.mounted())
    for name in names:
        if path(name) in there:
            continue
        path(name).touch()
        run(["unshare", f"--net={path(name)}", "--", "ip", "link", "set", "lo", "up"])


def remove_namespace(name: str) -> None:
    """Remove the namespace ``name``, and with it the interfaces in it and the other ends of their cables.

    What still runs in it is ended first: the shared SSH connections that ``scripts/lab run`` left would otherwise
    be found by the next run, and lead nowhere.
    """
    if path(name) in set(mounts.mounted()):
        inode = path(name).stat().st_ino
        processes.end_all(number for number, place in processes.networks() if place == inode)
    mounts.unmount_below(path(name))
    path(name).unlink(missing_ok=True)


def plug(name: str, interface: str, switch: str, port: str, mac: str | None = None) -> bool:
    """Lay a cable from ``interface`` of the namespace ``name`` to ``port`` of the namespace ``switch``, once.

    Returns whether it had to be laid.

    Both ends are made in their places in one system call, so a killed ``up`` leaves none in the machine's own
    network. Checksums are computed for real: those left to a network card never are, in user space.
    """
    if inside(name, ["ip", "link", "show", interface], check=False).returncode == 0:
        return False
    address = ["address", mac] if mac else []
    inside(
        name,
        [
            "ip",
            "link",
            "add",
            interface,
            *address,
            "type",
            "veth",
            "peer",
            "name",
            port,
            "netns",
            str(path(switch)),
        ],
    )
    inside(name, ["ethtool", "-K", interface, "tx", "off"])
    inside(name, ["ip", "link", "set", interface, "up"])
    inside(switch, ["ip", "link", "set", port, "up"])
    return True


def configure(name: str, interface: str, address: str, vlan: Vlan) -> None:
    """Give ``interface`` its ``address`` (with prefix) and the VLAN's gateway as default route."""
    batch = f"address replace {address} dev {interface}\nroute replace default via {vlan.gateway}\n"
    inside(name, ["ip", "-batch", "-"], stdin=batch)


def command_in(name: str, command: Sequence[str]) -> list[str]:
    """``command`` in the namespace ``name``, with a resolver file of its own: the machine's name server is not there.

    Folder, environment, input and output stay; the exit status is the command's.
    """
    script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
    alone = ["unshare", "--mount", "--propagation", "slave", "--", "sh", "-c", script, str(resolver())]
    return [*prefix(name), *alone, *command]


def resolver() -> Path:
    """A resolv.conf without a name server."""
    file = places.RUN / "resolv.conf"
    if not file.exists():
        file.write_text("# No name server in the lab.\n")
    return file
