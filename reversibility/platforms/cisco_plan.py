"""Commands that configure a Cisco switch, IOS or NX-OS, in a safe order.

VLANs are created before ports use them and removed after the ports have left; accounts are created before
others go; the
host name comes last, since it changes the prompt.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import replace

from reversibility.platforms import log_hosts
from reversibility.platforms.cisco_parse import RESERVED, Seen
from reversibility.platforms.cisco_ports import port_commands, refusals
from reversibility.platforms.cli_plan import (
    canonical_names,
    changed_mirrors,
    hostname_commands,
    long_vlan_names,
    server_commands,
    way_in_refusals,
)
from reversibility.platforms.driver import ChangeRefused
from reversibility.platforms.interface_names import ios_name, natural, nxos_name
from reversibility.platforms.model import Account, Configuration, Port, StaticRoute
from reversibility.platforms.number_lists import chunks
from reversibility.platforms.secret_names import secret

DELIMITERS = "#%~|$&*=+"
GROUP = "cartable"  # of SNMPv3 users on IOS


def canonical(wanted: Configuration, *, nxos: bool) -> Configuration:
    """The wanted configuration with long interface names, in order."""
    name = nxos_name if nxos else ios_name
    ports = (
        replace(port, name=name(port.name), aggregate=name(port.aggregate) if port.aggregate else None)
        for port in wanted.ports
    )
    wanted = replace(wanted, syslog=log_hosts.canonical(_platform(nxos), wanted.syslog))
    return canonical_names(wanted, name, ports)


def _platform(nxos: bool) -> str:
    return "cisco_nxos" if nxos else "cisco_ios"


def plan(wanted: Configuration, seen: Seen, *, nxos: bool) -> tuple[str, ...]:
    """The commands, in order. Raises ChangeRefused."""
    wanted = canonical(wanted, nxos=nxos)
    ports = _ports(wanted, seen, nxos)
    removed = _removed_vlans(wanted, seen.configuration)
    _refuse(wanted, seen, ports, removed, nxos)
    return (
        *(_features(wanted, seen) if nxos else ()),
        *_vlans(wanted, seen.configuration),
        *_radius(wanted, seen, nxos),
        *(
            line
            for name, lines in ports.items()
            for line in (f"interface {name}", *(f" {line}" for line in lines))
        ),
        *(f"no interface {name}" for name in _left_aggregates(wanted, seen.configuration)),
        *_mirrors(wanted, seen, nxos),
        *_svis(wanted, seen.configuration, nxos),
        *_routes(wanted, seen, nxos),
        *_snooping(wanted, seen.configuration),
        *_accounts(wanted, seen.configuration, nxos),
        *_services(wanted, seen, nxos),
        *server_commands("ntp server", wanted.ntp, seen.configuration.ntp),
        *log_hosts.commands(_platform(nxos), wanted.syslog, seen.configuration.syslog),
        *_snmp(wanted, seen.configuration, nxos),
        *_banner(wanted, seen, nxos),
        *(f"no vlan {piece}" for piece in chunks(removed)),
        *hostname_commands(wanted, seen.configuration),
    )


def _refuse(
    wanted: Configuration, seen: Seen, ports: dict[str, list[str]], removed: frozenset[int], nxos: bool
) -> None:
    reasons = [reason for port in wanted.ports for reason in refusals(port, nxos)]
    had = {port.name: port for port in seen.configuration.ports}
    for name in sorted(wanted.protected_ports & set(ports), key=natural):
        if (
            any(not line.startswith(("description ", "no description")) for line in ports[name])
            and name in had
        ):
            reasons.append(f"{name} leads to the device and would change ({'; '.join(ports[name])})")
    reasons += way_in_refusals(wanted, seen.configuration, removed)
    if wanted.services.get("snmp-v2c") == "on":
        reasons.append("SNMP v1 and v2c send their community in clear text and are not turned on")
    if wanted.accounts and not any(account.role == "admin" for account in wanted.accounts):
        reasons.append("no wanted account may configure the device")
    changed = {port.name for port in wanted.ports if ports.get(port.name) and port.dot1x}
    if changed and seen.new_style:
        reasons.append(
            "802.1X is in the new style (access-session), which this driver reads and does not change"
        )
    reasons += long_vlan_names(wanted)
    reasons += log_hosts.refusals(_platform(nxos), wanted.syslog, seen.lines)
    if wanted.banner and "^C" in wanted.banner:
        reasons.append("the banner holds ^C, which the device shows as the end of a banner")
    if wanted.banner and not set(DELIMITERS) - set(wanted.banner):
        reasons.append("the banner holds every character that could delimit it")
    if reasons:
        raise ChangeRefused(reasons)


def _features(wanted: Configuration, seen: Seen) -> Iterator[str]:
    needed = {
        "interface-vlan": bool(wanted.svis),
        "lacp": any(port.lacp in ("active", "passive") for port in wanted.ports),
        "dhcp": bool(wanted.dhcp_snooping) or any("dhcp-trust" in port.guards for port in wanted.ports),
        "dot1x": any(port.dot1x for port in wanted.ports),
    }
    yield from (
        f"feature {name}" for name, on in needed.items() if on and f"feature {name}" not in seen.lines
    )


def _vlans(wanted: Configuration, seen: Configuration) -> Iterator[str]:
    have = {vlan.number: vlan.name for vlan in seen.vlans}
    for vlan in sorted(wanted.vlans, key=lambda vlan: vlan.number):
        if vlan.number in RESERVED or have.get(vlan.number) == vlan.name:
            continue
        yield f"vlan {vlan.number}"
        if vlan.name:
            yield f" name {vlan_name(vlan.name)}"
        elif have.get(vlan.number):
            yield " no name"


def vlan_name(name: str) -> str:
    """The name as it is typed: quoted when it has a blank."""
    return f'"{name}"' if " " in name else name


def _removed_vlans(wanted: Configuration, seen: Configuration) -> frozenset[int]:
    """VLANs to remove: unwanted ones that no undeclared port uses."""
    if not wanted.vlans:
        return frozenset()
    managed = {port.name for port in wanted.ports} | set(_left_aggregates(wanted, seen))
    used = {
        number
        for port in seen.ports
        if port.name not in managed and port.aggregate is None
        for number in (port.access, port.voice, port.native)
        if number
    }
    used |= {svi.vlan for svi in seen.svis or () if svi.address and wanted.svis is None}
    return (
        frozenset(vlan.number for vlan in seen.vlans)
        - {vlan.number for vlan in wanted.vlans}
        - RESERVED
        - used
    )


def _ports(wanted: Configuration, seen: Seen, nxos: bool) -> dict[str, list[str]]:
    """The commands by port: members first, since an aggregate takes the configuration of the first that joins."""
    have = {port.name: port for port in seen.configuration.ports}
    goal = {port.name: port for port in wanted.ports}
    ordered = sorted(
        wanted.ports, key=lambda port: (port.aggregate is None, _is_aggregate(port), natural(port.name))
    )
    found = {port.name: port_commands(port, have.get(port.name), goal, nxos=nxos) for port in ordered}
    return {
        name: lines
        for name, lines in found.items()
        if lines or (name not in have and _is_aggregate(goal[name]))
    }


def _left_aggregates(wanted: Configuration, seen: Configuration) -> list[str]:
    """Undeclared aggregates that all their members leave."""
    goal = {port.name: port for port in wanted.ports}
    members = {port.name: port.aggregate for port in seen.ports if port.aggregate}
    staying = {aggregate for name, aggregate in members.items() if name not in goal}
    staying |= {port.aggregate for port in wanted.ports if port.aggregate} | set(goal)
    there = {port.name for port in seen.ports}
    return sorted(set(members.values()) & there - staying, key=natural)


def _is_aggregate(port: Port) -> bool:
    return port.name.lower().startswith("port-channel")


def _radius(wanted: Configuration, seen: Seen, nxos: bool) -> Iterator[str]:
    if wanted.radius is not None:
        have = seen.configuration.radius or ()
        for server in wanted.radius:
            if server in have:
                continue
            if nxos:
                yield f"radius-server host {server} key 0 {secret(f'radius/{server}')}"
            else:
                yield f"radius server {server}"
                yield f" address ipv4 {server} auth-port 1812 acct-port 1813"
                yield f" key {secret(f'radius/{server}')}"
        for server in have:
            if server not in wanted.radius:
                block = f"radius server {server}" in seen.lines
                yield f"no radius server {server}" if block else f"no radius-server host {server}"
    if nxos or not any(port.dot1x for port in wanted.ports) or "dot1x system-auth-control" in seen.lines:
        return
    if "aaa new-model" not in seen.lines:  # local accounts go on working, on the line that we use too
        yield from (
            "aaa new-model",
            "aaa authentication login default local",
            "aaa authorization exec default local",
        )
    yield from (
        "aaa authentication dot1x default group radius",
        "aaa authorization network default group radius",
    )
    yield "dot1x system-auth-control"


def _mirrors(wanted: Configuration, seen: Seen, nxos: bool) -> Iterator[str]:
    gone, new = changed_mirrors(wanted.mirrors, seen.configuration.mirrors)
    yield from (f"no monitor session {mirror.session}" for mirror in gone)
    for mirror in new:
        session = mirror.session
        sources = sorted(mirror.sources, key=natural)
        if nxos:
            yield f"interface {mirror.destination}"
            yield " switchport monitor"
            yield f"monitor session {session}"
            yield from (f" source interface {source} both" for source in sources)
            yield f" destination interface {mirror.destination}"
            yield " no shut"
        else:
            yield from (f"monitor session {session} source interface {source}" for source in sources)
            yield f"monitor session {session} destination interface {mirror.destination}"


def _changed_svis(wanted: Configuration, seen: Configuration) -> Iterator[tuple[int, str | None]]:
    """VLAN and address of each change; None: the interface goes."""
    if wanted.svis is None:
        return
    have = {svi.vlan: svi.address for svi in seen.svis or ()}
    goal = {svi.vlan: svi.address for svi in wanted.svis}
    yield from (
        (vlan, goal[vlan]) for vlan in sorted(goal) if have.get(vlan, "") != goal[vlan] or vlan not in have
    )
    for vlan in sorted(set(have) - set(goal)):
        if vlan != 1 or have[vlan]:
            yield vlan, None


def _svis(wanted: Configuration, seen: Configuration, nxos: bool) -> Iterator[str]:
    for vlan, address in _changed_svis(wanted, seen):
        if address is None and vlan != 1:
            yield f"no interface Vlan{vlan}"
            continue
        yield f"interface Vlan{vlan}"
        if not address:
            yield " no ip address"
        elif address == "dhcp" or nxos:
            yield f" ip address {address}"
        else:
            interface = ipaddress.ip_interface(address)
            yield f" ip address {interface.ip} {interface.netmask}"
        if address:
            yield " no shutdown"


def _routes(wanted: Configuration, seen: Seen, nxos: bool) -> Iterator[str]:
    if wanted.routes is None:
        return
    have = {route for route, _ in seen.routes}
    new = [_route(route, seen.routing, nxos) for route in wanted.routes if route not in have]
    yield from new
    replaced = any(line.startswith("ip default-gateway") for line in new)  # there is only one
    for route, line in seen.routes:
        if route not in wanted.routes and not (replaced and line.startswith("ip default-gateway")):
            yield f"no {line}"


def _route(route: StaticRoute, routing: bool, nxos: bool) -> str:
    if route.prefix == "0.0.0.0/0" and not routing:
        return f"ip default-gateway {route.gateway}"
    network = ipaddress.ip_network(route.prefix)
    prefix = str(network) if nxos else f"{network.network_address} {network.netmask}"
    return f"ip route {prefix} {route.gateway}"


def _snooping(wanted: Configuration, seen: Configuration) -> Iterator[str]:
    goal, have = wanted.dhcp_snooping, seen.dhcp_snooping or frozenset()
    if goal is None or goal == have:
        return
    yield from (f"ip dhcp snooping vlan {piece}" for piece in chunks(goal - have))
    yield from (f"no ip dhcp snooping vlan {piece}" for piece in chunks(have - goal))
    if bool(goal) != bool(have):
        yield "ip dhcp snooping" if goal else "no ip dhcp snooping"


def _accounts(wanted: Configuration, seen: Configuration, nxos: bool) -> Iterator[str]:
    have = {account.name: account for account in seen.accounts}
    for account in wanted.accounts:
        known = have.get(account.name)
        if known is None or known.role != account.role:
            yield _account(account, known is None, nxos)
    if wanted.accounts:
        kept = {account.name for account in wanted.accounts} | set((wanted.snmp_users or ()) if nxos else ())
        yield from (f"no username {name}" for name in sorted(set(have) - kept))


def _account(account: Account, new: bool, nxos: bool) -> str:
    if nxos:
        role = "network-admin" if account.role == "admin" else "network-operator"
        password = f"password {secret(f'account/{account.name}')} " if new else ""
        return f"username {account.name} {password}role {role}"
    password = f" secret {secret(f'account/{account.name}')}" if new else ""
    return f"username {account.name} privilege {15 if account.role == 'admin' else 1}{password}"


def _services(wanted: Configuration, seen: Seen, nxos: bool) -> Iterator[str]:
    have = seen.configuration.services
    changed = {name: on for name, on in wanted.services.items() if have.get(name, "off") != on}
    if nxos:
        names = {"telnet": "feature telnet", "https": "feature nxapi", "ssh": "feature ssh"}
    else:
        names = {"http": "ip http server", "https": "ip http secure-server"}
        if {"telnet", "ssh"} & set(changed):
            transport = "ssh telnet" if wanted.services.get("telnet", "off") == "on" else "ssh"
            for line in seen.vty or ("0 4", "5 15"):
                yield f"line vty {line}"
                yield f" transport input {transport}"
    for name in names:
        if name in changed:
            yield names[name] if changed[name] == "on" else f"no {names[name]}"
    if changed.get("snmp-v2c") == "off":
        yield from (f"no snmp-server community {community}" for community in seen.communities)


def _snmp(wanted: Configuration, seen: Configuration, nxos: bool) -> Iterator[str]:
    missing = sorted(set(wanted.snmp_users or ()) - set(seen.snmp_users or ()))
    if missing and not nxos:
        yield f"snmp-server group {GROUP} v3 priv"
    for user in missing:
        auth, priv = secret(f"snmp/{user}/auth"), secret(f"snmp/{user}/priv")
        if nxos:
            yield f"snmp-server user {user} network-operator auth sha {auth} priv aes-128 {priv}"
        else:
            yield f"snmp-server user {user} {GROUP} v3 auth sha {auth} priv aes 128 {priv}"
    if wanted.snmp_users is not None and not nxos:
        for user in sorted(set(seen.snmp_users or ()) - set(wanted.snmp_users)):
            yield f"no snmp-server user {user} {GROUP} v3"


def _banner(wanted: Configuration, seen: Seen, nxos: bool) -> Iterator[str]:
    if wanted.banner is None or wanted.banner == seen.configuration.banner:
        return
    kind = seen.banner_kind
    if not wanted.banner:
        yield f"no banner {kind}"
        return
    mark = next(character for character in DELIMITERS if character not in wanted.banner)
    yield f"banner {kind} {mark}\n{wanted.banner}\n{mark}"
