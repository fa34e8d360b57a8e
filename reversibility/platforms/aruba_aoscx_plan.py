"""Commands that configure an AOS-CX switch, in a safe order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reversibility.platforms import log_hosts
from reversibility.platforms.aruba_aoscx_parse import DOT1X, MAC, Seen, port_name
from reversibility.platforms.aruba_aoscx_ports import canonical_port, carried, port_commands
from reversibility.platforms.cli_plan import (
    canonical_names,
    changed_mirrors,
    hostname_commands,
    long_vlan_names,
    server_commands,
    way_in_refusals,
)
from reversibility.platforms.driver import ChangeRefused
from reversibility.platforms.interface_names import natural
from reversibility.platforms.model import Configuration, Port
from reversibility.platforms.secret_names import secret


def canonical(wanted: Configuration) -> Configuration:
    """The wanted configuration as this platform says it: a phone's VLAN is a tagged one with the mark ``voice``."""
    voice = frozenset(port.voice for port in wanted.ports if port.voice and port.voice != port.access)
    wanted = replace(wanted, syslog=log_hosts.canonical("aruba_aoscx", wanted.syslog))
    return canonical_names(wanted, port_name, (canonical_port(port, voice) for port in wanted.ports))


def plan(wanted: Configuration, seen: Seen) -> tuple[str, ...]:
    """The commands, in order. Raises ChangeRefused."""
    wanted = canonical(wanted)
    have = {port.name: port for port in seen.configuration.ports}
    ports = port_commands(wanted, seen, have)
    gone = _left_lags(wanted, have)
    removed = _removed(wanted, seen, gone)
    _refuse(wanted, seen, have, ports, removed)
    return (
        *_vlans(wanted, seen),
        *_radius(wanted, seen),
        *(
            line
            for name, lines in ports.items()
            for line in (f"interface {name}", *(f"    {line}" for line in lines))
        ),
        *(f"no interface {name}" for name in gone),
        *_mirrors(wanted, seen.configuration),
        *_svis(wanted, seen.configuration),
        *_routes(wanted, seen.configuration),
        *_snooping(wanted, seen.configuration),
        *_accounts(wanted, seen.configuration),
        *_services(wanted, seen),
        *server_commands("ntp server", wanted.ntp, seen.configuration.ntp),
        *(["ntp enable"] if wanted.ntp and "ntp enable" not in seen.lines else []),
        *log_hosts.commands("aruba_aoscx", wanted.syslog, seen.configuration.syslog),
        *_snmp(wanted, seen.configuration),
        *_banner(wanted, seen.configuration),
        *(f"no vlan {number}" for number in sorted(removed)),
        *hostname_commands(wanted, seen.configuration),
    )


def _refuse(
    wanted: Configuration,
    seen: Seen,
    have: dict[str, Port],
    ports: dict[str, list[str]],
    removed: frozenset[int],
) -> None:
    reasons = [*log_hosts.refusals("aruba_aoscx", wanted.syslog, seen.lines)]
    for port in wanted.ports:
        if "protected" in port.guards:
            reasons.append(f"{port.name}: this platform has no guard “protected”")
        if port.dot1x and port.dot1x.failed_vlan not in (None, port.dot1x.guest_vlan):
            reasons.append(f"{port.name}: one role serves both as guest VLAN and after a refusal")
        if port.mode == "trunk" and port.aggregate is None and port.tagged is not None and not carried(port):
            reasons.append(f"{port.name}: a trunk carries at least one VLAN")
        if port.mode == "trunk" and port.native is None and (port.tagged is None or 1 in port.tagged):
            reasons.append(f"{port.name}: VLAN 1 can be tagged only when another VLAN is native")
        changes = [
            line
            for line in ports.get(port.name, ())
            if not line.startswith(("description ", "no description"))
        ]
        if port.name in wanted.protected_ports and port.name in have and changes:
            reasons.append(f"{port.name} leads to the device and would change ({'; '.join(changes)})")
    reasons += way_in_refusals(wanted, seen.configuration, removed)
    for service in ("telnet", "http", "snmp-v2c"):
        if wanted.services.get(service) == "on":
            reasons.append(f"{service} is in clear text and is not turned on")
    if wanted.accounts and not any(account.role == "admin" for account in wanted.accounts):
        reasons.append("no wanted account may configure the device")
    reasons += long_vlan_names(wanted)
    if wanted.banner and any(line.strip() == "!" for line in wanted.banner.split("\n")):
        reasons.append("a line of the banner is what ends a banner")
    if reasons:
        raise ChangeRefused(reasons)


