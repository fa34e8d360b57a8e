"""Commands and refusals that the plans of all command-line switches share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from operator import attrgetter

from reversibility.platforms.interface_names import natural
from reversibility.platforms.model import Configuration, Mirror, Port


def canonical_names(
    wanted: Configuration, port_name: Callable[[str], str], ports: Iterable[Port]
) -> Configuration:
    """The wanted configuration with the platform's names of ports, and ``ports`` in their order."""
    mirrors = wanted.mirrors and tuple(
        replace(
            mirror,
            sources=frozenset(map(port_name, mirror.sources)),
            destination=port_name(mirror.destination),
        )
        for mirror in wanted.mirrors
    )
    return replace(
        wanted,
        banner=wanted.banner and wanted.banner.strip("\n"),
        ports=tuple(sorted(ports, key=lambda port: natural(port.name))),
        mirrors=mirrors,
        protected_ports=frozenset(map(port_name, wanted.protected_ports)),
    )


def server_commands(command: str, wanted: Iterable[str] | None, seen: Iterable[str] | None) -> Iterator[str]:
    """Commands that add and remove the servers of one service; none if they are not declared (None)."""
    if wanted is not None:
        yield from (f"{command} {server}" for server in sorted(set(wanted) - set(seen or ())))
        yield from (f"no {command} {server}" for server in sorted(set(seen or ()) - set(wanted)))


def hostname_commands(wanted: Configuration, seen: Configuration, form: str = "hostname {}") -> Iterator[str]:
    """Last of all: the name is in the prompt."""
    if wanted.hostname not in ("", seen.hostname):
        yield form.format(wanted.hostname)


def changed_mirrors(
    wanted: Iterable[Mirror] | None, seen: Iterable[Mirror] | None
) -> tuple[list[Mirror], list[Mirror]]:
    """The sessions to remove and those to make, in order; one that changes is removed and made again."""
    if wanted is None:
        return [], []
    have, goal = set(seen or ()), set(wanted)
    by_session = attrgetter("session")
    return sorted(have - goal, key=by_session), sorted(goal - have, key=by_session)


def way_in_refusals(wanted: Configuration, seen: Configuration, removed: Iterable[int]) -> Iterator[str]:
    """Reasons why the change could cut the management access: its VLANs, its addresses, SSH."""
    for number in sorted(wanted.protected_vlans & set(removed)):
        yield f"VLAN {number} leads to the device and would be removed"
    goal = {svi.vlan: svi.address for svi in wanted.svis or ()}
    for svi in seen.svis or ():
        moved = wanted.svis is not None and svi.address and goal.get(svi.vlan) != svi.address
        if moved and svi.vlan in wanted.protected_vlans:
            yield f"the address of VLAN {svi.vlan} leads to the device and would change"
    if wanted.services.get("ssh") == "off":
        yield "SSH is the way to the device and is not turned off"


def long_vlan_names(wanted: Configuration) -> Iterator[str]:
    """Names that no switch of these platforms takes."""
    for vlan in wanted.vlans:
        if len(vlan.name) > 32 or "\n" in vlan.name:
            yield f"the name of VLAN {vlan.number} is longer than 32 characters"
