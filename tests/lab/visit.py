"""Look at the school, and enter it: a host, the controller, or a socket in the wall."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from reversibility.market.load import load_market
from tests.lab import access, hosts, locks, machine, network, places, switch
from tests.lab.plan import School, plan
from tests.lab.podman import Podman, require_root
from tests.lab.progress import table
from tests.lab.school import CONTROLLER, recorded_inventory
from tests.lab.shell import LabError


def status(podman: Podman) -> int:
    """Print the state of every host; returns 0 when all is well, 1 otherwise."""
    inventory = recorded_inventory()
    if inventory is None:
        print("No school is up; start it with scripts/lab up.")
        return 1
    school = plan(load_market(Path(inventory)))
    usable = podman.usable() and network.path(CONTROLLER).exists()
    found = {c["Labels"][places.LABEL]: c["State"] for c in podman.containers()} if usable else {}
    addresses = [str(host.address) for host in school.hosts.values()]
    silent = (
        set(access.await_ssh(network.prefix(CONTROLLER), addresses, patience=2)) if usable else set(addresses)
    )
    rows = [["HOST", "KIND", "VLAN", "ADDRESS", "CONTAINER", "SSH"]]
    for tag, host in school.hosts.items():
        answer = "silent" if str(host.address) in silent else "answers"
        rows.append([tag, host.kind, host.vlan.name, str(host.address), found.get(tag, "missing"), answer])
    print(f"The school of {inventory}:", table(rows), sep="\n")
    return 0 if all(row[-2:] == ["running", "answers"] for row in rows[1:]) else 1


def shell(podman: Podman, tag: str, command: Sequence[str]) -> int:
    """A root shell on the host ``tag``, or ``command`` on it."""
    school = running()
    if tag not in school.hosts:
        raise LabError(f"There is no host {tag}; the school has {', '.join(school.hosts)}.")
    terminal = ["--tty"] if sys.stdin.isatty() and sys.stdout.isatty() else []
    words = command or ["/bin/bash", "--login"]
    return machine.passthrough(
        podman.command("exec", "--interactive", *terminal, hosts.container(tag), *words), podman.environment
    )


def run_on_controller(command: Sequence[str]) -> NoReturn:
    """Become ``command`` on the controller: same folder, environment, input, output, exit status."""
    running()
    words = network.command_in(CONTROLLER, command)
    sys.stdout.flush()
    os.execvp(words[0], words)


def probe(podman: Podman, name: str, command: Sequence[str]) -> int:
    """Run ``command`` on a fresh machine plugged into the VLAN ``name``; one probe a VLAN at a time."""
    school = running()
    vlan = school.vlan(name)
    port = school.probe_port(vlan)
    namespace = f"probe-{name}"
    container = hosts.container(school.switch)
    added = port not in school.ports
    with locks.exclusive(places.RUN / f"{namespace}.lock", f"scripts/lab probe {name}"):
        network.remove_namespace(namespace)
        try:
            network.add_namespaces([namespace])
            network.plug(namespace, hosts.INTERFACE, school.switch, port.name)
            podman.execute(container, switch.plug_in(port))
            # The last address is the controller's in its VLAN; the one before it is nobody's.
            network.configure(namespace, hosts.INTERFACE, vlan.from_the_end(2), vlan)
            return machine.passthrough(network.command_in(namespace, command))
        finally:
            network.remove_namespace(namespace)
            if added:
                podman.execute(container, switch.unplug(port), check=False)


def running() -> School:
    """The school that is up; LabError when there is none."""
    require_root()
    inventory = recorded_inventory()
    if inventory is None:
        raise LabError("No school is up; start it with scripts/lab up.")
    return plan(load_market(Path(inventory)))