def _vlans(wanted: Configuration, seen: Seen) -> Iterator[str]:
    have = {vlan.number: vlan.name for vlan in seen.configuration.vlans}
    voice = {port.voice for port in wanted.ports if port.voice}
    snooped = seen.configuration.dhcp_snooping or frozenset()
    goal = snooped if wanted.dhcp_snooping is None else wanted.dhcp_snooping
    named = {vlan.number: vlan.name for vlan in wanted.vlans}
    for number in sorted(set(named) | voice | (goal ^ snooped)):
        lines = []
        if number in named and named[number] != have.get(number, ""):
            lines.append(f"name {_quoted(named[number])}" if named[number] else "no name")
        if number in voice - seen.voice:
            lines.append("voice")
        if number in named and number in seen.voice - voice:
            lines.append("no voice")
        if (number in goal) != (number in snooped) and (number in goal or number in have):
            lines.append("dhcpv4-snooping" if number in goal else "no dhcpv4-snooping")
        if number != 1 and (lines or number not in have):
            yield from (f"vlan {number}", *(f"    {line}" for line in lines))


def _quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name


def _removed(wanted: Configuration, seen: Seen, gone: list[str]) -> frozenset[int]:
    """VLANs to remove: unwanted ones that no undeclared port uses."""
    if not wanted.vlans:
        return frozenset()
    managed = {port.name for port in wanted.ports} | set(gone)
    used = set()
    for port in seen.configuration.ports:
        if port.name not in managed and port.aggregate is None:
            used |= {number for number in (port.access, port.voice, port.native) if number}
    if wanted.svis is None:
        used |= {svi.vlan for svi in seen.configuration.svis or ()}
    return (
        frozenset(v.number for v in seen.configuration.vlans) - {v.number for v in wanted.vlans} - {1} - used
    )


def _left_lags(wanted: Configuration, have: dict[str, Port]) -> list[str]:
    goal = {port.name: port for port in wanted.ports}
    members = {port.name: port.aggregate for port in have.values() if port.aggregate}
    staying = {lag for name, lag in members.items() if name not in goal} | set(goal)
    staying |= {port.aggregate for port in wanted.ports if port.aggregate}
    return sorted(set(members.values()) & set(have) - staying, key=natural)


def _radius(wanted: Configuration, seen: Seen) -> Iterator[str]:
    have = seen.configuration.radius or ()
    for server in wanted.radius or ():
        if server not in have:
            yield f"radius-server host {server} key plaintext {secret(f'radius/{server}')}"
    if wanted.radius is not None:
        yield from (f"no radius-server host {server}" for server in have if server not in wanted.radius)
    controlled = [port.dot1x for port in wanted.ports if port.dot1x]
    for number in sorted({dot1x.guest_vlan for dot1x in controlled if dot1x.guest_vlan} - seen.roles):
        yield from (f"port-access role vlan{number}", f"    vlan access {number}")
    if controlled and not seen.dot1x:
        yield from (DOT1X, "    enable")
    if any(dot1x.mac_fallback for dot1x in controlled) and not seen.mac:
        yield from (MAC, "    enable")


