"""Commands that configure an ArubaOS-Switch, in a safe order.

Ports enter their VLANs before they leave the old ones; a port that leaves a trunk is disabled first, since it
falls into
VLAN 1; a new address is added before the old one goes.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import replace

from reversibility.platforms import log_hosts
from reversibility.platforms.aruba_aoss_parse import Seen, contract, port_name
from reversibility.platforms.aruba_aoss_ports import (
    bare_member_commands,
    canonical_port,
    dot1x_commands,
    guard_commands,
    interface_commands,
    membership_commands,
    trunk_commands,
)
from reversibility.platforms.aruba_text import escape
from reversibility.platforms.cli_plan import (
    canonical_names,
    changed_mirrors,
    hostname_commands,
    long_vlan_names,
    way_in_refusals,
)
from reversibility.platforms.driver import ChangeRefused
from reversibility.platforms.interface_names import natural
from reversibility.platforms.model import Configuration, Port, StaticRoute
from reversibility.platforms.number_lists import format_numbers
from reversibility.platforms.secret_names import secret


def canonical(wanted: Configuration) -> Configuration:
    """The wanted configuration as this platform says it.

    A trunk of all VLANs lists them; passive LACP is LACP; a ``Trk`` has no description and is not disabled:
    its members are.
    """
    voice = frozenset(port.voice for port in wanted.ports if port.voice and port.voice != port.access)
    every = frozenset(vlan.number for vlan in wanted.vlans)
    ports = (canonical_port(port, voice, every) for port in wanted.ports)
    svis = wanted.svis and tuple(svi for svi in wanted.svis if svi.address)
    return replace(canonical_names(wanted, port_name, ports), svis=svis)


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
        *bare_member_commands(wanted, have),
        *trunk_commands(wanted, have),
        *_radius(wanted, seen),
        *membership_commands(wanted, seen, have),
        *interface_commands(wanted, have, {port.name for port in leaving}),
        *guard_commands(wanted, have),
        *dot1x_commands(wanted, seen, have),
        *_mirrors(wanted, seen.configuration),
        *_addresses(wanted, seen),
        *_routes(wanted, seen),
        *_snooping(wanted, seen.configuration),
        *_accounts(wanted, seen.configuration),
        *_services(wanted, seen),
        *_ntp(wanted, seen),
        *log_hosts.commands("aruba_aoss", wanted.syslog, seen.configuration.syslog),
        *_snmp(wanted, seen.configuration),
        *_banner(wanted, seen.configuration),
        *(f"no vlan {number}" for number in sorted(removed)),
        *hostname_commands(wanted, seen.configuration, 'hostname "{}"'),
    )


def _aggregate_of(have: dict[str, Port], name: str) -> str | None:
    return have[name].aggregate if name in have else None


def _refuse(wanted: Configuration, seen: Seen, have: dict[str, Port], removed: frozenset[int]) -> None:
    reasons = [*log_hosts.refusals("aruba_aoss", wanted.syslog, seen.lines)]
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
    reasons += way_in_refusals(wanted, seen.configuration, removed)
    if wanted.services.get("snmp-v2c") == "on":
        reasons.append("SNMP v1 and v2c send their community in clear text and are not turned on")
    roles = [account.role for account in wanted.accounts]
    if roles and (roles.count("admin") != 1 or len(roles) - 1 > 1):
        reasons.append("this platform has one manager and at most one operator")
    reasons += long_vlan_names(wanted)
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
    """VLANs to remove: unwanted ones that no undeclared port uses."""
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


def _radius(wanted: Configuration, seen: Seen) -> Iterator[str]:
    have = seen.configuration.radius or ()
    for server in wanted.radius or ():
        if server not in have:
            yield f'radius-server host {server} key "{secret(f"radius/{server}")}"'
    if wanted.radius is not None:
        yield from (f"no radius-server host {server}" for server in have if server not in wanted.radius)


def _mirrors(wanted: Configuration, seen: Configuration) -> Iterator[str]:
    gone, new = changed_mirrors(wanted.mirrors, seen.mirrors)
    for mirror in gone:
        for source in sorted(mirror.sources, key=natural):
            yield from (f"interface {source}", f"   no monitor all both mirror {mirror.session}")
        yield f"no mirror {mirror.session}"
    for mirror in new:
        yield f"mirror {mirror.session} port {mirror.destination}"
        for source in sorted(mirror.sources, key=natural):
            yield from (f"interface {source}", f"   monitor all both mirror {mirror.session}")


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
