"""The school as a whole: start it and stop it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reversibility.market.load import load_market
from reversibility.market.model import Market
from reversibility.market.paths import MarketPaths
from tests.lab import access, apt_cache, hosts, image, locks, machine, network, places
from tests.lab import podman as podman_module
from tests.lab.detect import too_many
from tests.lab.plan import CONTROLLER_PORT, Host, School, plan
from tests.lab.podman import Podman
from tests.lab.progress import Progress
from tests.lab.router import TRUNK
from tests.lab.shell import LabError

CONTROLLER = "controller"
"""The controller's network namespace; hosts' are called by their tags."""

_UP_OR_DOWN = "scripts/lab up or down"
_WORKERS = 4


@dataclass(frozen=True)
class _Wanted:
    """What ``up`` works towards."""

    market: Market
    paths: MarketPaths
    school: School

    @classmethod
    def of(cls, inventory: Path) -> _Wanted:
        paths = MarketPaths.for_inventory(inventory)
        market = load_market(paths.inventory)
        return cls(market, paths, plan(market))


def up(podman: Podman, inventory: Path, progress: Progress) -> None:
    """Start the school of the market ``inventory``; what runs already and is as wanted stays as it is."""
    _not_inside()
    wanted = _Wanted.of(inventory)
    if problem := too_many(len(wanted.school.hosts)):
        raise LabError(problem)
    with locks.exclusive(places.LOCK, _UP_OR_DOWN):
        other = recorded_inventory()
        if other not in (None, str(wanted.paths.inventory)):
            raise LabError(f"The school of {other} is up; run scripts/lab down first.")
        places.RUN.mkdir(mode=0o755, exist_ok=True)
        _record(wanted.paths.inventory)
        with progress.step("podman and the apt cache are ready"):
            podman.prepare()
            podman.reap()
            apt_cache.start()
        machine.ensure_images(podman, progress)
        key = access.operator_key(wanted.paths.keys)
        with progress.step(f"{len(wanted.school.vlans)} VLANs are cabled"):
            laid = _cable(wanted.school)
        with progress.step(f"{len(wanted.school.hosts)} hosts run"):
            made = _start_hosts(podman, wanted, key, laid)
            progress(f"made or started: {' '.join(made) or 'nothing, all were there'}")
        with progress.step("every host answers by SSH from the controller"):
            addresses = [str(host.address) for host in wanted.school.hosts.values()]
            silent = access.await_ssh(network.prefix(CONTROLLER), addresses)
            if silent:
                raise LabError(f"No SSH answer from {', '.join(silent)}; see scripts/lab status.")
            keys = _each(wanted.school.hosts.values(), lambda host: hosts.public_key(podman, host))
            access.write_known_hosts(
                wanted.paths.data / "known_hosts", dict(zip(addresses, keys, strict=True))
            )
    progress("the school is up; scripts/lab status shows it, scripts/lab run CMD works on its controller")


def _cable(school: School) -> list[str]:
    """Make every network namespace and every cable; returns the switch's ports whose cables had to be laid."""
    network.add_namespaces([CONTROLLER, *school.hosts])
    cables: list[tuple[str, str, str, str | None]] = [
        (host.tag, hosts.INTERFACE, str(host.port), host.mac) for host in school.computers()
    ]
    cables.append((school.router, TRUNK, str(school.hosts[school.router].port), None))
    cables.append((CONTROLLER, hosts.INTERFACE, CONTROLLER_PORT, None))
    laid = [
        port
        for name, interface, port, mac in cables
        if network.plug(name, interface, school.switch, port, mac)
    ]
    for host in school.computers():
        address = f"{host.address}/{host.vlan.subnet.prefixlen}"
        network.configure(host.tag, hosts.INTERFACE, address, host.vlan)
    vlan = school.hosts[school.switch].vlan
    network.configure(CONTROLLER, hosts.INTERFACE, vlan.from_the_end(1), vlan)
    return laid


def _start_hosts(podman: Podman, wanted: _Wanted, key: str, laid: Collection[str]) -> list[str]:
    """Make the containers that are missing, or not as wanted, and start those that are off; returns which."""
    found = {str(container["Labels"][places.LABEL]): container for container in podman.containers()}
    school = wanted.school
    digests = {
        host.tag: hosts.digest(host, school, wanted.market.network, key) for host in school.hosts.values()
    }
    conditions = {
        tag: hosts.condition(school.hosts[tag], found.get(tag), one) for tag, one in digests.items()
    }
    absent = [hosts.container(tag) for tag, condition in conditions.items() if condition == "absent"]
    others = [str(container["Id"]) for tag, container in found.items() if tag not in school.hosts]
    podman.remove(*absent, *others)
    podman.reap()  # one that a killed "down" had half stopped may have left its processes, with their ports

    def start(host: Host) -> str | None:
        condition = conditions[host.tag]
        if condition == "running":
            return None
        if condition == "off":
            # Like a real one: it keeps its disk.
            podman("start", hosts.container(host.tag))
            return f"{host.tag} (was off)"
        files = hosts.network_files(host, school, wanted.market.network)
        hosts.create(podman, host, files, key, digests[host.tag])
        return host.tag

    made = [tag for tag in _each(school.hosts.values(), start) if tag]
    for tag in (school.switch, school.router):
        hosts.await_systemd(podman, school.hosts[tag])
    hosts.start_network(podman, school, laid)
    _each(school.hosts.values(), lambda host: hosts.await_running(podman, host))
    return made


def _each[T](items: Iterable[Host], action: Callable[[Host], T]) -> list[T]:
    """``action`` on every host, a few at a time; the first error is raised once all have ended."""
    with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
        return list(pool.map(action, items))


def down(podman: Podman, progress: Progress) -> None:
    """Stop the school, and remove all that ``up`` made, complete or not. Images and cached packages stay."""
    _not_inside()
    with locks.exclusive(places.LOCK, _UP_OR_DOWN):
        # Even when nothing seems to be there: after a restart of the machine, podman still knows the containers.
        places.RUN.mkdir(mode=0o755, exist_ok=True)
        podman.prepare()
        # First: an ``up`` after a kill makes anew what is without this, and does not start what was half stopped.
        shutil.rmtree(places.MADE, ignore_errors=True)
        with progress.step("the hosts are gone"):
            podman.remove(*(str(container["Id"]) for container in podman.containers()))
            podman.reap()
        with progress.step("the cables are gone"):
            for pinned in sorted(places.NETNS.iterdir()):
                network.remove_namespace(pinned.name)
        image.remove_rest()
        places.STATE.unlink(missing_ok=True)
        if machine.release_if_unused(podman):
            progress("the school is down; nothing is left but the images and the cached packages")
        else:
            progress("the school is down; podman and the apt cache stay, since others use them")


def _not_inside() -> None:
    if podman_module.inside():
        raise LabError(
            "This shell is in podman's namespace (scripts/lab podman-env); run scripts/lab outside it."
        )


def _record(inventory: Path) -> None:
    """Note that a school is up, or about to be: the first thing that ``up`` does, the last that ``down`` undoes."""
    new = places.STATE.with_suffix(".new")
    new.write_text(json.dumps({"inventory": str(inventory)}) + "\n")
    new.replace(places.STATE)


def recorded_inventory() -> str | None:
    """The market of the school that is up, complete or half-made; None when there is none."""
    try:
        content: Any = json.loads(places.STATE.read_text())
    except FileNotFoundError:
        return None
    return str(content["inventory"])