def _mirrors(wanted: Configuration, seen: Configuration) -> Iterator[str]:
    gone, new = changed_mirrors(wanted.mirrors, seen.mirrors)
    yield from (f"no mirror session {mirror.session}" for mirror in gone)
    for mirror in new:
        yield f"mirror session {mirror.session}"
        yield from (f"    source interface {source} both" for source in sorted(mirror.sources, key=natural))
        yield from (f"    destination interface {mirror.destination}", "    no shutdown")


def _svis(wanted: Configuration, seen: Configuration) -> Iterator[str]:
    if wanted.svis is None:
        return
    have = {svi.vlan: svi.address for svi in seen.svis or ()}
    goal = {svi.vlan: svi.address for svi in wanted.svis}
    for vlan in sorted(goal):
        if vlan in have and have[vlan] == goal[vlan]:
            continue
        yield f"interface vlan {vlan}"
        if goal[vlan]:
            yield "    ip dhcp" if goal[vlan] == "dhcp" else f"    ip address {goal[vlan]}"
        elif have.get(vlan):
            yield "    no ip dhcp" if have[vlan] == "dhcp" else f"    no ip address {have[vlan]}"
    for vlan in sorted(set(have) - set(goal)):
        if vlan != 1:
            yield f"no interface vlan {vlan}"
        elif have[vlan]:
            yield from (
                "interface vlan 1",
                "    no ip dhcp" if have[1] == "dhcp" else f"    no ip address {have[1]}",
            )


def _routes(wanted: Configuration, seen: Configuration) -> Iterator[str]:
    if wanted.routes is not None:
        have = seen.routes or ()
        yield from (
            f"ip route {route.prefix} {route.gateway}" for route in wanted.routes if route not in have
        )
        yield from (
            f"no ip route {route.prefix} {route.gateway}" for route in have if route not in wanted.routes
        )


def _snooping(wanted: Configuration, seen: Configuration) -> Iterator[str]:
    goal, have = wanted.dhcp_snooping, seen.dhcp_snooping or frozenset()
    if goal is not None and bool(goal) != bool(have):
        yield "dhcpv4-snooping" if goal else "no dhcpv4-snooping"


def _accounts(wanted: Configuration, seen: Configuration) -> Iterator[str]:
    have = {account.name: account.role for account in seen.accounts}
    for account in wanted.accounts:
        if have.get(account.name) != account.role:
            group = "administrators" if account.role == "admin" else "operators"
            yield f"user {account.name} group {group} password plaintext {secret(f'account/{account.name}')}"
    if wanted.accounts:
        yield from (
            f"no user {name}" for name in sorted(set(have) - {account.name for account in wanted.accounts})
        )


def _services(wanted: Configuration, seen: Seen) -> Iterator[str]:
    have = seen.configuration.services
    https = wanted.services.get("https", have["https"])
    if https != have["https"]:
        off = [f"no https-server vrf {vrf}" for vrf in seen.https]
        yield from ["https-server vrf default"] if https == "on" else off
    if wanted.services.get("snmp-v2c") == "off":
        yield from (f"no snmp-server community {community}" for community in seen.communities)


def _snmp(wanted: Configuration, seen: Configuration) -> Iterator[str]:
    for user in sorted(set(wanted.snmp_users or ()) - set(seen.snmp_users or ())):
        auth, priv = secret(f"snmp/{user}/auth"), secret(f"snmp/{user}/priv")
        yield f"snmpv3 user {user} auth sha auth-pass plaintext {auth} priv aes priv-pass plaintext {priv}"
    if wanted.snmp_users is not None:
        yield from (
            f"no snmpv3 user {user}" for user in sorted(set(seen.snmp_users or ()) - set(wanted.snmp_users))
        )


def _banner(wanted: Configuration, seen: Configuration) -> Iterator[str]:
    if wanted.banner is not None and wanted.banner != seen.banner:
        yield f"banner motd !\n{wanted.banner}\n!" if wanted.banner else "no banner motd"
