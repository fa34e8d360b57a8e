"""Probes of an isolation test: a fresh machine in each VLAN at the same time, and a second one where guests are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.lab import hosts, locks, machine, network, places, switch
from tests.lab.plan import Port, School, Vlan
from tests.lab.podman import Podman
from tests.lab.visit import running


def with_probes(podman: Podman, file: Path, command: Sequence[str]) -> int:
    """Run ``command`` while the probes are there; ``file`` has them as variables of check_isolation.yml."""
    school = running()
    with (
        locks.exclusive(places.RUN / "probes.lock", "scripts/lab probes"),
        plugged(podman, school) as probes,
    ):
        file.write_text(json.dumps({"isolation_probes": probes}, indent=2) + "\n", encoding="utf-8")
        return machine.passthrough(list(command))


@contextmanager
def plugged(podman: Podman, school: School) -> Iterator[list[dict[str, Any]]]:
    wanted = [(vlan, number) for vlan in school.vlans.values() for number in range(1, 2 + vlan.isolated)]
    try:
        yield [_plug(podman, school, vlan, number) for vlan, number in wanted]
    finally:
        for vlan, number in wanted:
            network.remove_namespace(_name(vlan, number))
            podman.execute(hosts.container(school.switch), switch.unplug(_port(vlan, number)), check=False)


def _plug(podman: Podman, school: School, vlan: Vlan, number: int) -> dict[str, Any]:
    name, port = _name(vlan, number), _port(vlan, number)
    network.remove_namespace(name)
    network.add_namespaces([name])
    network.plug(name, hosts.INTERFACE, school.switch, port.name)
    podman.execute(hosts.container(school.switch), switch.plug_in(port))
    address = vlan.from_the_end(2 + number)
    network.configure(name, hosts.INTERFACE, address, vlan)
    return {
        "name": vlan.name if number == 1 else f"{vlan.name}-{number}",
        "vlan": vlan.name,
        "address": address.partition("/")[0],
        "interface": hosts.INTERFACE,
        "command": network.prefix(name),
    }


def _name(vlan: Vlan, number: int) -> str:
    return f"isolation-{vlan.number}-{number}"


def _port(vlan: Vlan, number: int) -> Port:
    return Port(f"i{vlan.number}_{number}", vlan.number, (), None, vlan.isolated)
