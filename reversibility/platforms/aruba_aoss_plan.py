"""Order of the commands that lead an ArubaOS-Switch to its wanted state.

Ports enter their VLANs before they leave the old ones; a port that leaves a trunk is disabled first, since it
falls into
VLAN 1; a new address is added before the old one goes.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import replace

from reversibility.platforms.aruba_aoss_parse import GUARDS, Seen, contract, port_name, with_vlans
from reversibility.platforms.aruba_text import escape
from reversibility.platforms.driver import ChangeRefused
from reversibility.platforms.interface_names import natural
from reversibility.platforms.model import Configuration, Dot1x, Guard, Port, StaticRoute
from reversibility.platforms.number_lists import format_numbers
from reversibility.platforms.secret_names import secret

_OPTION = {guard: option for option, guard in GUARDS.items()}


def canonical(wanted: Configuration) -> Configuration:
    """The wanted configuration as this platform says it.

    A trunk of all VLANs lists them; passive LACP is LACP; a ``Trk`` has no description and is not disabled:
    its members are.
    """
    voice = frozenset(port.voice for port in wanted.ports if port.voice and port.voice != port.access)
    every = frozenset(vlan.number for vlan in wanted.vlans)
    mirrors = wanted.mirrors and tuple(
        replace(m, sources=frozenset(map(port_name, m.sources)), destination=port_name(m.destination))
        for m in wanted.mirrors
    )
    return replace(
        wanted,
        banner=wanted.banner and wanted.banner.strip("\n"),
        ports=tuple(
            sorted((_canonical(p, voice, every) for p in wanted.ports), key=lambda p: natural(p.name))
        ),
        svis=wanted.svis if wanted.svis is None else tuple(svi for svi in wanted.svis if svi.address),
        mirrors=mirrors,
        protected_ports=frozenset(map(port_name, wanted.protected_ports)),
    )


def _canonical(port: Port, voice: frozenset[int], every: frozenset[int]) -> Port:
    port = replace(port, name=port_name(port.name))
    if port.name.startswith("Trk"):
        port = replace(port, description="", enabled=True)
    if port.aggregate is not None:
        return replace(
            port, aggregate=port_name(port.aggregate), lacp="on" if port.lacp == "on" else "active"
        )
    if port.mode == "access":
        access = port.access or 1
        return replace(port, access=access, voice=port.voice if port.voice != access else None)
    if port.mode == "routed":
        return port
    tagged = every if port.tagged is None else port.tagged
    return with_vlans(port, port.native, tagged - {port.native} if port.native else tagged, voice)


def plan(wanted: Configuration, seen: Seen) -> tuple[str, ...]:
    """The commands, in order. Raises ChangeRefused."""
    wanted = canonical(wanted)
    have = {port.name: port for port in seen.configuration.ports}
    removed = _removed(wanted, seen)
    _refuse(wanted, seen, have, removed)
    leaving = [p for p in wanted.ports if _aggregate_of(have, p.name) not in (None, p.aggregate)]
    return (
        *_new_vlans(wanted, seen.configuration),
        *(line for port in leaving for line in (f"interface {port.name}", "   disable")),
        *([f"no trunk {contract(port.name for port in leaving)}"] if leaving else []),
        *_bare_members(wanted, have),
        *_trunks(wanted, have),
        *_radius(wanted, seen),
        *_memberships(wanted, seen, have),
        *_interfaces(wanted, have, {port.name for port in leaving}),
        *_guards(wanted, have),
        *_dot1x(wanted, seen, have),
        *_mirrors(wanted, seen.configuration),
        *_addresses(wanted, seen),
        *_routes(wanted, seen),
        *_snooping(wanted, seen.configuration),
        *_accounts(wanted, seen.configuration),
        *_services(wanted, seen),
        *_ntp(wanted, seen),
        *_list("logging", wanted.syslog, seen.configuration.syslog),
        *_snmp(wanted, seen.configuration),
        *_banner(wanted, seen.configuration),
        *(f"no vlan {number}" for number in sorted(removed)),
        *(
            [f'hostname "{wanted.hostname}"']
            if wanted.hostname not in ("", seen.configuration.hostname)
            else []
        ),
    )


def _aggregate_of(have: dict[str, Port], name: str) -> str | None:
    return have[name].aggregate if name in have else None


def _refuse(wanted: Configuration, seen: Seen, have: dict[str, Port], removed: frozenset[int]) -> None:
    reasons = []
    for port in wanted.ports:
        if port.mode == "routed":
            reasons.append(f"{port.name}: this platform has no routed ports")
        if port.dot1x and port.dot1x.failed_vlan not in (None, port.dot1x.guest_vlan):
            reasons.append(f"{port.name}: one VLAN serves both as guest VLAN and after a refusal")
        known = have.get(port.name)
        if port.name in wanted.protected_ports and known is not None and _moves(port, known):
            reasons.append(f"{port.name} leads to the device and would change")
        if '"' in port.description or "\n" in port.description:
            reasons.append(f"{port.name}: the description has a quotation mark or more than one line")
    reasons += (
        f"VLAN {number} leads to the device and would be removed"
        for number in wanted.protected_vlans & removed
    )
    goal = {svi.vlan: svi.address for svi in wanted.svis or ()}
    for svi in seen.configuration.svis or ():
        if (
            wanted.svis is not None
            and svi.vlan in wanted.protected_vlans
            and goal.get(svi.vlan) != svi.address
        ):
            reasons.append(f"the address of VLAN {svi.vlan} leads to the device and would change")
    if wanted.services.get("ssh") == "off":
        reasons.append("SSH is the way to the device and is not turned off")
    if wanted.services.get("snmp-v2c") == "on":
        reasons.append("SNMP v1 and v2c send their community in clear text and are not turned on")
    roles = [account.role for account in wanted.accounts]
    if roles and (roles.count("admin") != 1 or len(roles) - 1 > 1):
        reasons.append("this platform has one manager and at most one operator")
    reasons += (
        f"the name of VLAN {v.number} is longer than 32 characters" for v in wanted.vlans if len(v.name) > 32
    )
    reasons += (f"the name of VLAN {v.number} has a quotation mark" for v in wanted.vlans if '"' in v.name)
    if reasons:
        raise ChangeRefused(reasons)


def _moves(port: Port, known: Port) -> bool:
    keys = ("mode", "access", "native", "tagged", "voice", "enabled", "aggregate", "lacp", "dot1x", "guards")
    return any(getattr(port, key) != getattr(known, key) for key in keys)


def _new_vlans(wanted: Configuration, seen: Configuration) -> Iterator[str]:
    have = {vlan.number: vlan.name for vlan in seen.vlans}
    for vlan in sorted(wanted.vlans, key=lambda vlan: vlan.number):
        if vlan.number != 1 and have.get(vlan.number) != vlan.name:
            yield f"vlan {vlan.number}"
            if vlan.name:
                yield f'   name "{vlan.name}"'
            elif have.get(vlan.number):
                yield f'   name "VLAN{vlan.number}"'


def _removed(wanted: Configuration, seen: Seen) -> frozenset[int]:
    """VLANs to remove: those that are not wanted, but for those where a port that nobody declared still is."""
    if not wanted.vlans:
        return frozenset()
    managed = {port.name for port in wanted.ports}
    used: set[int] = set()
    for port in seen.configuration.ports:
        gone = (
            port.name.startswith("Trk") and port.name not in managed and _abandoned(port.name, wanted, seen)
        )
        if port.name not in managed and port.aggregate is None and not gone:
            used |= {number for number in (port.access, port.voice, port.native) if number} | (
                port.tagged or set()
            )
    if wanted.svis is None:
        used |= {vlan for vlan, _ in seen.addresses}
    return (
        frozenset(v.number for v in seen.configuration.vlans) - {v.number for v in wanted.vlans} - {1} - used
    )


def _abandoned(trunk: str, wanted: Configuration, seen: Seen) -> bool:
    goal = {port.name: port.aggregate for port in wanted.ports}
    members = [port.name for port in seen.configuration.ports if port.aggregate == trunk]
    return bool(members) and all(name in goal and goal[name] != trunk for name in members)


def _bare_members(wanted: Configuration, have: dict[str, Port]) -> Iterator[str]:
    """A port that joins a trunk loses its protections first: most commands on a member are refused."""
    for port in wanted.ports:
        known = have.get(port.name)
        if port.aggregate is None or known is None or known.aggregate is not None:
            continue
        yield from (f"no {_guard(guard, [port.name])}" for guard in sorted(known.guards))
        if known.dot1x is not None:
            yield from _no_dot1x(port.name, known.dot1x)


def _no_dot1x(name: str, before: Dot1x) -> Iterator[str]:
    yield f"no aaa port-access authenticator {name}"
    if before.mac_fallback:
        yield f"no aaa port-access mac-based {name}"


def _trunks(wanted: Configuration, have: dict[str, Port]) -> Iterator[str]:
    joining: dict[tuple[str, str], list[str]] = {}
    for port in wanted.ports:
        known = have.get(port.name)
        if port.aggregate and (known is None or (known.aggregate, known.lacp) != (port.aggregate, port.lacp)):
            kind = "trunk" if port.lacp == "on" else "lacp"
            joining.setdefault((port.aggregate, kind), []).append(port.name)
    for (trunk, kind), names in sorted(joining.items()):
        yield f"trunk {contract(names)} {trunk.lower()} {kind}"


def _vlans_of(port: Port) -> tuple[int | None, frozenset[int]]:
    if port.mode == "access":
        return port.access, frozenset({port.voice} if port.voice else ())
    return port.native, port.tagged or frozenset()


def _memberships(wanted: Configuration, seen: Seen, have: dict[str, Port]) -> Iterator[str]:
    """Ports enter first, VLAN by VLAN, and leave in a second pass."""
    enter: dict[int, dict[str, list[str]]] = {}
    leave: dict[int, dict[str, list[str]]] = {}
    voice = {port.voice for port in wanted.ports if port.voice}
    for port in wanted.ports:
        if port.aggregate is not None or port.mode == "routed":
            continue
        known = have.get(port.name)
        fresh = known is None or known.aggregate is not None
        old_untagged, old_tagged = (1, frozenset[int]()) if known is None or fresh else _vlans_of(known)
        untagged, tagged = _vlans_of(port)
        if untagged is not None and untagged != old_untagged:
            enter.setdefault(untagged, {}).setdefault("untagged", []).append(port.name)
        for number in tagged - old_tagged:
            enter.setdefault(number, {}).setdefault("tagged", []).append(port.name)
        if untagged is None and old_untagged is not None and old_untagged not in tagged:
            leave.setdefault(old_untagged, {}).setdefault("no untagged", []).append(port.name)
        for number in old_tagged - tagged - {untagged}:
            leave.setdefault(number, {}).setdefault("no tagged", []).append(port.name)
    named = {vlan.number for vlan in wanted.vlans}
    for number in voice - seen.voice:
        enter.setdefault(number, {})["voice"] = []
    for number in (seen.voice & named) - voice:
        enter.setdefault(number, {})["no voice"] = []
    for changes in (enter, leave):
        for number in sorted(changes):
            yield f"vlan {number}"
            for command in ("voice", "no voice", "untagged", "tagged", "no untagged", "no tagged"):
                if command in changes[number]:
                    yield f"   {command} {contract(changes[number][command])}".rstrip()


def _interfaces(wanted: Configuration, have: dict[str, Port], leaving: set[str]) -> Iterator[str]:
    for port in wanted.ports:
        if port.name.startswith("Trk"):
            continue
        known = have.get(port.name) or Port(port.name)
        lines = []
        if port.description != known.description:
            lines.append(f'name "{port.description}"' if port.description else "no name")
        enabled = known.enabled and port.name not in leaving
        if port.enabled != enabled:
            lines.append("enable" if port.enabled else "disable")
        if lines:
            yield from (f"interface {port.name}", *(f"   {line}" for line in lines))


def _guards(wanted: Configuration, have: dict[str, Port]) -> Iterator[str]:
    new: dict[Guard, list[str]] = {}
    gone: dict[Guard, list[str]] = {}
    for port in wanted.ports:
        if port.aggregate is not None:
            continue
        known = have.get(port.name)
        before = known.guards if known is not None and known.aggregate is None else frozenset()
        for guard in port.guards - before:
            new.setdefault(guard, []).append(port.name)
        for guard in before - port.guards:
            gone.setdefault(guard, []).append(port.name)
    yield from (f"no {_guard(guard, gone[guard])}" for guard in sorted(gone))
    yield from (_guard(guard, new[guard]) for guard in sorted(new))


def _guard(guard: Guard, names: Iterable[str]) -> str:
    ports = contract(names)
    if guard in _OPTION:
        return f"spanning-tree {ports} {_OPTION[guard]}"
    return {"loop": "loop-protect", "dhcp-trust": "dhcp-snooping trust", "protected": "protected-ports"}[
        guard
    ] + f" {ports}"


def _radius(wanted: Configuration, seen: Seen) -> Iterator[str]:
    have = seen.configuration.radius or ()
    for server in wanted.radius or ():
        if server not in have:
            yield f'radius-server host {server} key "{secret(f"radius/{server}")}"'
    if wanted.radius is not None:
        yield from (f"no radius-server host {server}" for server in have if server not in wanted.radius)


def _dot1x(wanted: Configuration, seen: Seen, have: dict[str, Port]) -> Iterator[str]:
    start = "aaa port-access"
    if (
        any(port.dot1x for port in wanted.ports)
        and "aaa authentication port-access eap-radius" not in seen.lines
    ):
        yield "aaa authentication port-access eap-radius"
    for port in wanted.ports:
        known = have.get(port.name)
        before = known.dot1x if known is not None else None
        goal = port.dot1x
        if goal == before or port.aggregate is not None:
            continue
        if goal is None:
            yield from _no_dot1x(port.name, before or Dot1x())
            continue
        if before is None:
            yield f"{start} authenticator {port.name}"
            # Without a limit, one success opens the port to everybody; two are a PC behind a phone.
            yield f"{start} authenticator {port.name} client-limit 2"
        yield from _options(start, port.name, goal, before or Dot1x())
    if any(port.dot1x for port in wanted.ports) and f"{start} authenticator active" not in seen.lines:
        yield f"{start} authenticator active"


def _options(start: str, name: str, goal: Dot1x, before: Dot1x) -> Iterator[str]:
    if goal.guest_vlan != before.guest_vlan:
        negated = "no " if goal.guest_vlan is None else ""
        yield f"{negated}{start} authenticator {name} unauth-vid {goal.guest_vlan or ''}".rstrip()
    if goal.mac_fallback != before.mac_fallback:
        yield f"{'' if goal.mac_fallback else 'no '}{start} mac-based {name}"


def _mirrors(wanted: Configuration, seen: Configuration) -> Iterator[str]:
    if wanted.mirrors is None:
        return
    have = {mirror.session: mirror for mirror in seen.mirrors or ()}
    goal = {mirror.session: mirror for mirror in wanted.mirrors}
    for session in sorted(have):
        if goal.get(session) != have[session]:
            for source in sorted(have[session].sources, key=natural):
                yield from (f"interface {source}", f"   no monitor all both mirror {session}")
            yield f"no mirror {session}"
    for session in sorted(goal):
        if have.get(session) != goal[session]:
            yield f"mirror {session} port {goal[session].destination}"
            for source in sorted(goal[session].sources, key=natural):
                yield from (f"interface {source}", f"   monitor all both mirror {session}")


def _addresses(wanted: Configuration, seen: Seen) -> Iterator[str]:
    if wanted.svis is None:
        return
    goal = {(svi.vlan, svi.address) for svi in wanted.svis}
    for vlan, address in sorted(goal - set(seen.addresses)):
        yield from (f"vlan {vlan}", f"   ip address {_typed(address)}")
    for vlan, address in sorted(set(seen.addresses) - goal):
        if address != "dhcp" or not any(number == vlan for number, _ in goal):  # another address ends DHCP
            yield from (f"vlan {vlan}", f"   no ip address {_typed(address)}")


def _typed(address: str) -> str:
    if address == "dhcp":
        return "dhcp-bootp"
    interface = ipaddress.ip_interface(address)
    return f"{interface.ip} {interface.netmask}"


def _routes(wanted: Configuration, seen: Seen) -> Iterator[str]:
    if wanted.routes is None:
        return
    have = {route for route, _ in seen.routes}
    new = [_route(route, seen.routing) for route in wanted.routes if route not in have]
    yield from new
    replaced = any(line.startswith("ip default-gateway") for line in new)  # there is only one
    for route, line in seen.routes:
        if route not in wanted.routes and not (replaced and line.startswith("ip default-gateway")):
            yield "no ip default-gateway" if line.startswith("ip default-gateway") else f"no {line}"


def _route(route: StaticRoute, routing: bool) -> str:
    if route.prefix == "0.0.0.0/0" and not routing:
        return f"ip default-gateway {route.gateway}"
    network = ipaddress.ip_network(route.prefix)
    return f"ip route {network.network_address} {network.netmask} {route.gateway}"


def _snooping(wanted: Configuration, seen: Configuration) -> Iterator[str]:
    goal, have = wanted.dhcp_snooping, seen.dhcp_snooping or frozenset()
    if goal is None or goal == have:
        return
    if goal - have:
        yield f"dhcp-snooping vlan {format_numbers(goal - have)}"
    if have - goal:
        yield f"no dhcp-snooping vlan {format_numbers(have - goal)}"
    if bool(goal) != bool(have):
        yield "dhcp-snooping" if goal else "no dhcp-snooping"


def _accounts(wanted: Configuration, seen: Configuration) -> Iterator[str]:
    have = {account.role: account.name for account in seen.accounts}
    for account in sorted(wanted.accounts, key=lambda account: account.role):
        if have.get(account.role) != account.name:
            kind = "manager" if account.role == "admin" else "operator"
            yield f'password {kind} user-name "{account.name}" plaintext "{secret(f"account/{account.name}")}"'
    if wanted.accounts and "operator" in have and not any(a.role == "operator" for a in wanted.accounts):
        yield "no password operator"


def _services(wanted: Configuration, seen: Seen) -> Iterator[str]:
    have = seen.configuration.services
    changed = {name: on for name, on in wanted.services.items() if have.get(name, "off") != on}
    for name, command in (
        ("telnet", "telnet-server"),
        ("http", "web-management plaintext"),
        ("https", "web-management ssl"),
    ):
        if name in changed:
            yield command if changed[name] == "on" else f"no {command}"
    if changed.get("snmp-v2c") == "off":
        yield from (f'no snmp-server community "{community}"' for community in seen.communities)


def _ntp(wanted: Configuration, seen: Seen) -> Iterator[str]:
    if wanted.ntp is None:
        return
    have = set(seen.configuration.ntp or ())
    if set(wanted.ntp) - have and "ntp enable" not in seen.lines:
        yield from ("timesync ntp", "ntp unicast", "ntp enable")
    yield from (f"ntp server {server} iburst" for server in sorted(set(wanted.ntp) - have))
    yield from (f"no ntp server {server}" for server in sorted(have - set(wanted.ntp)))


def _list(command: str, wanted: Iterable[str] | None, seen: Iterable[str] | None) -> Iterator[str]:
    if wanted is not None:
        yield from (f"{command} {server}" for server in sorted(set(wanted) - set(seen or ())))
        yield from (f"no {command} {server}" for server in sorted(set(seen or ()) - set(wanted)))


def _snmp(wanted: Configuration, seen: Configuration) -> Iterator[str]:
    missing = sorted(set(wanted.snmp_users or ()) - set(seen.snmp_users or ()))
    for user in missing:
        auth, priv = secret(f"snmp/{user}/auth"), secret(f"snmp/{user}/priv")
        yield f'snmpv3 user "{user}" auth sha "{auth}" priv aes "{priv}"'
        yield f'snmpv3 group managerpriv user "{user}" sec-model ver3'
    if wanted.snmp_users is not None:
        yield from (
            f'no snmpv3 user "{user}"' for user in sorted(set(seen.snmp_users or ()) - set(wanted.snmp_users))
        )


def _banner(wanted: Configuration, seen: Configuration) -> Iterator[str]:
    if wanted.banner is not None and wanted.banner != seen.banner:
        yield f'banner motd "{escape(wanted.banner)}"' if wanted.banner else "no banner motd"
