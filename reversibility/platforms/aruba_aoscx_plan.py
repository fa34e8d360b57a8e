"""Order of the commands that lead an AOS-CX switch to its wanted state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reversibility.platforms.aruba_aoscx_parse import DOT1X, GUARDS, MAC, REJECT, Seen, port_name
from reversibility.platforms.aruba_aoss_parse import with_vlans
from reversibility.platforms.driver import ChangeRefused
from reversibility.platforms.interface_names import natural
from reversibility.platforms.model import Configuration, Dot1x, Port
from reversibility.platforms.number_lists import format_numbers
from reversibility.platforms.secret_names import secret

_LINES = {guard: line for line, guard in GUARDS.items()}
_LIMIT = "aaa authentication port-access client-limit"


def canonical(wanted: Configuration) -> Configuration:
    """The wanted configuration as this platform says it: a phone's VLAN is a tagged one with the mark ``voice``."""
    voice = frozenset(port.voice for port in wanted.ports if port.voice and port.voice != port.access)
    mirrors = wanted.mirrors and tuple(
        replace(m, sources=frozenset(map(port_name, m.sources)), destination=port_name(m.destination))
        for m in wanted.mirrors
    )
    return replace(
        wanted,
        banner=wanted.banner and wanted.banner.strip("\n"),
        ports=tuple(
            sorted((_canonical(port, voice) for port in wanted.ports), key=lambda port: natural(port.name))
        ),
        mirrors=mirrors,
        protected_ports=frozenset(map(port_name, wanted.protected_ports)),
    )


def _canonical(port: Port, voice: frozenset[int]) -> Port:
    port = replace(port, name=port_name(port.name))
    if port.aggregate is not None:
        return replace(port, aggregate=port_name(port.aggregate), lacp=port.lacp or "active")
    if port.mode == "access":
        access = port.access or 1
        return replace(port, access=access, voice=port.voice if port.voice != access else None)
    if port.mode == "routed" or port.tagged is None:
        return port
    return with_vlans(port, port.native, port.tagged - {port.native} if port.native else port.tagged, voice)


def plan(wanted: Configuration, seen: Seen) -> tuple[str, ...]:
    """The commands, in order. Raises ChangeRefused."""
    wanted = canonical(wanted)
    have = {port.name: port for port in seen.configuration.ports}
    ports = _ports(wanted, seen, have)
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
        *_list("ntp server", wanted.ntp, seen.configuration.ntp),
        *(["ntp enable"] if wanted.ntp and "ntp enable" not in seen.lines else []),
        *_list("logging", wanted.syslog, seen.configuration.syslog),
        *_snmp(wanted, seen.configuration),
        *_banner(wanted, seen.configuration),
        *(f"no vlan {number}" for number in sorted(removed)),
        *(
            [f"hostname {wanted.hostname}"]
            if wanted.hostname not in ("", seen.configuration.hostname)
            else []
        ),
    )


def _refuse(
    wanted: Configuration,
    seen: Seen,
    have: dict[str, Port],
    ports: dict[str, list[str]],
    removed: frozenset[int],
) -> None:
    reasons = []
    for port in wanted.ports:
        if "protected" in port.guards:
            reasons.append(f"{port.name}: this platform has no guard “protected”")
        if port.dot1x and port.dot1x.failed_vlan not in (None, port.dot1x.guest_vlan):
            reasons.append(f"{port.name}: one role serves both as guest VLAN and after a refusal")
        if port.mode == "trunk" and port.aggregate is None and port.tagged is not None and not _allowed(port):
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
    reasons += (
        f"VLAN {number} leads to the device and would be removed"
        for number in wanted.protected_vlans & removed
    )
    goal = {svi.vlan: svi.address for svi in wanted.svis or ()}
    for svi in seen.configuration.svis or ():
        moved = wanted.svis is not None and svi.address and goal.get(svi.vlan) != svi.address
        if moved and svi.vlan in wanted.protected_vlans:
            reasons.append(f"the address of VLAN {svi.vlan} leads to the device and would change")
    for service in ("telnet", "http", "snmp-v2c"):
        if wanted.services.get(service) == "on":
            reasons.append(f"{service} is in clear text and is not turned on")
    if wanted.services.get("ssh") == "off":
        reasons.append("SSH is the way to the device and is not turned off")
    if wanted.accounts and not any(account.role == "admin" for account in wanted.accounts):
        reasons.append("no wanted account may configure the device")
    reasons += (
        f"the name of VLAN {v.number} is longer than 32 characters" for v in wanted.vlans if len(v.name) > 32
    )
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
    """VLANs to remove: those that are not wanted, but for those where a port that nobody declared still is."""
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


def _ports(wanted: Configuration, seen: Seen, have: dict[str, Port]) -> dict[str, list[str]]:
    """The commands by port: a bundle is made before its members join."""
    lacp = {port.aggregate: port.lacp for port in wanted.ports if port.aggregate}
    seen_lacp = {port.aggregate: port.lacp for port in have.values() if port.aggregate}
    found = {}
    for port in sorted(wanted.ports, key=lambda port: (not port.name.startswith("lag"), natural(port.name))):
        known = have.get(port.name)
        lines = _port(port, known, seen.routes_by_default)
        if port.name in lacp and lacp[port.name] != seen_lacp.get(port.name, "on"):
            lines.append("no lacp mode" if lacp[port.name] == "on" else f"lacp mode {lacp[port.name]}")
        if lines or known is None:
            found[port.name] = lines
    return found


def _port(wanted: Port, seen: Port | None, routes_by_default: bool) -> list[str]:
    known = seen or Port(wanted.name, access=1, enabled=False)
    if seen is None and routes_by_default:
        known = replace(known, mode="routed")
    # Some models show nothing of a port that is as it left the factory, and some leave the factory with their
    # ports shut.
    lines = ["shutdown"] if not wanted.enabled and (known.enabled or seen is None) else []
    if wanted.description != known.description:
        lines.append(f"description {wanted.description}" if wanted.description else "no description")
    enabled = known.enabled
    if wanted.aggregate is not None:
        if wanted.aggregate != known.aggregate:
            lines += [f"no {known.aggregate}"] if known.aggregate else []
            lines += [*_dot1x(None, known.dot1x), *_guards(frozenset(), known)]
            lines.append(wanted.aggregate)
    else:
        if known.aggregate is not None:  # a port that leaves is bare, routed and shut
            lines.append(f"no {known.aggregate}")
            known = Port(wanted.name, mode="routed")
            enabled = False
        lines += _layer_2(wanted, known)
    if wanted.enabled and not enabled:
        lines.append("no shutdown")
    return lines


def _layer_2(wanted: Port, seen: Port) -> list[str]:
    if wanted.mode == "routed":
        return ["routing"] if seen.mode != "routed" else []
    lines = []
    if seen.mode == "routed":
        lines.append("no routing")
        seen = Port(seen.name, access=1, guards=seen.guards, dot1x=seen.dot1x)
    lines += _dot1x(None, seen.dot1x) if wanted.dot1x is None else []
    lines += _vlan_lines(wanted, seen)
    lines += _guards(wanted.guards, seen)
    return lines + (_dot1x(wanted.dot1x, seen.dot1x) if wanted.dot1x is not None else [])


def _allowed(port: Port) -> frozenset[int] | None:
    """What a trunk carries; an access port with a phone is a trunk too."""
    if port.mode == "access":
        return frozenset({port.access or 1} | ({port.voice} if port.voice else set()))
    return None if port.tagged is None else port.tagged | ({port.native} if port.native else frozenset())


def _is_trunk(port: Port) -> bool:
    return port.mode == "trunk" or port.voice is not None


def _vlan_lines(wanted: Port, seen: Port) -> list[str]:
    """Lists grow before they shrink, and never pass through "all"."""
    if not _is_trunk(wanted):
        return [f"vlan access {wanted.access}"] if _is_trunk(seen) or wanted.access != seen.access else []
    goal, native = _allowed(wanted), wanted.access if wanted.mode == "access" else wanted.native
    lines = []
    have = _allowed(seen) if _is_trunk(seen) else frozenset()
    if goal is None:
        lines += ["vlan trunk allowed all"] if have is not None else []
    elif have is None or goal - have:
        lines.append(f"vlan trunk allowed {format_numbers(goal - (have or frozenset()))}")
    raw = seen.options.get("native", "1") if _is_trunk(seen) else "1"
    free = native is None and int(raw) not in (wanted.tagged or ())
    if str(native or 1) != raw and not free:
        lines.append(f"vlan trunk native {native or 1}")
    if goal is not None and have is not None and have - goal:
        lines.append(f"no vlan trunk allowed {format_numbers(have - goal)}")
    return lines


def _guards(goal: Iterable[str], seen: Port) -> list[str]:
    wanted = frozenset(goal)
    gone = [f"no {_LINES[guard]}" for guard in sorted(seen.guards - wanted)]
    return [*gone, *(_LINES[guard] for guard in sorted(wanted - seen.guards) if guard in _LINES)]


def _dot1x(wanted: Dot1x | None, seen: Dot1x | None) -> list[str]:
    if wanted == seen:
        return []
    before = seen or Dot1x()
    if wanted is None:
        lines = [f"no {DOT1X}", f"no {_LIMIT}"]
        lines += [f"no {MAC}"] if before.mac_fallback else []
        return lines + ([f"no {REJECT}"] if before.guest_vlan else [])
    lines = []
    if wanted.guest_vlan != before.guest_vlan:
        lines.append(f"{REJECT} vlan{wanted.guest_vlan}" if wanted.guest_vlan else f"no {REJECT}")
    if seen is None:
        lines += [f"{_LIMIT} 2", DOT1X, "    enable"]
    if wanted.mac_fallback != before.mac_fallback:
        lines += [MAC, "    enable"] if wanted.mac_fallback else [f"no {MAC}"]
    return lines


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
    if wanted.mirrors is None:
        return
    have = {mirror.session: mirror for mirror in seen.mirrors or ()}
    goal = {mirror.session: mirror for mirror in wanted.mirrors}
    yield from (
        f"no mirror session {session}" for session in sorted(have) if goal.get(session) != have[session]
    )
    for session in sorted(goal):
        if have.get(session) != goal[session]:
            yield f"mirror session {session}"
            yield from (
                f"    source interface {source} both" for source in sorted(goal[session].sources, key=natural)
            )
            yield from (f"    destination interface {goal[session].destination}", "    no shutdown")


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


def _list(command: str, wanted: Iterable[str] | None, seen: Iterable[str] | None) -> Iterator[str]:
    if wanted is not None:
        yield from (f"{command} {server}" for server in sorted(set(wanted) - set(seen or ())))
        yield from (f"no {command} {server}" for server in sorted(set(seen or ()) - set(wanted)))


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
